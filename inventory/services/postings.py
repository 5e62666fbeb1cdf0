"""The verbs of staff: receive, adjust, count, return, transfer. Each one is a unit of work: all of its lines, or none.

Each verb finds and locks the places of its lines, decides, and hands entries to the engine. Locks: the warehouses
(shared), then all levels of the items.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from database.refusals import FieldError, Invalid
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish
from inventory.exceptions import InsufficientStock, Shortage, StaleCount, UnknownItem
from inventory.models import StockItem, StockLevel
from inventory.services.allocation import active_by_priority
from inventory.services.engine import Entry, Kind, fetch, lock_items, post
from inventory.services.lines import (
    AdjustmentLine,
    Condition,
    CountLine,
    Located,
    Place,
    Posting,
    ReceiptLine,
    ReturnLine,
    TransferLine,
    covered_by,
    ensure_levels,
    locate,
    main_warehouse,
    places_of,
    refuse_received,
    share_warehouses,
)
from inventory.services.reallocation import Move, Plan, as_payload, decide, moved, write_moves
from inventory.warehouses import code_key


@unit_of_work
def receive_stock(
    *, reference: str, lines: Sequence[ReceiptLine], actor: Actor, reason: str = "", again: bool = False
) -> Posting:
    """Goods came in.

    Refuses AlreadyReceived when the same units came in under this reference before, unless the caller says that these
    are other goods (`again`). Refuses UnknownItem, UnknownWarehouse, StockLimit.
    """
    located = locate(places_of(lines))
    if not again:
        refuse_received(reference, located, [line.quantity for line in lines])
    entries = [
        Entry(level, Kind.RECEIVED, line.quantity, reference=reference, reason=reason, unit_cost=line.unit_cost)
        for level, line in zip(located.levels, lines, strict=True)
    ]
    return _post("received", reference, entries, located, actor)


@unit_of_work
def return_stock(*, reference: str, lines: Sequence[ReturnLine], actor: Actor, reason: str = "") -> Posting:
    """Goods came back. What is damaged is written off in the same posting, so that it is never for sale.

    How much may come back under a reference is for the caller to decide. Refuses UnknownItem, UnknownWarehouse,
    NoWarehouse, StockLimit.
    """
    located = locate(places_of(lines))
    entries = []
    for level, line in zip(located.levels, lines, strict=True):
        back = Entry(level, Kind.RETURNED, line.quantity, reference=reference, reason=reason)
        entries.append(back)
        if line.condition is Condition.DAMAGED:
            entries.append(replace(back, kind=Kind.SHORTFALL, on_hand=-line.quantity))
    return _post("returned", reference, entries, located, actor)


@unit_of_work
def adjust_stock(*, reason: str, lines: Sequence[AdjustmentLine], actor: Actor, reference: str = "") -> Posting:
    """Correct what lies there, by a difference or to a value. A value that is already right posts nothing.

    Refuses StaleCount when an `expected` is not the quantity there, InsufficientStock when promised or missing units
    would have to leave: either names every refused line. Refuses Invalid when a place is named twice, UnknownItem,
    UnknownWarehouse, StockLimit.
    """
    located = locate(places_of(lines))
    _refuse_repeated(located)
    stale, current, changes = [], [], []
    for index, (line, level) in enumerate(zip(lines, located.levels, strict=True)):
        if line.set_to is not None and line.expected != level.on_hand:
            stale.append(FieldError(f"lines.{index}.expected", StaleCount.code, f"On hand is {level.on_hand} now."))
            current.append({"line": index, "sku": line.sku, "expected": line.expected, "on_hand": level.on_hand})
        changes.append(line.set_to - level.on_hand if line.set_to is not None else line.delta or 0)
    paths = [f"lines.{index}.{'delta' if line.set_to is None else 'set_to'}" for index, line in enumerate(lines)]
    shortages, short, moves = _cover(located, changes, paths, actor)
    if stale:
        raise StaleCount(errors=[*stale, *short], lines=current)
    if shortages:
        raise InsufficientStock(shortages, errors=short)
    return _post_changes(Kind.ADJUSTED, reference, reason, changes, located, moves, actor)


@unit_of_work
def count_stock(*, lines: Sequence[CountLine], actor: Actor, reference: str = "", reason: str = "") -> Posting:
    """Bring the books in line with what was counted; a count that agrees posts nothing.

    With `counted_at` the difference is taken against the quantity that the ledger gives for that moment, so that later
    movements are kept. Refuses InsufficientStock when promised units are missing, Invalid when a place is named twice,
    UnknownItem, UnknownWarehouse, StockLimit.
    """
    located = locate(places_of(lines))
    _refuse_repeated(located)
    then = _on_hand_at(located.levels, lines)
    changes = [line.counted - on_hand for line, on_hand in zip(lines, then, strict=True)]
    paths = [f"lines.{index}.counted" for index in range(len(lines))]
    shortages, short, moves = _cover(located, changes, paths, actor)
    if shortages:
        raise InsufficientStock(shortages, errors=short)
    return _post_changes(Kind.COUNTED, reference, reason, changes, located, moves, actor)


@unit_of_work
def transfer_stock(
    *, source: str, target: str, lines: Sequence[TransferLine], actor: Actor, reference: str = "", reason: str = ""
) -> Posting:
    """Move goods from one warehouse to another. Promises come from elsewhere if too few units stay in the first.

    Refuses InsufficientStock with every short line, UnknownItem, UnknownWarehouse, StockLimit, and Invalid when both
    warehouses are the same.
    """
    if code_key(source) == code_key(target):
        error = FieldError("to", "same_warehouse", "Goods move from one warehouse to another.")
        raise Invalid("Both warehouses are the same.", code="same_warehouse", errors=[error])
    skus = [(line.sku, f"lines.{index}.sku") for index, line in enumerate(lines)]
    located = locate(
        [Place(sku, source, path, "from") for sku, path in skus]
        + [Place(sku, target, path, "to") for sku, path in skus]
    )
    changes = [-line.quantity for line in lines] + [line.quantity for line in lines]
    paths = [f"lines.{index}.quantity" for index in range(len(lines))] * 2
    shortages, short, moves = _cover(located, changes, paths, actor)
    if shortages:
        raise InsufficientStock(shortages, errors=short)
    reference = reference or _new_reference("transfer")
    entries = []
    for line, out, into in zip(lines, located.levels[: len(lines)], located.levels[len(lines) :], strict=True):
        entries.append(Entry(out, Kind.TRANSFERRED_OUT, -line.quantity, reference=reference, reason=reason))
        entries.append(Entry(into, Kind.TRANSFERRED_IN, line.quantity, reference=reference, reason=reason))
    return _post("transferred", reference, entries, located, actor, moves)


@unit_of_work
def set_stock(*, item_id: int, quantity: int, actor: Actor, reason: str = "") -> int:
    """Make the units that lie unsold in all active warehouses this quantity; answers the difference posted.

    The difference is taken under the lock, so sales meanwhile are neither lost nor undone; the same quantity posts
    nothing. The difference goes to the active warehouse of highest priority. Units that have to leave and do not lie
    there are taken from the next ones. Refuses UnknownItem, NoWarehouse, StockLimit. Locks as the other verbs.
    """
    if not StockItem.objects.filter(pk=item_id).exists():
        raise UnknownItem
    share_warehouses()
    ensure_levels([(item_id, main_warehouse())])
    levels = lock_items([item_id])
    active = active_by_priority(levels)
    unsold = sum(level.unsold for level in active)
    if quantity == max(unsold, 0):
        return 0
    difference = left = quantity - unsold
    entries = []
    for level in active:
        # Units may come in anywhere, but leave only where they lie unsold.
        part = left if left > 0 else max(left, -max(level.unsold, 0))
        if part:
            entries.append(Entry(level, Kind.ADJUSTED, part, reason=reason))
            left -= part
    post(entries, actor=actor)
    payload = {"item_id": item_id, "difference": difference, "unsold": quantity}
    publish("stock.adjusted", payload, subject=f"item:{item_id}", actor=actor)
    return difference


def _new_reference(verb: str) -> str:
    """The reference of a posting for which nobody has given one: it ties the lines of the posting together."""
    return f"{verb}:{uuid.uuid4().hex[:12]}"


def _refuse_repeated(located: Located) -> None:
    """Refuse lines whose place an earlier line has named."""
    seen: set[int] = set()
    errors = []
    for index, level in enumerate(located.levels):
        if level.id in seen:
            errors.append(FieldError(f"lines.{index}", "duplicate_line", "An earlier line names the same place."))
        seen.add(level.id)
    if errors:
        raise Invalid("A place is named twice.", code="duplicate_line", errors=errors)


def _cover(
    located: Located, changes: Sequence[int], paths: Sequence[str], actor: Actor
) -> tuple[list[Shortage], list[FieldError], list[Move]]:
    """The places from which more would have to leave than can, every line that asks for it, and the promises that move.

    Promises for which too few units stay in a place come from free units in other active warehouses. Quantities are
    summed per place before they are checked: the same SKU may stand in several lines.
    """
    totals: Counter[int] = Counter()
    for level, change in zip(located.levels, changes, strict=True):
        totals[level.id] += change
    plans = decide(located.all_levels, totals, actor=actor)
    moves = [move for decided in plans.values() for move in decided.moves]
    can_leave: dict[int, int] = {}
    places = {level.id: level for level in located.levels}
    for id, level in places.items():
        decided, wanted = plans.get(level.item_id, Plan()), -totals[id]
        most = wanted - decided.short[id] + decided.free if id in decided.short else wanted
        if wanted > 0 and min(most, level.on_hand) < wanted:
            can_leave[id] = min(most, level.on_hand)
    shortages = [
        Shortage(places[id].item_id, located.skus[places[id].item_id], -totals[id], can_leave[id])
        for id in totals
        if id in can_leave
    ]
    errors = [
        FieldError(path, InsufficientStock.code, f"At most {can_leave[level.id]} can leave.")
        for level, path in zip(located.levels, paths, strict=True)
        if level.id in can_leave
    ]
    return shortages, errors, moves


def _post_changes(
    kind: Kind,
    reference: str,
    reason: str,
    changes: Sequence[int],
    located: Located,
    moves: Sequence[Move],
    actor: Actor,
) -> Posting:
    """Post the differences that are not 0."""
    reference = reference or _new_reference("adjustment" if kind is Kind.ADJUSTED else "count")
    entries = [
        Entry(level, kind, change, reference=reference, reason=reason)
        for level, change in zip(located.levels, changes, strict=True)
        if change
    ]
    return _post(str(kind), reference, entries, located, actor, moves)


def _post(
    verb: str,
    reference: str,
    entries: Sequence[Entry],
    located: Located,
    actor: Actor,
    moves: Sequence[Move] = (),
) -> Posting:
    """Write the entries of a posting with the promises that move because of them, and tell the journal."""
    if not entries:
        return Posting(reference)
    # Of levels where promised units are still to come.
    awaiting = {entry.level.id: entry.level.on_hand for entry in entries if entry.level.unsold < 0}
    written = post([*entries, *write_moves(moves, reason=entries[0].reason)], actor=actor)
    lines = located.posted(written[: len(entries)])
    others = moved(moves, located.skus)
    payload: dict[str, Any] = {
        "reference": reference,
        "reason": entries[0].reason,
        "lines": [
            {"sku": line.sku, "warehouse": line.warehouse, "on_hand_delta": line.on_hand_delta} for line in lines
        ],
    }
    if others:
        payload["moved"] = as_payload(others)
    publish(f"stock.{verb}", payload, subject=f"stock:{reference}", actor=actor)
    after = {entry.level.id: entry.level.on_hand for entry in entries}
    came_in = {id: on_hand for id, on_hand in awaiting.items() if after[id] > on_hand}
    return Posting(reference, lines, covered_by(came_in, after) if came_in else [], others)


def _on_hand_at(levels: Sequence[StockLevel], lines: Sequence[CountLine]) -> list[int]:
    """The units in each place when its line was counted, by the ledger; those of now if the line does not say when."""
    rows = fetch(
        """
        select counted.place, coalesce(movement.on_hand_after, 0)
        from unnest(%(levels)s::bigint[], %(moments)s::timestamptz[]) with ordinality as counted(level_id, at, place)
        left join lateral (
            select on_hand_after from inventory_stockmovement
            where level_id = counted.level_id and at <= counted.at order by at desc, id desc limit 1
        ) as movement on true
        where counted.at is not null
        """,
        {"levels": [level.id for level in levels], "moments": [line.counted_at for line in lines]},
    )
    then = {place - 1: on_hand for place, on_hand in rows}
    return [then.get(index, level.on_hand) for index, level in enumerate(levels)]
