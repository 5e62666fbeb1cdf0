"""How promises end: kept, which is shipped, or given back; whole or in part.

A reservation is resolved once. So a part is split off: the open reservation shrinks, and one that is resolved stands
beside it. All verbs take part in the caller's unit of work. Locks: all levels of the items, by (item, warehouse), then
the reservations.
"""

from collections.abc import Mapping, Sequence

from events.actors import Actor
from inventory.exceptions import MoreThanReserved, NothingReserved, NotOnHand
from inventory.services.allocation import allocate, by_priority, split
from inventory.services.engine import Kind, lock_items, lock_reference, post
from inventory.services.promises import HELD_BY, Allocation, Held, lock_reservations, need_units, shortages_of

# A reservation, and how many of its units a verb is about.
Part = tuple[Held, int]


def release(
    *,
    reference: str,
    actor: Actor,
    reason: str = "",
    quantities: Mapping[int, int] | None = None,
    warehouse_id: int | None = None,
) -> int:
    """Give back the units that a reference holds; answers how many. A reference may hold none.

    With `warehouse_id` these are the units of that warehouse alone. With `quantities` (by item id) it is exactly so
    many units: those that are still to come before those that lie there, so that what stays comes from as few
    warehouses as can be. Refuses MoreThanReserved, with every item of which fewer are open. Locks all levels of the
    items, then the reservations.
    """
    if quantities is None:
        parts = _whole(reference, warehouse_id)
    else:
        parts = _to_release(_open(reference, quantities, warehouse_id), quantities)
    if parts:
        post([held.entry(Kind.RELEASED, reason, units=units) for held, units in parts], actor=actor)
    return sum(units for _, units in parts)


def fulfil(
    *, reference: str, actor: Actor, quantities: Mapping[int, int] | None = None, warehouse_id: int | None = None
) -> list[Allocation]:
    """Take units that a reference holds out of the building; answers what left where. On hand and reserved fall.

    With `warehouse_id` these are the units of that warehouse alone. With `quantities` (by item id) it is exactly so
    many units, from as few warehouses as have them. Refuses NotOnHand when backordered units have not come in yet,
    NothingReserved when the reference holds nothing, and MoreThanReserved with every item of which fewer are open.
    Locks all levels of the items, then the reservations.
    """
    if quantities is None:
        parts = _whole(reference, warehouse_id)
        if not parts:
            raise NothingReserved
        _need_on_hand(parts)
    else:
        parts = _to_ship(_open(reference, quantities, warehouse_id), quantities)
    post([held.entry(Kind.SHIPPED, units=units) for held, units in parts], actor=actor)
    return [Allocation(held.level.item_id, held.level.warehouse_id, units) for held, units in parts]


def _whole(reference: str, warehouse_id: int | None) -> list[Part]:
    """All that a reference holds, in one warehouse or in all. Locks all levels of the items, then the reservations."""
    levels = lock_reference(reference)
    if not levels:
        return []
    held = lock_reservations(HELD_BY, levels, reference=reference)
    return [(part, part.quantity) for part in held if warehouse_id in (None, part.level.warehouse_id)]


def _need_on_hand(parts: Sequence[Part]) -> None:
    """Refuse NotOnHand for units that do not lie there."""
    missing: dict[int, tuple[int, int]] = {}
    for held, units in parts:
        level = held.level
        if units > level.on_hand:
            requested, available = missing.get(level.item_id, (0, 0))
            missing[level.item_id] = (requested + units, available + level.on_hand)
    if missing:
        raise NotOnHand(shortages_of(missing))


def _open(reference: str, quantities: Mapping[int, int], warehouse_id: int | None) -> dict[int, list[Held]]:
    """What a reference holds of each of these items, in one warehouse or in all. Refuses MoreThanReserved.

    Locks all levels of the items, then the reservations.
    """
    need_units(quantities)
    levels = {level.id: level for level in lock_items(quantities) if warehouse_id in (None, level.warehouse_id)}
    by_item: dict[int, list[Held]] = {item_id: [] for item_id in quantities}
    for held in lock_reservations(HELD_BY, levels, reference=reference):
        by_item[held.level.item_id].append(held)
    units = {item_id: sum(held.quantity for held in parts) for item_id, parts in by_item.items()}
    if short := {id: (quantity, units[id]) for id, quantity in quantities.items() if quantity > units[id]}:
        raise MoreThanReserved(shortages_of(short))
    return by_item


def _to_release(by_item: Mapping[int, Sequence[Held]], quantities: Mapping[int, int]) -> list[Part]:
    """Which units are given back: what is left over when the reference keeps the others as `allocate` would have it."""
    parts = []
    for item_id, held in by_item.items():
        units = {part.level.id: part.quantity for part in held}
        stays = sum(units.values()) - quantities[item_id]
        for level, kept in (stays and allocate([part.level for part in held], stays, units)) or ():
            units[level.id] -= kept
        parts += [(part, units[part.level.id]) for part in held if units[part.level.id]]
    return parts


def _to_ship(by_item: Mapping[int, Sequence[Held]], quantities: Mapping[int, int]) -> list[Part]:
    """Which units leave the building. Refuses NotOnHand, with every item of which fewer lie there."""
    parts: list[Part] = []
    missing = {}
    for item_id, held in by_item.items():
        quantity = quantities[item_id]
        found = _from_fewest(held, quantity)
        if found is None:
            missing[item_id] = (quantity, sum(map(_there, held)))
        else:
            parts += found
    if missing:
        raise NotOnHand(shortages_of(missing))
    return parts


def _from_fewest(held: Sequence[Held], quantity: int) -> list[Part] | None:
    """So many units of an item that lie there, from as few warehouses as can be; None when fewer lie there."""
    of_level = {part.level.id: part for part in held}
    shares = split(by_priority(part.level for part in held), quantity, free=lambda level: _there(of_level[level.id]))
    return None if shares is None else [(of_level[level.id], units) for level, units in shares]


def _there(part: Held) -> int:
    """Units of a reservation that lie in its warehouse."""
    return min(part.quantity, part.level.on_hand)
