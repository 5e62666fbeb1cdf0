"""Mending counters that contradict the ledger or the open reservations.

This is the only other place that writes counters: the engine writes differences, and here the counter itself is wrong.
The ledger is the truth for on hand, open reservations are the truth for reserved.
"""

from dataclasses import dataclass

from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish
from inventory.invariants import BROKEN_LINKS
from inventory.quantities import AVAILABLE
from inventory.services.engine import fetch, lock_items
from inventory.services.records import settle_items

TRUTH = """
select level.id, level.item_id, level.on_hand, level.reserved, level.backorder_limit,
       coalesce(ledger.on_hand, 0) as ledger_on_hand, coalesce(ledger.reserved, 0) as ledger_reserved,
       coalesce(promised.quantity, 0) as promised,
       coalesce(last.on_hand_after, 0) as last_on_hand, coalesce(last.reserved_after, 0) as last_reserved
from inventory_stocklevel as level
left join (
    select level_id, sum(on_hand_delta) as on_hand, sum(reserved_delta) as reserved, max(id) as last_id
    from inventory_stockmovement group by level_id
) as ledger on ledger.level_id = level.id
left join inventory_stockmovement as last on last.id = ledger.last_id
left join (
    select level_id, sum(quantity) as quantity from inventory_reservation where state = 'open' group by level_id
) as promised on promised.level_id = level.id
"""
SUSPECTS = f"""
select item_id from ({TRUTH}) as truth
where (on_hand, reserved, ledger_reserved, last_on_hand, last_reserved)
    <> (ledger_on_hand, promised, promised, on_hand, reserved)
union
select level.item_id from inventory_stocklevel as level
where level.id in (select level_id from {BROKEN_LINKS})
union
select item.id from inventory_stockitem as item
where item.in_stock <> exists (
    select from inventory_stocklevel as level
    join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id and warehouse.is_active
    where level.item_id = item.id and {AVAILABLE} > 0
)
"""  # noqa: S608  # no value goes in, only texts of this module and of invariants.py
# `reserved_delta` makes the ledger's sum that of the open reservations again. On hand needs no delta, as the ledger's
# sum is the truth. A level whose truth no counter can hold (negative, or more promised than can be) is left to people.
REPAIR = f"""
with broken as materialized (
    select * from ({TRUTH}) as truth
    where item_id in (select unnest(%(items)s::bigint[]))
        and ledger_on_hand >= 0 and promised <= ledger_on_hand + backorder_limit
        and ((on_hand, reserved, ledger_reserved, last_on_hand, last_reserved)
                <> (ledger_on_hand, promised, promised, on_hand, reserved)
             or id in (select level_id from {BROKEN_LINKS}))
),
counted as (
    update inventory_stocklevel as level set on_hand = broken.ledger_on_hand, reserved = broken.promised
    from broken where level.id = broken.id
),
movement as (
    insert into inventory_stockmovement (
        level_id, kind, on_hand_delta, reserved_delta, on_hand_after, reserved_after, reference, reason, actor, at
    )
    select id, 'corrected', 0, promised - ledger_reserved, ledger_on_hand, promised,
           '', format('was %%s on hand, %%s reserved', on_hand, reserved), %(actor)s::text, clock_timestamp()
    from broken order by id
)
select item.sku, warehouse.code, broken.on_hand, broken.reserved, broken.ledger_on_hand, broken.promised
from broken join inventory_stockitem as item on item.id = broken.item_id
join inventory_stocklevel as level on level.id = broken.id
join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
order by broken.id
"""  # noqa: S608  # no value goes in but as a parameter


@dataclass(frozen=True, slots=True)
class Repair:
    """A level whose counters or balances were wrong: the counters before the repair and after it."""

    sku: str
    warehouse: str
    on_hand_before: int
    reserved_before: int
    on_hand: int
    reserved: int

    def __str__(self) -> str:
        before, after = (self.on_hand_before, self.reserved_before), (self.on_hand, self.reserved)
        return f"{self.sku} in {self.warehouse}: {before[0]}/{before[1]} -> {after[0]}/{after[1]} on hand/reserved"


@unit_of_work
def repair_stock(*, actor: Actor) -> list[Repair]:
    """Set wrong counters to the truth, each with a `corrected` movement from which its balances are right again.

    Also brings `in_stock` and alerts of these items in line. A level whose truth no counter can hold (more promised
    than can be there) is left alone, and verify_stock goes on naming this level. Locks all levels of the items.
    """
    item_ids = [item_id for (item_id,) in fetch(SUSPECTS, {})]
    if not item_ids:
        return []
    lock_items(item_ids)
    rows = fetch(REPAIR, {"items": item_ids, "actor": str(actor)})
    settle_items(item_ids, actor=actor)
    repairs = [Repair(*row) for row in rows]
    for repair in repairs:
        publish("stock.corrected", {"repair": str(repair)}, subject=f"sku:{repair.sku}", actor=actor)
    return repairs
