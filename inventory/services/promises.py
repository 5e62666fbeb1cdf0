"""Reservations: holds that expire and firm promises. All but `expire_holds` take part in the caller's unit of work.

Locks go in one sequence everywhere: stock levels by (item, warehouse), then reservations.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError

from database.refusals import Invalid
from database.rows import array
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish
from inventory.exceptions import (
    AlreadyReserved,
    HoldExpired,
    InsufficientStock,
    NothingReserved,
    NotOnHand,
    Shortage,
    UnknownItem,
)
from inventory.models import Reservation, StockItem
from inventory.services.allocation import allocate_all
from inventory.services.engine import (
    Entry,
    Kind,
    Level,
    fetch,
    lock_items,
    lock_reference,
    post,
    refusal_of,
    reserve_whole,
)

HELD = """
select id, level_id, quantity, reference from inventory_reservation
where state = 'open' and level_id in (select unnest(%(levels)s::bigint[])) and {condition}
order by id for update
"""
HELD_BY = HELD.format(condition="reference = %(reference)s::text")
OVERDUE = HELD.format(condition="expires_at <= clock_timestamp()")


@dataclass(frozen=True, slots=True)
class Allocation:
    """Units of one item promised from one warehouse."""

    item_id: int
    warehouse_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Held:
    """An open reservation, locked."""

    id: int
    level: Level
    quantity: int
    reference: str

    def entry(self, kind: Kind, reason: str = "") -> Entry:
        """Its end in the ledger: shipped units leave the building as well."""
        shipped = -self.quantity if kind is Kind.SHIPPED else 0
        return Entry(
            self.level,
            kind,
            on_hand=shipped,
            reserved=-self.quantity,
            reference=self.reference,
            reason=reason,
            reservation_id=self.id,
        )


def reserve(
    *,
    reference: str,
    quantities: Mapping[int, int],
    actor: Actor,
    expires_at: datetime | None = None,
) -> list[Allocation]:
    """Promise these quantities (by item id) to a reference: all of them, or none.

    With `expires_at` it is a hold. Repeated for a reference that holds exactly this, it changes nothing. Refuses
    InsufficientStock with every short item, AlreadyReserved when the reference holds something else, UnknownItem.
    Overdue holds on a short item do not count: they are expired here, under the lock. Locks all levels of the items.
    May raise Overtaken, which runs the caller's unit of work again.

    Whoever refuses early by an unlocked read must count overdue holds as available, or expiry would need a job.
    """
    if not quantities or any(quantity < 1 for quantity in quantities.values()):
        raise Invalid("There is something to promise, and of each item at least 1.", code="invalid_quantity")
    warehouses, held = reserve_whole(quantities, reference=reference, actor=actor, expires_at=expires_at)
    if warehouses:
        return [Allocation(item_id, warehouses[item_id], quantity) for item_id, quantity in quantities.items()]
    if held:
        return _as_reserved(reference, quantities)
    # Locked by now, but for a level that came into being while the others were waited for.
    levels = lock_items(quantities)
    shares, short = allocate_all(levels, quantities)
    if short:
        _expire([level for level in levels if level.item_id in short], actor=actor)
        shares, short = allocate_all(levels, quantities)
    if short:
        raise InsufficientStock(_shortages({id: (quantities[id], available) for id, available in short.items()}))
    entries = [Entry(level, Kind.RESERVED, reserved=quantity, reference=reference) for level, quantity in shares]
    post(entries, actor=actor, expires_at=expires_at)
    return [Allocation(level.item_id, level.warehouse_id, quantity) for level, quantity in shares]


def release(*, reference: str, actor: Actor, reason: str = "") -> int:
    """Give back all that a reference holds; answers the units. Nothing held is nothing to do.

    Locks all levels of the items, then the reservations.
    """
    held = _held_by(reference)
    if held:
        post([reservation.entry(Kind.RELEASED, reason) for reservation in held], actor=actor)
    return sum(reservation.quantity for reservation in held)


def fulfil(*, reference: str, actor: Actor) -> int:
    """Take what a reference holds out of the building: on hand and reserved fall; answers the units.

    Refuses NotOnHand when backordered units have not come in yet, NothingReserved when it holds nothing. Locks all
    levels of the items, then the reservations.
    """
    held = _held_by(reference)
    if not held:
        raise NothingReserved
    missing: dict[int, tuple[int, int]] = {}
    for reservation in held:
        level = reservation.level
        if reservation.quantity > level.on_hand:
            requested, available = missing.get(level.item_id, (0, 0))
            missing[level.item_id] = (requested + reservation.quantity, available + level.on_hand)
    if missing:
        raise NotOnHand(_shortages(missing))
    post([reservation.entry(Kind.SHIPPED) for reservation in held], actor=actor)
    return sum(reservation.quantity for reservation in held)


def promise(*, reference: str, new_reference: str) -> int:
    """Turn a hold into a firm promise under a new reference; answers the units. No counter changes.

    A hold that is overdue but still open is kept. Refuses HoldExpired when it, or a part of it, is gone. Locks the
    reservations: whoever expires them at this moment waits, and then finds them promised.
    """
    try:
        rows = fetch(
            """
            update inventory_reservation set reference = %(new)s, expires_at = null
            where reference = %(old)s and state = 'open' and expires_at is not null
            returning quantity, created_at
            """,
            {"new": new_reference, "old": reference},
        )
    except IntegrityError as error:
        raise refusal_of(error) from error
    # All rows of one hold were written at one moment, which tells its lost parts from those of an earlier hold.
    moments = {created_at for _, created_at in rows}
    parts = Reservation.objects.filter(reference=reference, created_at__in=moments)
    if not rows or parts.exclude(state=Reservation.State.OPEN).exists():
        raise HoldExpired
    return sum(quantity for quantity, _ in rows)


def extend_hold(*, reference: str, expires_at: datetime) -> datetime:
    """Move the end of a hold, at most to HOLD_MAX_HOURS after it began; answers the new end.

    Refuses HoldExpired when nothing of it is open. Locks the reservations.
    """
    rows = fetch(
        """
        update inventory_reservation set expires_at = least(%(end)s::timestamptz, created_at + %(longest)s::interval)
        where reference = %(reference)s and state = 'open' and expires_at is not null
        returning expires_at
        """,
        {"end": expires_at, "longest": timedelta(hours=settings.HOLD_MAX_HOURS), "reference": reference},
    )
    if not rows:
        raise HoldExpired
    ends: list[datetime] = [end for (end,) in rows]
    return min(ends)


@unit_of_work
def expire_holds(*, actor: Actor, limit: int = 500) -> int:
    """Expire up to about `limit` overdue holds; answers how many. Hygiene only: short items do not wait for it.

    Locks all levels of the items, then the reservations.
    """
    rows = fetch(
        """
        select distinct level.item_id from (
            select level_id from inventory_reservation
            where state = 'open' and expires_at <= clock_timestamp() order by expires_at limit %(limit)s
        ) as overdue join inventory_stocklevel as level on level.id = overdue.level_id
        """,
        {"limit": limit},
    )
    if not rows:
        return 0
    levels = lock_items(item_id for (item_id,) in rows)
    return _expire(levels, actor=actor)


def _expire(levels: Sequence[Level], *, actor: Actor) -> int:
    """Expire the overdue holds on these levels, which the caller has locked; answers how many."""
    held = _lock_reservations(OVERDUE, {level.id: level for level in levels})
    if held:
        post([reservation.entry(Kind.EXPIRED) for reservation in held], actor=actor)
        references = sorted({reservation.reference for reservation in held})
        publish("stock.holds_expired", {"references": references}, subject="stock:holds", actor=actor)
    return len(held)


def _held_by(reference: str) -> list[Held]:
    """What a reference holds, with the levels locked and then the reservations."""
    levels = lock_reference(reference)
    if not levels:
        return []
    return _lock_reservations(HELD_BY, levels, reference)


def _lock_reservations(sql: str, levels: Mapping[int, Level], reference: str = "") -> list[Held]:
    """Lock and read open reservations, in a statement after the levels' lock: its snapshot is fresh."""
    rows = fetch(sql, {"levels": array(levels), "reference": reference})
    return [Held(id, levels[level_id], quantity, held_by) for id, level_id, quantity, held_by in rows]


def _as_reserved(reference: str, quantities: Mapping[int, int]) -> list[Allocation]:
    """Answer a repeated reserve: what the reference holds, if that is what is asked for."""
    rows = fetch(
        """
        select level.item_id, level.warehouse_id, reservation.quantity
        from inventory_reservation as reservation join inventory_stocklevel as level on level.id = reservation.level_id
        where reservation.reference = %(reference)s and reservation.state = 'open' order by reservation.id
        """,
        {"reference": reference},
    )
    allocations = [Allocation(*row) for row in rows]
    held: dict[int, int] = {}
    for part in allocations:
        held[part.item_id] = held.get(part.item_id, 0) + part.quantity
    if held != dict(quantities):
        raise AlreadyReserved
    return allocations


def _shortages(short: Mapping[int, tuple[int, int]]) -> list[Shortage]:
    """Name the short items: (requested, available) by item id."""
    skus = _skus(short)
    return [Shortage(id, skus[id], requested, available) for id, (requested, available) in short.items()]


def _skus(item_ids: Iterable[int]) -> dict[int, str]:
    wanted = list(item_ids)
    skus = dict(StockItem.objects.filter(id__in=wanted).values_list("id", "sku"))
    if unknown := [id for id in wanted if id not in skus]:
        raise UnknownItem(f"No stock item has the id {unknown[0]}.")
    return skus
