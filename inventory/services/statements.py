"""The SQL of the one writer of stock (`engine`): the lock of the hot path, and the two statements that write.

The plain twins of both statements are in inventory/tests/plain.py.
"""

from functools import cache

from database.rows import hidden
from inventory.quantities import AVAILABLE, UNSOLD

# The items whose levels are locked, as sub-selects of StockLevelQuerySet.locked. An array may be of any length, where a
# list of parameters ends at 65,535; a warehouse may hold more items than that.
ITEMS = "select unnest(%s::bigint[])"
ITEMS_HELD = """
select level.item_id
from inventory_reservation as reservation join inventory_stocklevel as level on level.id = reservation.level_id
where reservation.reference = %s::text and reservation.state = 'open'
"""
# For a hold that is replaced, the items that are asked for, and those that either of two references holds.
ITEMS_OLD_AND_NEW = f"{ITEMS} union {ITEMS_HELD} union {ITEMS_HELD}"
# The same locks as those of StockLevelQuerySet.locked, for RESERVE, which reads the levels itself. An index has the
# levels in this sequence, so there is nothing to join or to sort, and PostgreSQL has little to set up once more for a
# row that was waited for.
LOCK_LEVELS = f"""
select level.id from inventory_stocklevel as level
where level.item_id = any({hidden("item_ids", "bigint[]")}::bigint[])
order by level.item_id, level.warehouse_id
for no key update of level
"""  # noqa: S608  # no value goes in but as a parameter

# Each table that is written is one named part. The answer has a row for each level of the touched items, as the level
# was before this statement but after the lock: how much of an item all its active warehouses have decides about
# `in_stock` and alerts. All lines of a posting have one moment, taken after the lock; now() would be the time before
# the wait. A part costs time even if it has no rows, so the part that resolves reservations is left out when no
# reservation is to be resolved.
WRITE = f"""
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
    from entry cross join moment where kind = 'reserved' and reservation_id is null
),
{{resolved}}movement as (
    insert into inventory_stockmovement (
        level_id, kind, on_hand_delta, reserved_delta, on_hand_after, reserved_after,
        unit_cost, reference, reason, actor, at
    )
    select level_id, kind, on_hand, reserved, on_hand_after, reserved_after,
           unit_cost, reference, reason, %(actor)s::text, moment.at
    from entry cross join moment order by place
    returning id
)
select item.id, item.sku, item.reorder_point, item.is_sold, item.in_stock, level.id, {AVAILABLE}, {UNSOLD},
       level.warehouse_id = any(array(select id from inventory_warehouse where is_active)),
       (select array_agg(id) from movement), (select at from moment), {{count}}
from unnest({hidden("items", "bigint[]")}) as touched(item_id)
join inventory_stockitem as item on item.id = touched.item_id
join inventory_stocklevel as level on level.item_id = item.id
"""  # noqa: S608  # no value goes in but as a parameter
STATE = "case entry.kind when 'shipped' then 'fulfilled' when 'expired' then 'expired' else 'released' end"
RESOLVED_IF = """
resolved as (
    update inventory_reservation as reservation
    set state = {state}, resolved_at = moment.at
    from entry cross join moment
    where reservation.id = entry.reservation_id and reservation.state = 'open' and entry.kind <> 'reserved'{condition}
    returning reservation.id
),
"""
RESOLVED = RESOLVED_IF.format(state=STATE, condition="")
WHOLE = " and reservation.quantity = -entry.reserved"
# A reservation is resolved once. So where an entry has fewer units than its reservation, the open row shrinks, and a
# resolved one of the same age is written beside it.
SPLIT = f"""{RESOLVED_IF.format(state=STATE, condition=WHOLE)}
shrunk as (
    update inventory_reservation as reservation set quantity = reservation.quantity + entry.reserved
    from entry
    where reservation.id = entry.reservation_id and reservation.state = 'open' and entry.kind <> 'reserved'
        and reservation.quantity > -entry.reserved
    returning reservation.id, reservation.created_at, reservation.expires_at
),
split_off as (
    insert into inventory_reservation (level_id, quantity, reference, state, created_at, expires_at, resolved_at)
    select entry.level_id, -entry.reserved, entry.reference, {STATE}, shrunk.created_at, shrunk.expires_at, moment.at
    from shrunk join entry on entry.reservation_id = shrunk.id cross join moment where entry.kind <> 'reserved'
),
"""  # noqa: S608  # no value goes in, only the text above

# THE HOT PATH. It promises a whole basket where nothing has to be decided: by the first rule of `allocation.allocate`,
# an item comes whole from the warehouse of best priority where so much of it lies unsold. If that fails for one item,
# or the reference holds something, nothing is written. The rows are those that WRITE would write for these entries;
# less is carried from part to part. With LOCK_LEVELS this spares PostgreSQL 6 % of its instructions for a checkout.
# There is always a row, so that the answer says whether the reference held something.
RESERVE = f"""
with touched as materialized (
    select level.id, level.item_id, level.warehouse_id, level.on_hand, level.reserved,
           {AVAILABLE} as available, {UNSOLD} as unsold,
           warehouse.priority, warehouse.is_active, wanted.quantity, wanted.place
    from unnest({hidden("item_ids", "bigint[]")}, {hidden("quantities", "bigint[]")})
        with ordinality as wanted (item_id, quantity, place)
    join inventory_stocklevel as level on level.item_id = wanted.item_id
    join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
),
chosen as materialized (
    select distinct on (place) id as level_id, quantity, on_hand, reserved + quantity as reserved_after, place
    from touched where is_active and unsold >= quantity
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
select item.id, item.sku, item.reorder_point, item.is_sold, item.in_stock, touched.id, touched.available,
       touched.unsold, touched.is_active, touched.warehouse_id, entry.quantity, verdict.is_held
from verdict
left join (touched join inventory_stockitem as item on item.id = touched.item_id) on true
left join entry on entry.level_id = touched.id
"""  # noqa: S608  # no value goes in but as a parameter
FLIP = """
update inventory_stockitem set in_stock = not in_stock
where id in (select unnest(%(items)s::bigint[])) returning id
"""


@cache
def write_statement(*, resolves: bool, splits: bool = False) -> str:
    """WRITE, with what resolves reservations or without; `splits` where some of them are resolved in part."""
    if splits:
        return WRITE.format(resolved=SPLIT, count="(select count(*) from resolved) + (select count(*) from shrunk)")
    resolved, count = (RESOLVED, "(select count(*) from resolved)") if resolves else ("", "0")
    return WRITE.format(resolved=resolved, count=count)
