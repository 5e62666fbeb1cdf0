"""Parcels that come back before they were delivered: their units lie where they left, and are promised again."""

from collections import Counter
from collections.abc import Mapping

from database.rows import array
from events.actors import Actor
from inventory.exceptions import MoreThanShipped
from inventory.models import StockLevel
from inventory.services.engine import Entry, Kind, fetch, lock_items, post
from inventory.services.promises import need_units, shortages_of

# Units of an item in a warehouse, by the ids of both.
Places = Mapping[tuple[int, int], int]

AWAY = """
select level_id, -sum(on_hand_delta)::int from inventory_stockmovement
where reference = %(reference)s::text and reference <> '' and kind in ('shipped', 'returned')
    and level_id in (select unnest(%(levels)s::bigint[]))
group by level_id
"""
# Units join what the reference still has open there. They are as old as the promise of which they were shipped.
REOPEN = """
with part as (select * from unnest(%(levels)s::bigint[], %(quantities)s::int[]) as part(level_id, quantity))
insert into inventory_reservation (level_id, quantity, reference, state, created_at, expires_at)
select part.level_id, part.quantity, %(reference)s::text, 'open',
       (select min(created_at) from inventory_reservation as past
        where past.reference = %(reference)s::text and past.level_id = part.level_id and past.state = 'fulfilled'),
       (select max(expires_at) from inventory_reservation as present
        where present.reference = %(reference)s::text and present.state = 'open')
from part order by part.level_id
on conflict (reference, level_id) where state = 'open'
    do update set quantity = inventory_reservation.quantity + excluded.quantity,
        created_at = least(inventory_reservation.created_at, excluded.created_at)
returning level_id, id
"""


def unship(*, reference: str, quantities: Places, actor: Actor, reason: str = "") -> int:
    """Let units that were shipped come back to where they left, promised to the same reference; answers how many.

    `quantities` has the units by (item id, warehouse id). On hand and reserved rise together, in one posting, so that
    nobody else is promised what has come back. What was shipped stays resolved as it is: the units are promised anew.
    Refuses MoreThanShipped with every item of which the reference has fewer that left these warehouses and have not
    come back, here or elsewhere; UnknownItem, StockLimit. Takes part in the caller's unit of work. Locks all levels of
    the items, then the reservations.
    """
    need_units(quantities)
    levels = lock_items({item_id for item_id, _ in quantities})
    _need_away(reference, quantities, levels)
    by_place = {(level.item_id, level.warehouse_id): level for level in levels}
    parts = [(by_place[place], units) for place, units in quantities.items()]
    rows = fetch(
        REOPEN,
        {
            "reference": reference,
            "levels": array(level.id for level, _ in parts),
            "quantities": array(units for _, units in parts),
        },
    )
    reopened: dict[int, int] = dict(rows)
    entries = []
    for level, units in parts:
        entries.append(Entry(level, Kind.RETURNED, on_hand=units, reference=reference, reason=reason))
        id = reopened[level.id]
        entries.append(
            Entry(level, Kind.RESERVED, reserved=units, reference=reference, reason=reason, reservation_id=id)
        )
    post(entries, actor=actor)
    return sum(quantities.values())


def _need_away(reference: str, quantities: Places, levels: list[StockLevel]) -> None:
    """Refuse MoreThanShipped for units that the reference does not have outside, of a place or of the whole item.

    The caller has locked the levels, so that two who cancel one parcel come one after the other.
    """
    rows = fetch(AWAY, {"reference": reference, "levels": array(level.id for level in levels)})
    place_of = {level.id: (level.item_id, level.warehouse_id) for level in levels}
    away = {place_of[level_id]: units for level_id, units in rows}
    of_item: Counter[int] = Counter()
    for (item_id, _), units in away.items():
        of_item[item_id] += units
    asked: Counter[int] = Counter()
    found: Counter[int] = Counter()
    for (item_id, warehouse_id), units in quantities.items():
        asked[item_id] += units
        found[item_id] += min(units, max(away.get((item_id, warehouse_id), 0), 0))
    available = {item_id: min(units, max(of_item[item_id], 0)) for item_id, units in found.items()}
    if short := {id: (units, available[id]) for id, units in asked.items() if units > available[id]}:
        raise MoreThanShipped(shortages_of(short))
