"""The one writer of stock: locks all levels of the items it touches, and changes counters and ledger together.

Everything else in this package decides what to write. How the pieces fit: lock and read in one statement
(`lock_items`), decide in Python, write in one statement (`post`). `reserve_whole` is the short way for what most
orders ask for: the same lock, and a statement that finds by itself what it is to write.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import IntegrityError, connection
from django.db.transaction import TransactionManagementError

from database.rows import array, fetch_rows, fetch_together
from database.transactions import Overtaken
from events.actors import Actor
from inventory.exceptions import AlreadyReserved, InsufficientStock, StockLimit
from inventory.models import MAX_QUANTITY, StockMovement
from inventory.services import statements
from inventory.services.alerts import Standing, moved, settle_alerts

Kind = StockMovement.Kind


@dataclass(slots=True)
class Level:
    """A locked row of StockLevel, kept in step with what this transaction writes to it."""

    id: int
    item_id: int
    warehouse_id: int
    priority: int
    is_active: bool
    on_hand: int
    reserved: int
    backorder_limit: int

    @property
    def available(self) -> int:
        """Units that can still be promised."""
        return self.on_hand + self.backorder_limit - self.reserved

    @property
    def unsold(self) -> int:
        """Units that lie there and are promised to nobody; negative when more is promised than is there."""
        return self.on_hand - self.reserved

    @property
    def removable(self) -> int:
        """Units that can leave the warehouse without breaking a promise."""
        return min(self.on_hand, self.available)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line for the ledger. `on_hand` and `reserved` are differences.

    The kind decides about reservations: `reserved` opens one for the reference; every other entry resolves the one
    that it names, if any.
    """

    level: Level
    kind: Kind
    on_hand: int = 0
    reserved: int = 0
    reference: str = ""
    reason: str = ""
    unit_cost: Decimal | None = None
    reservation_id: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What the ledger now says for one entry."""

    movement_id: int
    at: datetime
    entry: Entry
    on_hand_after: int
    reserved_after: int


class Touched(NamedTuple):
    """A level of an item that was written to, which both statements that write answer as it was before them."""

    item_id: int
    sku: str
    reorder_point: int | None
    in_stock: bool
    level_id: int
    available: int
    is_active: bool


def fetch(sql: str, params: Mapping[str, object]) -> list[Any]:
    """Run one statement of a unit of work and read its rows."""
    need_transaction()
    return fetch_rows(sql, params)


def need_transaction() -> None:
    if not connection.in_atomic_block:
        raise TransactionManagementError("Stock is read and written in a transaction, or its locks hold nothing.")


def lock_items(item_ids: Iterable[int]) -> list[Level]:
    """Lock all levels of these items, in the sequence (item, warehouse), and read them."""
    return [Level(*row) for row in fetch(statements.LOCK_ITEMS, {"item_ids": array(item_ids)})]


def reserve_whole(
    quantities: Mapping[int, int], *, reference: str, actor: Actor, expires_at: datetime | None = None
) -> tuple[dict[int, int], bool]:
    """Lock all levels of these items, and promise in the same round trip what needs no decision.

    Answers the warehouse of each item, which comes whole from it as `allocate` would have it; or of none, and nothing
    is written. And whether the reference held something before. A hot item is held for one answer less of this
    process, which has other threads to run: it sells a fifth more.

    Refuses AlreadyReserved. Raises Overtaken when a level came into being while the others were waited for.
    """
    need_transaction()
    asked: dict[str, object] = {"item_ids": array(quantities), "quantities": array(quantities.values())}
    promise = asked | {"reference": reference, "actor": str(actor), "expires_at": expires_at}
    try:
        locked, rows = fetch_together((statements.LOCK_LEVELS, asked), (statements.RESERVE, promise))
    except IntegrityError as error:
        refusal = refusal_of(error)
        if isinstance(refusal, InsufficientStock):  # of locked rows it knew what they have
            raise Overtaken("A level that was not locked has been sold meanwhile.") from error
        raise refusal from error
    warehouses, changes = {}, {}
    touched = [Touched(*level) for _, _, _, *level in rows]
    for (units, _, warehouse_id, *_), level in zip(rows, touched, strict=True):
        if units:
            warehouses[level.item_id] = warehouse_id
            changes[level.level_id] = -units
    if changes:
        _need_locks({level.level_id for level in touched}, {level_id for (level_id,) in locked})
        _settle(changes, touched, actor)
    return warehouses, rows[0][1]


def _need_locks(touched: set[int], locked: set[int]) -> None:
    """Undo what was written when a level was there that had come into being while the others were waited for."""
    if touched - locked:
        raise Overtaken("Among the levels was one that the lock had not seen.")


def lock_reference(reference: str) -> dict[int, Level]:
    """Lock all levels of the items that a reference holds units of, by the level's id."""
    return {row[0]: Level(*row) for row in fetch(statements.LOCK_REFERENCE, {"reference": reference})}


def post(entries: Sequence[Entry], *, actor: Actor, expires_at: datetime | None = None) -> list[Written]:
    """Change counters, ledger, reservations, `in_stock` and alerts together.

    The caller has locked all levels of the items and decided; the CHECKs stand behind that decision. `expires_at`
    makes what is reserved a hold. Refuses StockLimit, and what a CHECK or the unique open reservation refuses.
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
    resolving = sum(entry.reservation_id is not None for entry in entries)
    try:
        rows = fetch(statements.write_statement(resolves=resolving > 0), params)
    except IntegrityError as error:
        raise refusal_of(error) from error
    ids, at, resolved, *_ = rows[0]
    if resolved != resolving:
        raise RuntimeError("A reservation was resolved without its level's lock.")
    changes: dict[int, int] = {}
    for entry in entries:
        changes[entry.level.id] = changes.get(entry.level.id, 0) + entry.on_hand - entry.reserved
    _settle(changes, [Touched(*level) for _, _, _, *level in rows], actor)
    return [Written(id, at, entry, *balance) for id, entry, balance in zip(sorted(ids), entries, after, strict=True)]


def _settle(changes: Mapping[int, int], touched: Sequence[Touched], actor: Actor) -> None:
    """Bring `in_stock` and alerts in line with what was written: units more (or less) to sell, by level."""
    items: dict[int, tuple[str, int | None, bool]] = {}
    before: dict[int, int] = {}
    after: dict[int, int] = {}
    for item_id, sku, reorder_point, in_stock, level_id, available, is_active in touched:
        items[item_id] = sku, reorder_point, in_stock
        now = available + changes.get(level_id, 0)
        before[item_id] = before.get(item_id, 0) + (available if is_active else 0)
        after[item_id] = after.get(item_id, 0) + (now if is_active else 0)
    if flipped := [item_id for item_id, (_, _, in_stock) in items.items() if in_stock != (after[item_id] > 0)]:
        with connection.cursor() as cursor:
            cursor.execute(statements.FLIP, {"items": array(flipped)})
    standings = [
        Standing(item_id, sku, reorder_point, after[item_id])
        for item_id, (sku, reorder_point, _) in items.items()
        if moved(before[item_id], after[item_id], reorder_point)
    ]
    if standings:
        settle_alerts(standings, actor=actor)


def _apply(entry: Entry) -> tuple[int, int]:
    """Count an entry on its level; what the ledger will say stands there after it."""
    level = entry.level
    level.on_hand += entry.on_hand
    level.reserved += entry.reserved
    if level.on_hand > MAX_QUANTITY:
        raise StockLimit(f"A level ends at {MAX_QUANTITY} units.")
    return level.on_hand, level.reserved


def refusal_of(error: IntegrityError) -> Exception:
    """What a constraint has refused that stood behind our own decision."""
    diagnostics = getattr(error.__cause__, "diag", None)
    constraint = (diagnostics and diagnostics.constraint_name) or ""
    if constraint == "reservation_open_unique":
        return AlreadyReserved()
    if constraint.startswith("stocklevel_"):
        return InsufficientStock([])
    return error
