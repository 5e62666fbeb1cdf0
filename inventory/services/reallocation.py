"""Promises that get their units from another warehouse, since fewer units lie in their own than are promised from it.

`plan` is a pure decision over the levels of one item and the promises from them: it serves a page that only looks, and
the verbs, which decide again under the lock. `write_moves` carries a decision out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from database.rows import array, fetch_rows
from database.transactions import Overtaken
from events.actors import Actor
from inventory.models import StockLevel
from inventory.services.allocation import active_by_priority
from inventory.services.engine import Entry, Kind, fetch
from inventory.services.lines import Moved
from inventory.services.promises import expire_overdue

# In the sequence in which promises are given up: holds first, then the newest.
PROMISED = """
select id, level_id, quantity, reference, expires_at is not null and expires_at <= clock_timestamp()
from inventory_reservation where state = 'open' and level_id in (select unnest(%(levels)s::bigint[]))
order by expires_at desc nulls last, created_at desc, id desc
"""
LOCK_PROMISED = """
select id, reference, quantity from inventory_reservation
where state = 'open' and id in (select unnest(%(ids)s::bigint[])) order by id for update
"""
# A promise keeps its age and its end wherever its units lie: by these it is decided who is given up. A reference has
# one open promise from each level, so units that join others of the same reference are added to them.
MOVE = """
with move as (
    select * from unnest(%(ids)s::bigint[], %(targets)s::bigint[], %(quantities)s::int[])
        as move(id, level_id, quantity)
),
leaving as (select id, sum(quantity)::int as quantity from move group by id),
gone as (
    delete from inventory_reservation as promise using leaving
    where promise.id = leaving.id and promise.quantity = leaving.quantity
),
left_over as (
    update inventory_reservation as promise set quantity = promise.quantity - leaving.quantity
    from leaving where promise.id = leaving.id and promise.quantity > leaving.quantity
)
insert into inventory_reservation (level_id, quantity, reference, state, created_at, expires_at)
select move.level_id, sum(move.quantity), promise.reference, 'open', min(promise.created_at), max(promise.expires_at)
from move join inventory_reservation as promise on promise.id = move.id
group by move.level_id, promise.reference
on conflict (reference, level_id) where state = 'open'
    do update set quantity = inventory_reservation.quantity + excluded.quantity,
        created_at = least(inventory_reservation.created_at, excluded.created_at)
returning id
"""


@dataclass(frozen=True, slots=True)
class Promised:
    """An open reservation as it was read. An overdue hold keeps no units from anybody."""

    id: int
    level_id: int
    quantity: int
    reference: str
    is_overdue: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """Units of a promise that are to come from another level."""

    promise: Promised
    source: StockLevel
    target: StockLevel
    quantity: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of the promises of an item when units leave.

    `given_up` has the references that lose all their units of the item. `free` is how many units lie unpromised in
    other active warehouses, and `short` by level how many promised units would have nowhere to come from.
    """

    moves: list[Move] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    short: dict[int, int] = field(default_factory=dict)
    free: int = 0


def promises_from(levels: Iterable[StockLevel]) -> list[Promised]:
    """The open promises from these levels, in the sequence in which they are given up: holds first, then the newest."""
    return [Promised(*row) for row in fetch_rows(PROMISED, {"levels": array(level.id for level in levels)})]


def decide(
    levels: Sequence[StockLevel], changes: Mapping[int, int], *, actor: Actor, may_break: bool = False
) -> dict[int, Plan]:
    """The plan for each item of which units leave that are promised. `levels` are all levels of the items, locked.

    Overdue holds on such items are expired first. The caller shares the lock on the warehouses too, so that none goes
    in or out of sale meanwhile.
    """
    uncovered = {
        level.item_id for level in levels if changes.get(level.id, 0) < 0 and level.unsold + changes[level.id] < 0
    }
    if not uncovered:
        return {}
    by_item: dict[int, list[StockLevel]] = {item_id: [] for item_id in sorted(uncovered)}
    for level in levels:
        if level.item_id in uncovered:
            by_item[level.item_id].append(level)
    touched = [level for of_item in by_item.values() for level in of_item]
    expire_overdue(touched, actor=actor)
    item_of = {level.id: level.item_id for level in touched}
    promised: dict[int, list[Promised]] = {item_id: [] for item_id in by_item}
    for promise in promises_from(touched):
        promised[item_of[promise.level_id]].append(replace(promise, is_overdue=False))
    return {
        item_id: plan(of_item, changes, promised[item_id], may_break=may_break) for item_id, of_item in by_item.items()
    }


def plan(
    levels: Sequence[StockLevel], changes: Mapping[int, int], promised: Sequence[Promised], *, may_break: bool = False
) -> Plan:
    """Which promises move when the units on these levels change by so many, and who loses theirs.

    `levels` are all levels of one item, `promised` their promises as `promises_from` reads them. Promises move to
    units that lie unpromised in other active warehouses, the newest first: whole ones before parts, into the warehouse
    of best priority. If these units and the level's own backorders do not suffice, promises are given up, in the
    sequence of `promised`, until what is left suffices. Without `may_break` nobody is given up, and nothing moves then.
    """
    room = {level.id: level.unsold + changes.get(level.id, 0) for level in levels}
    alive = []
    for promise in promised:
        if promise.is_overdue:
            room[promise.level_id] += promise.quantity
        else:
            alive.append(promise)
    dropped = [level for level in levels if changes.get(level.id, 0) < 0 and room[level.id] < 0]
    if not dropped:
        return Plan()
    targets = [level for level in active_by_priority(levels) if level not in dropped]

    def needed(level: StockLevel) -> int:
        return max(-(room[level.id] + level.backorder_limit), 0)

    def free() -> int:
        return sum(max(room[level.id], 0) for level in targets)

    if not may_break and sum(map(needed, dropped)) > free():
        return Plan(short={level.id: needed(level) for level in dropped if needed(level)}, free=free())
    given_up: list[str] = []
    while sum(map(needed, dropped)) > free():
        on_dropped = {level.id for level in dropped if needed(level)}
        reference = next((promise.reference for promise in alive if promise.level_id in on_dropped), None)
        if reference is None:
            break  # the counters promise more than the promises: verify_stock's business, and the CHECK refuses
        given_up.append(reference)
        for promise in alive:
            if promise.reference == reference:
                room[promise.level_id] += promise.quantity
        alive = [promise for promise in alive if promise.reference != reference]
    moves: list[Move] = []
    for level in dropped:
        others = sum(needed(other) for other in dropped if other is not level)
        # Units that left no promise uncovered that was covered before need not be made up for.
        wanted = min(-changes[level.id], -room[level.id])
        moves += _moves(level, targets, [p for p in alive if p.level_id == level.id], room, wanted, free() - others)
    return Plan(moves, given_up)


def _moves(
    source: StockLevel,
    targets: Sequence[StockLevel],
    promised: Iterable[Promised],
    room: dict[int, int],
    wanted: int,
    most: int,
) -> list[Move]:
    """Move so many units that are `wanted`, and never more than `most`, out of a level; `room` is brought up to date.

    A promise that moves whole may take more with it than was wanted: an order that comes from one warehouse is better
    than one that comes from two.
    """
    moves: list[Move] = []
    staying = []
    for promise in promised:
        target = next((level for level in targets if room[level.id] >= promise.quantity), None)
        if wanted <= 0 or target is None or promise.quantity > most:
            staying.append(promise)
            continue
        moves.append(Move(promise, source, target, promise.quantity))
        room[target.id] -= promise.quantity
        room[source.id] += promise.quantity
        wanted -= promise.quantity
        most -= promise.quantity
    for promise in staying:
        left = promise.quantity
        for target in targets:
            part = min(left, room[target.id], wanted, most)
            if part > 0:
                moves.append(Move(promise, source, target, part))
                room[target.id] -= part
                room[source.id] += part
                left, wanted, most = left - part, wanted - part, most - part
    return moves


def write_moves(moves: Sequence[Move], *, reason: str = "") -> list[Entry]:
    """Move these promises, whose levels the caller has locked; answers the lines that the caller has to post for them.

    Raises Overtaken when a hold has become a promise meanwhile. Locks the reservations.
    """
    if not moves:
        return []
    expected = {(move.promise.id, move.promise.reference, move.promise.quantity) for move in moves}
    if set(fetch(LOCK_PROMISED, {"ids": array(sorted(id for id, _, _ in expected))})) != expected:
        raise Overtaken("A promise that was to move is another one by now.")
    fetch(
        MOVE,
        {
            "ids": array(move.promise.id for move in moves),
            "targets": array(move.target.id for move in moves),
            "quantities": array(move.quantity for move in moves),
        },
    )
    entries = []
    for move in moves:
        line = Entry(move.source, Kind.REALLOCATED, reference=move.promise.reference, reason=reason)
        entries.append(replace(line, reserved=-move.quantity))
        entries.append(replace(line, level=move.target, reserved=move.quantity))
    return entries


def moved(moves: Iterable[Move], skus: Mapping[int, str]) -> list[Moved]:
    """Moves by the names that people use."""
    return [
        Moved(
            move.promise.reference,
            skus[move.source.item_id],
            move.source.warehouse.code,
            move.target.warehouse.code,
            move.quantity,
        )
        for move in moves
    ]


def as_payload(moves: Iterable[Moved]) -> list[dict[str, object]]:
    """Moves as the journal keeps them."""
    return [
        {
            "reference": move.reference,
            "sku": move.sku,
            "from": move.source,
            "to": move.target,
            "quantity": move.quantity,
        }
        for move in moves
    ]
