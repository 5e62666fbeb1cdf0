"""Stock, rebuilt from the ledger and the journal: counters and promises, items and warehouses.

The ledger says how many; a level's place and the ids of its lines are what it stands on, and are not rebuilt. What is
for sale follows from the catalog, as the journal tells it.
"""

from analytics.replay import catalog
from analytics.replay.folding import edited, folded, made
from analytics.replay.tables import Step, Subject, Table

ITEM = ("sku", "barcode", "reorder_point", "reorder_quantity", "lead_time_days", "unit_cost")
WAREHOUSE = ("code", "name", "priority", "is_active")
# The first warehouse is made by a migration, before there is a journal.
OF_MIGRATION = """select id, 0, true,
       '{"code": "main", "name": "Main warehouse", "priority": 10, "is_active": true}'::jsonb
from inventory_warehouse where code = 'main'"""
STEPS = (
    *folded(
        "inventory_warehouse",
        WAREHOUSE,
        [
            made("stock.warehouse_created", "warehouse_id"),
            OF_MIGRATION,
            edited(["stock.warehouse_updated"], "warehouse_id"),
        ],
    ),
    *folded(
        "inventory_stockitem",
        ITEM,
        [made("stock.item_created", "item_id"), edited(["stock.item_updated", "stock.sku_changed"], "item_id")],
    ),
)
LEVELS = """
select level.id, coalesce(ledger.on_hand, 0)::int as on_hand, coalesce(ledger.reserved, 0)::int as reserved,
       coalesce(limits.backorder_limit, 0) as backorder_limit
from inventory_stocklevel level
left join (
    select level_id, sum(on_hand_delta) as on_hand, sum(reserved_delta) as reserved
    from inventory_stockmovement group by level_id
) ledger on ledger.level_id = level.id
left join (
    select distinct on (item_id, warehouse_id) *
    from (
        select id, (payload->>'item_id')::bigint as item_id, (payload->>'warehouse_id')::bigint as warehouse_id,
               (payload->'changes'->'backorder_limit'->>1)::int as backorder_limit
        from events_event where kind = 'stock.backorder_limit_set'
    ) told order by item_id, warehouse_id, id desc
) limits on limits.item_id = level.item_id and limits.warehouse_id = level.warehouse_id
"""
# The promise of an order may have been the hold of a cart, under whose name the ledger has it. What was repaired by
# `verify_stock --repair` has no name.
PROMISED = """
select payload->>'hold' as hold, 'order:' || (payload->>'number') as reference
from events_event where kind = 'order.placed' and payload ? 'hold'
"""
RESERVATIONS = """
select level_id, reference, sum(reserved_delta)::int as quantity, reference not like 'order:%' as ends
from (
    select movement.level_id, coalesce(promised.reference, movement.reference) as reference, movement.reserved_delta
    from inventory_stockmovement movement left join {replay}.promised promised on promised.hold = movement.reference
    where movement.reserved_delta <> 0 and movement.reference <> ''
) part
group by level_id, reference having sum(reserved_delta) <> 0
"""
OPEN_RESERVATIONS = """(
    select level_id, reference, quantity, expires_at is not null as ends from inventory_reservation where state = 'open'
)"""
ITEMS = """
select item.*, coalesce(sold.is_sold, false) as is_sold, coalesce(stock.available, 0) > 0 as in_stock
from {replay}.inventory_stockitem_said item
left join (
    select variant.stock_item_id, bool_or(product.status = 'active' and variant.archived_at is null) as is_sold
    from {replay}.catalog_variant_said variant
    join {replay}.catalog_product_said product on product.id = variant.product_id
    group by variant.stock_item_id
) sold on sold.stock_item_id = item.id
left join (
    select level.item_id, sum(rebuilt.on_hand + rebuilt.backorder_limit - rebuilt.reserved) as available
    from inventory_stocklevel level
    join {replay}.inventory_stocklevel rebuilt on rebuilt.id = level.id
    join {replay}.inventory_warehouse warehouse on warehouse.id = level.warehouse_id and warehouse.is_active
    group by level.item_id
) stock on stock.item_id = item.id
"""

STOCK = Subject(
    "stock",
    (
        *catalog.STEPS,
        *STEPS,
        Step("promised", PROMISED),
        Table("inventory.Warehouse", "select * from {replay}.inventory_warehouse_said", (*WAREHOUSE, "version")),
        Table("inventory.StockLevel", LEVELS, ("on_hand", "reserved", "backorder_limit")),
        Table(
            "inventory.Reservation",
            RESERVATIONS,
            ("quantity", "ends"),
            key=("level_id", "reference"),
            live=OPEN_RESERVATIONS,
            stands_for={"ends": "expires_at"},
        ),
        Table("inventory.StockItem", ITEMS, (*ITEM, "is_sold", "in_stock", "version")),
    ),
)
