"""Reservations: units that are promised to a reference. All of it takes part in the caller's unit of work.

How promises are kept or given back is in `resolving`; what is special about holds, which are reservations that end, in
`holds`.
Locks go in one sequence everywhere: stock levels by (item, warehouse), then reservations.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from database.refusals import Invalid
from database.rows import array
from events.actors import Actor
from events.services import publish
from inventory.exceptions import (
    AlreadyReserved,
    InsufficientStock,
    Shortage,
    UnknownItem,
)
from inventory.models import Reservation, StockItem, StockLevel
from inventory.services.allocation import NOTHING, Share, allocate_all
from inventory.services.engine import (
    Entry,
    Kind,
    fetch,
    lock_items,
    post,
    reserve_whole,
)

HELD = """
select id, level_id, quantity, reference from inventory_reservation
where state = 'open' and level_id in (select unnest(%(levels)s::bigint[])) and {condition}
order by id for update
"""
HELD_BY = HELD.format(condition="reference = %(reference)s::text")
HELD_BY_ANY = HELD.format(condition="reference in (select unnest(%(references)s::text[]))")
OVERDUE = HELD.format(condition="expires_at <= clock_timestamp() and reference is distinct from %(spared)s::text")


@dataclass(frozen=True, slots=True)
class Allocation:
    """Units of one item promised from one warehouse; `expires_at` is the end of a hold."""

    item_id: int
    warehouse_id: int
    quantity: int
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An open reservation, locked."""

    id: int
    level: StockLevel
    quantity: int
    reference: str

    def entry(self, kind: Kind, reason: str = "", *, units: int | None = None) -> Entry:
        """The line of the ledger that ends the reservation, or so many units of it.

        Shipped units leave the building as well.
        """
        units = self.quantity if units is None else units
        shipped = -units if kind is Kind.SHIPPED else 0
        return Entry(
            self.level,
            kind,
            on_hand=shipped,
            reserved=-units,
            reference=self.reference,
            reason=reason,
            reservation_id=self.id,
            is_part=units < self.quantity,
        )


def reserve(
    *,
    reference: str,
    quantities: Mapping[int, int],
    actor: Actor,
    expires_at: datetime | None = None,
    warehouse_id: int | None = None,
) -> list[Allocation]:
    """Promise these quantities (by item id) to a reference: all of them, or none.

    With `expires_at` the promise is a hold, with `warehouse_id` all units come from that warehouse. A repeated call for
    a reference that holds exactly this changes nothing.
    Refuses InsufficientStock with every short item, AlreadyReserved when the reference holds something else,
    UnknownItem. Overdue holds on a short item do not count: they are expired here, under the lock. Locks all levels of
    the items. May raise Overtaken, which runs the caller's unit of work again.

    A caller that refuses early, by an unlocked read, must count overdue holds as available. Otherwise stock that only
    overdue holds keep would stay unsold until the job that expires them has run.
    """
    need_units(quantities)
    if warehouse_id is None:
        warehouses, held = reserve_whole(quantities, reference=reference, actor=actor, expires_at=expires_at)
        if warehouses:
            return [Allocation(id, warehouses[id], quantity, expires_at) for id, quantity in quantities.items()]
        if held:
            return as_reserved(reference, quantities)
        # All levels are locked by now, except one that came into being while the others were waited for.
        levels = lock_items(quantities)
    else:
        levels = [level for level in lock_items(quantities) if level.warehouse_id == warehouse_id]
        if Reservation.objects.filter(reference=reference, state=Reservation.State.OPEN).exists():
            return as_reserved(reference, quantities, warehouse_id)
    shares = allocate_or_refuse(levels, quantities, actor=actor)
    entries = [Entry(level, Kind.RESERVED, reserved=quantity, reference=reference) for level, quantity in shares]
    post(entries, actor=actor, expires_at=expires_at)
    return [Allocation(level.item_id, level.warehouse_id, quantity, expires_at) for level, quantity in shares]


def allocate_or_refuse(
    levels: Sequence[StockLevel],
    quantities: Mapping[int, int],
    *,
    actor: Actor,
    held: Mapping[int, int] = NOTHING,
    reference: str | None = None,
) -> list[Share]:
    """The shares of a basket in these levels, which the caller has locked. Overdue holds on short items are expired.

    `held` has the units, by level, that the `reference` holds already; it can have these, overdue or not. Refuses
    InsufficientStock with every short item, UnknownItem. Locks the overdue holds.
    """
    shares, short = allocate_all(levels, quantities, held)
    if short:
        of_short = [level for level in levels if level.item_id in short]
        expire_overdue(of_short, actor=actor, spared=reference)
        shares, short = allocate_all(levels, quantities, held)
    if short:
        raise InsufficientStock(shortages_of({id: (quantities[id], available) for id, available in short.items()}))
    return shares


def expire_overdue(levels: Sequence[StockLevel], *, actor: Actor, spared: str | None = None) -> int:
    """Expire the overdue holds on these levels, which the caller has locked; answers how many. Locks the holds.

    That of the reference `spared`, if any, is left alone.
    """
    held = lock_reservations(OVERDUE, {level.id: level for level in levels}, spared=spared)
    if held:
        post([reservation.entry(Kind.EXPIRED) for reservation in held], actor=actor)
        references = sorted({reservation.reference for reservation in held})
        publish("stock.holds_expired", {"references": references}, subject="stock:holds", actor=actor)
    return len(held)


def lock_reservations(sql: str, levels: Mapping[int, StockLevel], **params: object) -> list[Held]:
    """Lock and read open reservations on these levels, by one of the statements made of HELD.

    The caller has locked the levels in an earlier statement, so this statement sees all that was committed before.
    """
    rows = fetch(sql, {"levels": array(levels), **params})
    return [Held(id, levels[level_id], quantity, reference) for id, level_id, quantity, reference in rows]


def as_reserved(reference: str, quantities: Mapping[int, int], warehouse_id: int | None = None) -> list[Allocation]:
    """The allocations that a reference holds, if they are exactly these quantities. Refuses AlreadyReserved if not.

    With `warehouse_id` all of them come from that warehouse.
    """
    rows = fetch(
        """
        select level.item_id, level.warehouse_id, reservation.quantity, reservation.expires_at
        from inventory_reservation as reservation join inventory_stocklevel as level on level.id = reservation.level_id
        where reservation.reference = %(reference)s and reservation.state = 'open' order by reservation.id
        """,
        {"reference": reference},
    )
    allocations = [Allocation(*row) for row in rows]
    held = units_by_item((part.item_id, part.quantity) for part in allocations)
    elsewhere = warehouse_id is not None and any(part.warehouse_id != warehouse_id for part in allocations)
    if elsewhere or held != Counter(quantities):
        raise AlreadyReserved
    return allocations


def need_units(quantities: Mapping[Any, int]) -> None:
    """Refuse quantities that name nothing, or less than one unit."""
    if not quantities or any(quantity < 1 for quantity in quantities.values()):
        raise Invalid("There is at least 1 item, and of each item at least 1 unit.", code="invalid_quantity")


def units_by_item(parts: Iterable[tuple[int, int]]) -> Counter[int]:
    """The units of each item, from the item and the units of each part."""
    units: Counter[int] = Counter()
    for item_id, quantity in parts:
        units[item_id] += quantity
    return units


def shortages_of(short: Mapping[int, tuple[int, int]]) -> list[Shortage]:
    """The shortages of items, of which (requested, available) is given by item id. Refuses UnknownItem."""
    skus = _skus(short)
    return [Shortage(id, skus[id], requested, available) for id, (requested, available) in short.items()]


def _skus(item_ids: Iterable[int]) -> dict[int, str]:
    wanted = list(item_ids)
    skus = dict(StockItem.objects.filter(id__in=wanted).values_list("id", "sku"))
    if unknown := [id for id in wanted if id not in skus]:
        raise UnknownItem(f"No stock item has the id {unknown[0]}.")
    return skus
