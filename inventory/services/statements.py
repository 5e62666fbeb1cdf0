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
# The same locks and nothing else, for RESERVE, which reads anew: an index has the levels in their order, so there is
# nothing to join or to sort, and little to be set up once more for a row that was waited for.
LOCK_LEVELS = """
select level.id from inventory_stocklevel as level
where level.item_id = any((select %(item_ids)s::bigint[])::bigint[])
order by level.item_id, level.warehouse_id
for no key update of level
"""
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
entry as (
    select * from unnest(
        %(levels)s::bigint[], %(kinds)s::text[], %(on_hand)s::int[], %(reserved)s::int[],
        %(on_hand_after)s::int[], %(reserved_after)s::int[], %(unit_costs)s::numeric[],
        %(references)s::text[], %(reasons)s::text[], %(reservations)s::bigint[]
    ) with ordinality as entry (
        level_id, kind, on_hand, reserved, on_hand_after, reserved_after, unit_cost,
        reference, reason, reservation_id, place
    )
),
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
select (select array_agg(id) from movement), (select at from moment), {count},
       item.id, item.sku, item.reorder_point, item.in_stock,
       level.id, level.on_hand + level.backorder_limit - level.reserved,
       level.warehouse_id = any(array(select id from inventory_warehouse where is_active))
from unnest((select %(items)s::bigint[])) as touched(item_id)
join inventory_stockitem as item on item.id = touched.item_id
join inventory_stocklevel as level on level.item_id = item.id
"""
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
# priority where so much of it lies unsold. If one item cannot, or the reference holds something, nothing is written.
# It writes what WRITE would for these entries, and carries less from part to part: with LOCK_LEVELS, 6 % of what
# PostgreSQL has to do for an order. There is always a row, so that it says whether something was held.
RESERVE = """
with touched as materialized (
    select level.id, level.item_id, level.warehouse_id, level.on_hand, level.reserved,
           level.on_hand + level.backorder_limit - level.reserved as available,
           warehouse.priority, warehouse.is_active, wanted.quantity, wanted.place
    from unnest((select %(item_ids)s::bigint[]), (select %(quantities)s::bigint[]))
        with ordinality as wanted (item_id, quantity, place)
    join inventory_stocklevel as level on level.item_id = wanted.item_id
    join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
),
chosen as materialized (
    select distinct on (place) id as level_id, quantity, on_hand, reserved + quantity as reserved_after, place
    from touched where is_active and on_hand - reserved >= quantity
    order by place, priority, warehouse_id
),
verdict as materialized (
    select clock_timestamp() as at, is_held,
           not is_held and (select count(*) from chosen) = cardinality(%(item_ids)s::bigint[]) as is_whole
    from (select exists (
        select from inventory_reservation where reference = %(reference)s::text and state = 'open') as is_held
    ) as standing
),
entry as materialized (
    select chosen.*, verdict.at from chosen cross join verdict where is_whole
),
counted as (
    update inventory_stocklevel as level set reserved = level.reserved + entry.quantity
    from entry where level.id = entry.level_id
),
promised as (
    insert into inventory_reservation (level_id, quantity, reference, state, created_at, expires_at)
    select level_id, quantity, %(reference)s::text, 'open', at, %(expires_at)s::timestamptz from entry
),
movement as (
    insert into inventory_stockmovement (
        level_id, kind, on_hand_delta, reserved_delta, on_hand_after, reserved_after,
        unit_cost, reference, reason, actor, at
    )
    select level_id, 'reserved', 0, quantity, on_hand, reserved_after,
           null, %(reference)s::text, '', %(actor)s::text, at
    from entry order by place
)
select entry.quantity, verdict.is_held, touched.warehouse_id,
       item.id, item.sku, item.reorder_point, item.in_stock, touched.id, touched.available, touched.is_active
from verdict
left join (touched join inventory_stockitem as item on item.id = touched.item_id) on true
left join entry on entry.level_id = touched.id
"""
FLIP = "update inventory_stockitem set in_stock = not in_stock where id in (select unnest(%(items)s::bigint[]))"


@cache
def write_statement(*, resolves: bool) -> str:
    resolved, count = (RESOLVED, "(select count(*) from resolved)") if resolves else ("", "0")
    return WRITE.format(resolved=resolved, count=count)
