"""The one writer of stock: locks all levels of the items it touches, and changes counters and ledger together.

The other files of this package decide what to write. A verb locks and reads in one statement (`lock_items`), decides in
Python, and writes in one statement (`post`). `reserve_whole` is the short way for most baskets: the same lock, and a
statement that needs no decision of Python.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection
from django.db.models.expressions import RawSQL
from django.db.transaction import TransactionManagementError

from database.rows import array, fetch_rows, fetch_together
from database.transactions import Overtaken
from events.actors import Actor
from inventory.exceptions import AlreadyReserved, InsufficientStock, StockLimit
from inventory.models import MAX_QUANTITY, StockLevel, StockLevelQuerySet, StockMovement
from inventory.services import statements
from inventory.services.alerts import Standing, moved, settle_alerts

Kind = StockMovement.Kind


@dataclass(frozen=True, slots=True)
class Entry:
    """One line for the ledger. `on_hand` and `reserved` are differences.

    The kind decides about reservations: `reserved` opens one for the reference, unless `reservation_id` names one to
    which the caller has added the units. An entry of another kind resolves the reservation with this id, if it has one.
    If it `is_part` of that reservation, the rest stays open.
    """

    level: StockLevel
    kind: Kind
    on_hand: int = 0
    reserved: int = 0
    reference: str = ""
    reason: str = ""
    unit_cost: Decimal | None = None
    reservation_id: int | None = None
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """The new line of the ledger for one entry."""

    movement_id: int
    at: datetime
    entry: Entry
    on_hand_after: int
    reserved_after: int


@dataclass(slots=True)
class Touched:
    """A level of an item that a statement has written to: as the level was before the statement, but after the lock."""

    item_id: int
    sku: str
    reorder_point: int | None
    is_sold: bool
    in_stock: bool
    level_id: int
    available: int
    unsold: int
    is_active: bool


@dataclass(slots=True)
class TouchedByWrite(Touched):
    """A row of statements.WRITE. The last three members are the same in each row."""

    movement_ids: list[int]
    at: datetime
    resolved: int


@dataclass(slots=True)
class TouchedByReserve(Touched):
    """A row of statements.RESERVE: the units promised from the level, if any, and whether the reference held some.

    If there is no level at all, there is one row, in which `is_held` alone has a value.
    """

    warehouse_id: int
    promised: int | None
    is_held: bool


def fetch(sql: str, params: Mapping[str, object]) -> list[Any]:
    """Run one statement of a unit of work and read its rows."""
    need_transaction()
    return fetch_rows(sql, params)


def need_transaction() -> None:
    """Refuse to go on outside of a transaction, where no lock would be held."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("Stock is read and written in a transaction, or its locks hold nothing.")


def lock_items(item_ids: Iterable[int]) -> list[StockLevel]:
    """Lock all levels of these items, in the sequence (item, warehouse), and read them with their warehouses.

    The warehouses are not locked, and may be as they were before the wait: the statement that writes reads them again.
    """
    return _locked(StockLevel.objects.select_related("warehouse"), statements.ITEMS, array(item_ids))


def lock_reference(reference: str) -> dict[int, StockLevel]:
    """Lock all levels of the items that a reference holds units of, and read them, by the level's id."""
    return {level.id: level for level in _locked(StockLevel.objects.all(), statements.ITEMS_HELD, reference)}


def lock_old_and_new(item_ids: Iterable[int], references: tuple[str, str]) -> list[StockLevel]:
    """Lock all levels of these items and of those that the references hold units of, in the one sequence, at once."""
    levels = StockLevel.objects.select_related("warehouse")
    return _locked(levels, statements.ITEMS_OLD_AND_NEW, array(item_ids), *references)


def _locked(levels: StockLevelQuerySet, item_ids: str, *parameters: str) -> list[StockLevel]:
    """Lock the levels of the items that a sub-select names. Its text is always the same, so it is prepared once."""
    need_transaction()
    return list(levels.locked(RawSQL(item_ids, parameters)))  # noqa: S611  # the texts are those of `statements`


def reserve_whole(
    quantities: Mapping[int, int], *, reference: str, actor: Actor, expires_at: datetime | None = None
) -> tuple[dict[int, int], bool]:
    """Lock all levels of these items, and promise the whole basket in the same round trip if that needs no decision.

    Answers two things. First the warehouse of each item, all units of which come from there, as `allocate` would have
    it; no warehouse of any item means that nothing was written. Then whether the reference held something before. The
    lock does not wait for an answer of this process, which has other threads to run: a hot item sells a fifth more.

    Refuses AlreadyReserved. Raises Overtaken when a level came into being while the others were waited for.
    """
    need_transaction()
    asked: dict[str, object] = {"item_ids": array(quantities), "quantities": array(quantities.values())}
    promise = asked | {"reference": reference, "actor": str(actor), "expires_at": expires_at}
    try:
        locked, rows = fetch_together((statements.LOCK_LEVELS, asked), (statements.RESERVE, promise))
    except IntegrityError as error:
        refusal = refusal_of(error)
        if isinstance(refusal, InsufficientStock):  # the statement knew how much the locked rows have
            raise Overtaken("A level that was not locked has been sold meanwhile.") from error
        raise refusal from error
    touched = [TouchedByReserve(*row) for row in rows]
    promised = {level.level_id: level for level in touched if level.promised}
    if promised:
        _need_locks({level.level_id for level in touched}, {level_id for (level_id,) in locked})
        _settle({id: -(level.promised or 0) for id, level in promised.items()}, touched, actor)
    return {level.item_id: level.warehouse_id for level in promised.values()}, touched[0].is_held


def _need_locks(touched: set[int], locked: set[int]) -> None:
    """Undo the unit of work if it has read a level that came into being while the others were waited for."""
    if touched - locked:
        raise Overtaken("Among the levels was one that the lock had not seen.")


def post(entries: Sequence[Entry], *, actor: Actor, expires_at: datetime | None = None) -> list[Written]:
    """Change counters, ledger, reservations, `in_stock` and alerts together.

    The caller has locked all levels of the items and decided; the CHECKs stand behind that decision. `expires_at`
    turns reserved units into a hold. Refuses StockLimit, and InsufficientStock or AlreadyReserved by a constraint.
    """
    after = [_apply(entry) for entry in entries]
    params: dict[str, object] = {
        "levels": array(entry.level.id for entry in entries),
        "items": array(sorted({entry.level.item_id for entry in entries})),
        "kinds": array(entry.kind for entry in entries),
        "on_hand": array(entry.on_hand for entry in entries),
        "reserved": array(entry.reserved for entry in entries),
        "on_hand_after": array(on_hand for on_hand, _ in after),
        "reserved_after": array(reserved for _, reserved in after),
        "unit_costs": array(entry.unit_cost for entry in entries),
        "references": array(entry.reference for entry in entries),
        "reasons": array(entry.reason for entry in entries),
        "reservations": array(entry.reservation_id for entry in entries),
        "actor": str(actor),
        "expires_at": expires_at,
    }
    resolving = sum(entry.reservation_id is not None and entry.kind is not Kind.RESERVED for entry in entries)
    splits = any(entry.is_part for entry in entries)
    try:
        rows = fetch(statements.write_statement(resolves=resolving > 0, splits=splits), params)
    except IntegrityError as error:
        raise refusal_of(error) from error
    touched = [TouchedByWrite(*row) for row in rows]
    written = touched[0]
    if written.resolved != resolving:
        raise RuntimeError("A reservation was resolved without its level's lock.")
    changes: Counter[int] = Counter()
    for entry in entries:
        changes[entry.level.id] += entry.on_hand - entry.reserved
    _settle(changes, touched, actor)
    ids = sorted(written.movement_ids)
    return [Written(id, written.at, entry, *balance) for id, entry, balance in zip(ids, entries, after, strict=True)]


def _settle(changes: Mapping[int, int], touched: Sequence[Touched], actor: Actor) -> None:
    """Bring `in_stock` and alerts in line after a write. `changes` has the units more (or less) to sell, by level."""
    items = {level.item_id: level for level in touched}
    available: Counter[int] = Counter()
    before: Counter[int] = Counter()
    after: Counter[int] = Counter()
    for level in touched:
        if level.is_active:
            change = changes.get(level.level_id, 0)
            available[level.item_id] += level.available + change
            before[level.item_id] += level.unsold
            after[level.item_id] += level.unsold + change
    if flipped := [id for id, item in items.items() if item.in_stock != (available[id] > 0)]:
        fetch(statements.FLIP, {"items": array(flipped)})
    standings = [
        Standing(id, item.sku, item.reorder_point, item.is_sold, after[id], available[id])
        for id, item in items.items()
        if item.is_sold and moved(before[id], after[id], item.reorder_point)
    ]
    if standings:
        settle_alerts(standings, actor=actor)


def _apply(entry: Entry) -> tuple[int, int]:
    """Count an entry on its level; answers the balances after the entry. Refuses StockLimit."""
    level = entry.level
    level.on_hand += entry.on_hand
    level.reserved += entry.reserved
    if level.on_hand > MAX_QUANTITY:
        raise StockLimit(f"A level ends at {MAX_QUANTITY} units.")
    return level.on_hand, level.reserved


def refusal_of(error: IntegrityError) -> Exception:
    """The refusal that a violated constraint stands for; the error itself where there is none."""
    diagnostics = getattr(error.__cause__, "diag", None)
    constraint = (diagnostics and diagnostics.constraint_name) or ""
    if constraint == "reservation_open_unique":
        return AlreadyReserved()
    if constraint.startswith("stocklevel_"):
        return InsufficientStock([])
    return error
