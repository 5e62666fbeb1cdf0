"""The SQL of the one writer of stock (`engine`): what locks, and what writes."""

from functools import cache

# Decides only on columns of the rows it locks: after a wait PostgreSQL rereads those, while joined tables are from
# before the wait. Priority and activity of a warehouse are no quantities; what writes looks at activity again.
LOCK = """
select level.id, level.item_id, level.warehouse_id, warehouse.priority, warehouse.is_active,
       level.on_hand, level.reserved, level.backorder_limit
from unnest({items}) as touched(item_id)
join inventory_stocklevel as level on level.item_id = touched.item_id
join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
order by level.item_id, level.warehouse_id
for no key update of level
"""
LOCK_ITEMS = LOCK.format(
    # In a sub-select, where the planner does not see how short it is and so keeps one plan for all of them (0.25 ms).
    items="(select %(item_ids)s::bigint[])"
)
LOCK_REFERENCE = LOCK.format(
    items="""array(
        select distinct held.item_id
        from inventory_reservation as reservation join inventory_stocklevel as held on held.id = reservation.level_id
        where reservation.reference = %(reference)s::text and reservation.state = 'open'
    )"""
)

# One named part per table. The answer has a row for each level of the touched items, as it was before this statement
# but after the lock: what an item has over all its active warehouses decides about `in_stock` and alerts. One posting
# has one moment, taken after the lock; now() would be the time before the wait. The arrays stand in sub-selects for
# the same reason as above. What is not needed is left out, since each part costs whether it has rows or not.
WRITE = """
with moment as materialized (select clock_timestamp() as at),
{entries},
counted as (
    update inventory_stocklevel as level
    set on_hand = level.on_hand + change.on_hand, reserved = level.reserved + change.reserved
    from (
        select level_id, sum(on_hand)::int as on_hand, sum(reserved)::int as reserved from entry group by level_id
    ) as change
    where level.id = change.level_id
),
promised as (
    insert into inventory_reservation (level_id, quantity, reference, state, created_at, expires_at)
    select level_id, reserved, reference, 'open', moment.at, %(expires_at)s::timestamptz
    from entry cross join moment where kind = 'reserved'
),
{resolved}movement as (
    insert into inventory_stockmovement (
        level_id, kind, on_hand_delta, reserved_delta, on_hand_after, reserved_after,
        unit_cost, reference, reason, actor, at
    )
    select level_id, kind, on_hand, reserved, on_hand_after, reserved_after,
           unit_cost, reference, reason, %(actor)s::text, moment.at
    from entry cross join moment order by place
    returning id
)
select {answer},
       item.id, item.sku, item.reorder_point, item.in_stock,
       level.id, level.on_hand + level.backorder_limit - level.reserved,
       level.warehouse_id = any(array(select id from inventory_warehouse where is_active))
from unnest((select %(items)s::bigint[])) as touched(item_id)
join inventory_stockitem as item on item.id = touched.item_id
join inventory_stocklevel as level on level.item_id = item.id
"""
# What Python has decided.
DECIDED = """
entry as (
    select * from unnest(
        %(levels)s::bigint[], %(kinds)s::text[], %(on_hand)s::int[], %(reserved)s::int[],
        %(on_hand_after)s::int[], %(reserved_after)s::int[], %(unit_costs)s::numeric[],
        %(references)s::text[], %(reasons)s::text[], %(reservations)s::bigint[]
    ) with ordinality as entry (
        level_id, kind, on_hand, reserved, on_hand_after, reserved_after, unit_cost,
        reference, reason, reservation_id, place
    )
)"""
RESOLVED = """
resolved as (
    update inventory_reservation as reservation
    set state = case entry.kind when 'shipped' then 'fulfilled' when 'expired' then 'expired' else 'released' end,
        resolved_at = moment.at
    from entry cross join moment
    where reservation.id = entry.reservation_id and reservation.state = 'open'
    returning reservation.id
),
"""
# What needs no decision: the first rule of `allocation.allocate`, that an item comes whole from the warehouse of best
# priority where so much of it lies unsold. If one item cannot, or the reference holds something, there are no entries.
WHOLE = """
standing as materialized (
    select exists (
        select from inventory_reservation where reference = %(reference)s::text and state = 'open') as is_held
),
wanted as (
    select * from unnest((select %(items)s::bigint[]), (select %(quantities)s::bigint[]))
        with ordinality as wanted (item_id, quantity, place)
),
chosen as materialized (
    select level.*, wanted.quantity, wanted.place
    from wanted cross join lateral (
        select level.id, level.on_hand, level.reserved
        from inventory_stocklevel as level join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
        where level.item_id = wanted.item_id and warehouse.is_active
            and level.on_hand - level.reserved >= wanted.quantity
        order by warehouse.priority, warehouse.id limit 1
    ) as level
),
entry as materialized (
    select id as level_id, 'reserved' as kind, 0 as on_hand, quantity::int as reserved, on_hand as on_hand_after,
           (reserved + quantity)::int as reserved_after, null::numeric as unit_cost, %(reference)s::text as reference,
           '' as reason, null::bigint as reservation_id, place
    from chosen
    where (select count(*) from chosen) = (select count(*) from wanted) and not (select is_held from standing)
)"""
WRITTEN = "(select array_agg(id) from movement), (select at from moment), {count}"
PROMISED = "(select reserved from entry where level_id = level.id), (select is_held from standing)"
FLIP = "update inventory_stockitem set in_stock = not in_stock where id in (select unnest(%(items)s::bigint[]))"


@cache
def write_statement(*, resolves: bool) -> str:
    resolved, count = (RESOLVED, "(select count(*) from resolved)") if resolves else ("", "0")
    return WRITE.format(entries=DECIDED, resolved=resolved, answer=WRITTEN.format(count=count))


@cache
def reserve_statement() -> str:
    return WRITE.format(entries=WHOLE, resolved="", answer=PROMISED)
