"""Holds: reservations of somebody who has not decided yet, which end. They change, become firm promises, and expire.

A hold is the open reservations of a reference that have an end. All of them have one beginning and one end. All verbs
but `expire_holds` take part in the caller's unit of work.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError

from database.refusals import Invalid
from database.rows import array
from database.transactions import Overtaken, unit_of_work
from events.actors import Actor
from inventory.exceptions import AlreadyReserved, HoldDiffers, HoldExpired, InsufficientStock
from inventory.models import Reservation, StockLevel
from inventory.services.allocation import Share
from inventory.services.engine import Entry, Kind, fetch, lock_items, lock_old_and_new, post, refusal_of
from inventory.services.promises import (
    Allocation,
    Held,
    allocate_or_refuse,
    as_reserved,
    expire_overdue,
    units_by_item,
)

LOCK_PARTS = """
select id, level_id, quantity, reference, created_at, expires_at is not null,
       coalesce(expires_at <= clock_timestamp(), false)
from inventory_reservation
where state = 'open' and reference in (%(reference)s::text, %(new_reference)s::text)
order by id for update
"""
# The parts of a hold have one beginning, whenever each came to it: HOLD_MAX_HOURS is counted from there. Those of a
# firm promise keep their own.
WRITE_PARTS = """
with beginning as materialized (select coalesce(%(began)s::timestamptz, clock_timestamp()) as began),
hold as (
    select began, case when %(expires_at)s::timestamptz is not null
        then least(%(expires_at)s::timestamptz, began + %(longest)s::interval) end as expires_at
    from beginning
),
part as (
    select * from unnest(%(ids)s::bigint[], %(levels)s::bigint[], %(quantities)s::int[])
        as part(id, level_id, quantity)
),
kept as (
    update inventory_reservation as reservation
    set reference = %(reference)s::text, quantity = part.quantity, expires_at = hold.expires_at,
        created_at = case when hold.expires_at is null then reservation.created_at else hold.began end
    from part cross join hold where reservation.id = part.id
    returning reservation.level_id, reservation.id, reservation.expires_at
),
made as (
    insert into inventory_reservation (level_id, quantity, reference, state, created_at, expires_at)
    select part.level_id, part.quantity, %(reference)s::text, 'open', hold.began, hold.expires_at
    from part cross join hold where part.id is null
    returning level_id, id, expires_at
)
select * from kept union all select * from made
"""
PROMISE = """
update inventory_reservation as reservation set reference = %(new_reference)s::text, expires_at = null
from inventory_stocklevel as level
where level.id = reservation.level_id and reservation.reference = %(reference)s::text and reservation.state = 'open'
    and reservation.expires_at is not null
returning level.item_id, reservation.quantity
"""
EXTEND = """
update inventory_reservation set expires_at = least(%(end)s::timestamptz, created_at + %(longest)s::interval)
where reference = %(reference)s::text and state = 'open' and expires_at is not null
returning id, expires_at
"""


@dataclass(frozen=True, slots=True)
class Part(Held):
    """What a reference holds of one level."""

    created_at: datetime
    is_hold: bool
    is_overdue: bool


class Written(NamedTuple):
    """A reservation as it was written."""

    id: int
    expires_at: datetime | None


def replace_hold(
    *,
    reference: str,
    quantities: Mapping[int, int],
    actor: Actor,
    expires_at: datetime | None,
    new_reference: str = "",
    warehouse_id: int | None = None,
) -> list[Allocation]:
    """Let a reference hold exactly these quantities (by item id) from now on, whatever it holds; answers what it holds.

    The outcome stands under `new_reference` where one is given. Without `expires_at` it is a firm promise. A hold ends
    HOLD_MAX_HOURS after it began at the latest, however often it changes; one that was over begins anew. With
    `warehouse_id` all units come from that warehouse. Without any quantities all is given back.

    Units that the reference has are its own to have again, also if its hold is overdue but still open: what is asked
    for comes from these, then from others. Repeating it changes nothing but the end of a hold.

    Refuses InsufficientStock with every short item, and nothing has changed then; UnknownItem; AlreadyReserved when the
    new reference holds something else, or when a firm promise would become a hold. Overdue holds of others on a short
    item are expired. Locks all levels of the items, old and new ones at once, then the reservations: giving back first
    and reserving then would lock stock twice, in any sequence, and lose units to others in between. May raise
    Overtaken, which runs the caller's unit of work again.
    """
    if any(quantity < 1 for quantity in quantities.values()):
        raise Invalid("Of each item at least 1 is held.", code="invalid_quantity")
    new_reference = new_reference or reference
    levels = {level.id: level for level in lock_old_and_new(quantities, (reference, new_reference))}
    parts = _lock_parts(levels, reference, new_reference)
    if there := [part for part in parts if part.reference != reference]:
        # It was done before, so that all stands under the new reference.
        if there != parts:
            raise AlreadyReserved
        as_reserved(new_reference, quantities, warehouse_id)
        reference = new_reference
    if expires_at is not None and not all(part.is_hold for part in parts):
        raise AlreadyReserved
    usable = [
        level for level in levels.values() if level.item_id in quantities and warehouse_id in (None, level.warehouse_id)
    ]
    held = {part.level.id: part.quantity for part in parts}
    try:
        shares = allocate_or_refuse(usable, quantities, actor=actor, held=held, reference=reference)
    except InsufficientStock:
        _need_all_levels(quantities, levels)
        raise
    written = _write_parts(shares, parts, new_reference, expires_at)
    if entries := list(_entries(shares, parts, new_reference, written)):
        post(entries, actor=actor)
    return [
        Allocation(level.item_id, level.warehouse_id, quantity, written[level.id].expires_at)
        for level, quantity in shares
    ]


def _lock_parts(levels: Mapping[int, StockLevel], *references: str) -> list[Part]:
    """Lock and read what the old and the new reference hold. Raises Overtaken for a level that is not locked."""
    rows = fetch(LOCK_PARTS, dict(zip(("reference", "new_reference"), references, strict=True)))
    if any(level_id not in levels for _, level_id, *_ in rows):
        raise Overtaken("The reference has come to hold other items meanwhile.")
    return [Part(id, levels[level_id], *others) for id, level_id, *others in rows]


def _need_all_levels(item_ids: Iterable[int], levels: Iterable[int]) -> None:
    """Undo the unit of work if the items have levels, besides these, that came into being while these were awaited."""
    if StockLevel.objects.filter(item_id__in=list(item_ids)).exclude(pk__in=list(levels)).exists():
        raise Overtaken("A level came into being while the others were waited for.")


def _write_parts(
    shares: Sequence[Share], parts: Sequence[Part], reference: str, expires_at: datetime | None
) -> dict[int, Written]:
    """Write the reservations that these shares are to be, with what is given back of them; answers them by level."""
    if not shares:
        return {}
    ids = {part.level.id: part.id for part in parts}
    held = {part.level.id: part.quantity for part in parts}
    began = min((part.created_at for part in parts if not part.is_overdue), default=None)
    try:
        rows = fetch(
            WRITE_PARTS,
            {
                "ids": array(ids.get(level.id) for level, _ in shares),
                "levels": array(level.id for level, _ in shares),
                # What is given back leaves its reservation with the line of the ledger.
                "quantities": array(max(quantity, held.get(level.id, 0)) for level, quantity in shares),
                "reference": reference,
                "began": began if expires_at else None,
                "expires_at": expires_at,
                "longest": timedelta(hours=settings.HOLD_MAX_HOURS),
            },
        )
    except IntegrityError as error:
        raise refusal_of(error) from error
    return {level_id: Written(id, end) for level_id, id, end in rows}


def _entries(
    shares: Iterable[Share], parts: Iterable[Part], new_reference: str, written: Mapping[int, Written]
) -> Iterable[Entry]:
    """The lines of the ledger: what is given back, and what is taken besides. What stays has none."""
    held = {part.level.id: part for part in parts}
    for level_id, part in held.items():
        if level_id not in written:
            yield part.entry(Kind.RELEASED)
    for level, quantity in shares:
        own = held.get(level.id)
        more = quantity - (own.quantity if own else 0)
        if more > 0:
            id = written[level.id].id
            yield Entry(level, Kind.RESERVED, reserved=more, reference=new_reference, reservation_id=id)
        elif own and more < 0:
            yield own.entry(Kind.RELEASED, units=-more)


def promise(*, reference: str, new_reference: str, quantities: Mapping[int, int]) -> int:
    """Turn a hold of exactly these quantities (by item id) into a firm promise under a new reference; answers the sum.

    No counter changes, so it cannot fail for lack of stock. A hold that is overdue but still open is kept. Refuses
    HoldDiffers when the hold has other units, since it has changed or a part of it is gone, and AlreadyReserved. The
    unit of work has to be undone then; `replace_hold` in the next one makes up for what is missing. Locks the
    reservations: a transaction that would expire them at this moment waits, and then finds them promised.
    """
    try:
        rows = fetch(PROMISE, {"reference": reference, "new_reference": new_reference})
    except IntegrityError as error:
        raise refusal_of(error) from error
    _need_all_parts(reference)
    units = units_by_item(rows)
    if units != Counter(quantities):
        raise HoldDiffers
    return units.total()


def extend_hold(*, reference: str, expires_at: datetime) -> datetime:
    """Move the end of a hold, at most to HOLD_MAX_HOURS after it began; answers the new end.

    Refuses HoldExpired when nothing of it is open. Locks the reservations.
    """
    longest = timedelta(hours=settings.HOLD_MAX_HOURS)
    rows = fetch(EXTEND, {"end": expires_at, "longest": longest, "reference": reference})
    _need_all_parts(reference, [id for id, _ in rows])
    if not rows:
        raise HoldExpired
    ends: list[datetime] = [end for _, end in rows]
    return min(ends)


def _need_all_parts(reference: str, seen: Sequence[int] = ()) -> None:
    """Undo the unit of work if parts of a hold, besides those `seen`, came to it while it was read.

    Reading waits for a part that is being moved or replaced, and does not see the row that it becomes elsewhere.
    """
    holds = Reservation.objects.filter(reference=reference, state=Reservation.State.OPEN, expires_at__isnull=False)
    if holds.exclude(pk__in=seen).exists():
        raise Overtaken("Another part of the hold came to it meanwhile.")


@unit_of_work
def expire_holds(*, actor: Actor, limit: int = 500) -> int:
    """Expire up to about `limit` overdue holds; answers how many.

    Hygiene only: `reserve` expires overdue holds on short items by itself. Locks all levels of the items, then the
    reservations.
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
    return expire_overdue(levels, actor=actor)
