"""The statements of `place_order`: what the lines of a basket mean, and the one that writes an order.

An order with its lines and its history, the journal's event, and the answer under an idempotency key are written by one
statement. Values that change from order to order are hidden from the planner (database.rows.hidden): planning the joins
anew for each order takes 0.5 ms.
"""

from accounts.leaving import LOCK_PERSON
from database.rows import hidden
from inventory.quantities import AVAILABLE
from inventory.skus import KEY
from orders.articles import NAME, PRICE
from pricing.rulebook import REVISION

# Guests have no account that could be locked. Those with one email are one buyer.
LOCK_GUEST = "select pg_advisory_xact_lock(hashtextextended('pending orders of ' || %(email)s::text, 0))"

# What can be promised of the item `i`, in all warehouses that are in use.
STOCK = f"""cross join lateral (
    select coalesce(sum({AVAILABLE}), 0)::int as available
    from inventory_stocklevel level
    where level.item_id = i.id
        and level.warehouse_id = any(array(select id from inventory_warehouse where is_active))
) stock"""  # noqa: S608  # no value goes into the statements of this file, only pieces of SQL
# What the lines of a request mean: the articles that each may name. The ids, the number and the time of the order to be
# come with each row, so that nothing is left to ask when the order has been written. So does the revision of what the
# shop keeper has configured, which mostly says that this process knows all of it.
#
# The lock on the customer makes what WRITE asks about the customer hold under concurrency. It is taken here, one
# statement before, since what this statement reads would be from before a wait.
RESOLVE = f"""
with asked as (
    select * from unnest(
        {hidden("product_ids", "bigint[]")}, {hidden("variant_ids", "bigint[]")}, {hidden("skus", "text[]")})
        with ordinality as t (product_id, variant_id, sku, place)
), named as (
    {{named}}
)
select v.place::int - 1, p.id, v.id, i.id, i.sku, {NAME}, {PRICE}, stock.available,
       coalesce(v.max_per_customer, nullif(%(most)s::int, 0)), nextval('orders_orderitem_id_seq'),
       (select nextval('orders_order_id_seq')), (select nextval('orders_number_seq')::text), statement_timestamp(),
       ({LOCK_PERSON}), ({REVISION})
from named v
join catalog_product p on p.id = v.product_id and p.status = 'active'
join inventory_stockitem i on i.id = v.stock_item_id
{STOCK}
where v.archived_at is null
order by v.place, v.position, v.id
"""  # noqa: S608  # as above
RESOLVE_FOR_GUEST = RESOLVE.replace(LOCK_PERSON, LOCK_GUEST)
NAMED_BY = {
    "product_id": "select a.place, v.* from asked a join catalog_variant v on v.product_id = a.product_id",
    "variant_id": "select a.place, v.* from asked a join catalog_variant v on v.id = a.variant_id",
    "sku": f"""select a.place, v.* from asked a
        join inventory_stockitem i on {KEY.format(sku="i.sku")} = {KEY.format(sku="a.sku")}
        join catalog_variant v on v.stock_item_id = i.id""",  # noqa: S608  # as above
}

# What can be promised of some items, and whether overdue holds could give units of them back. Both are of one moment:
# what an overdue hold kept is available as soon as the hold is gone.
STILL_SHORT = f"""
select i.id, stock.available, exists (
    select from inventory_reservation r join inventory_stocklevel l on l.id = r.level_id
    where r.state = 'open' and r.expires_at <= statement_timestamp()
        and l.item_id in (select unnest(%(items)s::bigint[])))
from unnest({hidden("items", "bigint[]")}) as i (id)
{STOCK}
"""  # noqa: S608  # as above
