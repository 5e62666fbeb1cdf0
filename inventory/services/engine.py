"""The one writer of stock: locks all levels of the items it touches, and changes counters and ledger together.

Everything else in this package decides what to write; only `post` writes. How the pieces fit: lock and read in one
statement (`lock_items`), decide in Python, write in one statement (`post`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import IntegrityError, connection
from django.db.transaction import TransactionManagementError

from api.rows import array, fetch_rows, fetch_together
from api.transactions import Overtaken
from events.actors import Actor
from inventory.exceptions import AlreadyReserved, InsufficientStock, StockLimit
from inventory.models import MAX_QUANTITY, StockMovement
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


# Decides only on columns of the rows it locks: after a wait PostgreSQL rereads those, while joined tables are from
# before the wait. Priority and activity of a warehouse are no quantities; `post` looks at activity again.
LOCK = """
select level.id, level.item_id, level.warehouse_id, warehouse.priority, warehouse.is_active,
       level.on_hand, level.reserved, level.backorder_limit, {held}
from unnest({items}) as touched(item_id)
join inventory_stocklevel as level on level.item_id = touched.item_id
join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
order by level.item_id, level.warehouse_id
for no key update of level
"""
LOCK_ITEMS = LOCK.format(
    # In a sub-select, where the planner does not see how short it is and so keeps one plan for all of them (0.25 ms).
    items="(select %(item_ids)s::bigint[])",
    held="exists (select from inventory_reservation where reference = %(reference)s::text and state = 'open')",
)
LOCK_REFERENCE = LOCK.format(
    items="""array(
        select distinct held.item_id
        from inventory_reservation as reservation join inventory_stocklevel as held on held.id = reservation.level_id
        where reservation.reference = %(reference)s::text and reservation.state = 'open'
    )""",
    held="true",
)

# One named part per table. The answer has a row for each level of the touched items, as it was before this statement
# but after the lock: what an item has over all its active warehouses decides about `in_stock` and alerts. One posting
# has one moment, taken after the lock; now() would be the time before the wait. The arrays stand in sub-selects for
# the same reason as above. What is not needed is left out, since each part costs whether it has rows or not.
WRITE = """
with moment as materialized (select clock_timestamp() as at),
{entries},
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
    from entry cross join moment where kind = 'reserved'
),
{resolved}movement as (
    insert into inventory_stockmovement (
        level_id, kind, on_hand_delta, reserved_delta, on_hand_after, reserved_after,
        unit_cost, reference, reason, actor, at
    )
    select level_id, kind, on_hand, reserved, on_hand_after, reserved_after,
           unit_cost, reference, reason, %(actor)s::text, moment.at
    from entry cross join moment order by place
    returning id
)
select {answer},
       item.id, item.sku, item.reorder_point, item.in_stock,
       level.id, level.on_hand + level.backorder_limit - level.reserved,
       level.warehouse_id = any(array(select id from inventory_warehouse where is_active))
from unnest((select %(items)s::bigint[])) as touched(item_id)
join inventory_stockitem as item on item.id = touched.item_id
join inventory_stocklevel as level on level.item_id = item.id
"""
DECIDED = """
entry as (
    select * from unnest(
        %(levels)s::bigint[], %(kinds)s::text[], %(on_hand)s::int[], %(reserved)s::int[],
        %(on_hand_after)s::int[], %(reserved_after)s::int[], %(unit_costs)s::numeric[],
        %(references)s::text[], %(reasons)s::text[], %(reservations)s::bigint[]
    ) with ordinality as entry (
        level_id, kind, on_hand, reserved, on_hand_after, reserved_after, unit_cost,
        reference, reason, reservation_id, place
    )
)"""
RESOLVED = """
resolved as (
    update inventory_reservation as reservation
    set state = case entry.kind when 'shipped' then 'fulfilled' when 'expired' then 'expired' else 'released' end,
        resolved_at = moment.at
    from entry cross join moment
    where reservation.id = entry.reservation_id and reservation.state = 'open'
    returning reservation.id
),
"""
# The first rule of `allocate`, in SQL: each item whole from the warehouse of best priority where so much of it lies
# unsold. Where an item wants more than this rule, or the reference holds something, there are no entries.
WHOLE = """
wanted as (
    select * from unnest((select %(items)s::bigint[]), (select %(quantities)s::bigint[]))
        with ordinality as wanted (item_id, quantity, place)
),
chosen as materialized (
    select level.*, wanted.quantity, wanted.place
    from wanted cross join lateral (
        select level.id, level.on_hand, level.reserved
        from inventory_stocklevel as level join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
        where level.item_id = wanted.item_id and warehouse.is_active
            and level.on_hand - level.reserved >= wanted.quantity
        order by warehouse.priority, warehouse.id limit 1
    ) as level
),
entry as materialized (
    select id as level_id, 'reserved' as kind, 0 as on_hand, quantity::int as reserved, on_hand as on_hand_after,
           (reserved + quantity)::int as reserved_after, null::numeric as unit_cost, %(reference)s::text as reference,
           '' as reason, null::bigint as reservation_id, place
    from chosen
    where (select count(*) from chosen) = (select count(*) from wanted)
        and not exists (select from inventory_reservation where reference = %(reference)s::text and state = 'open')
)"""
WRITTEN = "(select array_agg(id) from movement), (select at from moment), {count}"
PROMISED = "(select reserved from entry where level_id = level.id)"
FLIP = "update inventory_stockitem set in_stock = not in_stock where id in (select unnest(%(items)s::bigint[]))"


@cache
def write_statement(*, resolves: bool) -> str:
    resolved, count = (RESOLVED, "(select count(*) from resolved)") if resolves else ("", "0")
    return WRITE.format(entries=DECIDED, resolved=resolved, answer=WRITTEN.format(count=count))


@cache
def reserve_statement() -> str:
    return WRITE.format(entries=WHOLE, resolved="", answer=PROMISED)


def fetch(sql: str, params: Mapping[str, object]) -> list[Any]:
    """Run one statement of a unit of work and read its rows."""
    need_transaction()
    return fetch_rows(sql, params)


def need_transaction() -> None:
    if not connection.in_atomic_block:
        raise TransactionManagementError("Stock is read and written in a transaction, or its locks hold nothing.")


def lock_items(item_ids: Iterable[int], *, reference: str = "") -> tuple[list[Level], bool]:
    """Lock all levels of these items, in the sequence (item, warehouse), and read them.

    Also answers whether the reference had an open reservation when the statement began.
    """
    rows = fetch(LOCK_ITEMS, {"item_ids": array(item_ids), "reference": reference})
    return [Level(*row[:-1]) for row in rows], any(row[-1] for row in rows)


def lock_and_reserve(
    quantities: Mapping[int, int], *, reference: str, actor: Actor, expires_at: datetime | None = None
) -> tuple[list[Level], bool, list[Entry]]:
    """As `lock_items`, and in the same round trip promise what needs no decision; answers its entries too.

    These are all items, each whole from one warehouse as `allocate` would have it; or none, and nothing is written.
    So a hot item is held for one answer less of ours, which may have to wait for other threads: it sells a fifth more.
    """
    need_transaction()
    items = array(quantities)
    promise = {"items": items, "quantities": array(quantities.values()), "reference": reference}
    try:
        locked, rows = fetch_together(
            (LOCK_ITEMS, {"item_ids": items, "reference": reference}),
            (reserve_statement(), promise | {"actor": str(actor), "expires_at": expires_at}),
        )
    except IntegrityError as error:
        raise refusal_of(error) from error
    levels = {row[0]: Level(*row[:-1]) for row in locked}
    promised = {row[-3]: row[0] for row in rows if row[0]}  # units by level
    entries = []
    if promised:
        _need_locks((row[-3] for row in rows), levels)
        entries = [
            Entry(level, Kind.RESERVED, reserved=promised[id], reference=reference)
            for id, level in levels.items()
            if id in promised
        ]
        for entry in entries:
            _apply(entry)
        _settle(entries, rows, actor)
    return list(levels.values()), any(row[-1] for row in locked), entries


def _need_locks(touched: Iterable[int], locked: Mapping[int, Level]) -> None:
    """Refuse what was written beside a level that came into being while the others were waited for."""
    if not locked.keys() >= set(touched):
        raise Overtaken("A level that nobody had locked was there when it was decided.")


def lock_reference(reference: str) -> dict[int, Level]:
    """Lock all levels of the items that a reference holds units of, by the level's id."""
    rows = fetch(LOCK_REFERENCE, {"reference": reference})
    return {row[0]: Level(*row[:-1]) for row in rows}


def post(entries: Sequence[Entry], *, actor: Actor, expires_at: datetime | None = None) -> list[Written]:
    """Change counters, ledger, reservations, `in_stock` and alerts together: the only place that does.

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
        rows = fetch(write_statement(resolves=resolving > 0), params)
    except IntegrityError as error:
        raise refusal_of(error) from error
    ids, at, resolved, *_ = rows[0]
    if resolved != resolving:
        raise RuntimeError("A reservation was resolved without its level's lock.")
    _settle(entries, rows, actor)
    return [Written(id, at, entry, *balance) for id, entry, balance in zip(sorted(ids), entries, after, strict=True)]


def _settle(entries: Sequence[Entry], rows: Sequence[Any], actor: Actor) -> None:
    """Bring `in_stock` and alerts in line with what `post` has written."""
    changes: dict[int, int] = {}
    for entry in entries:
        changes[entry.level.id] = changes.get(entry.level.id, 0) + entry.on_hand - entry.reserved
    items: dict[int, tuple[str, int | None, bool]] = {}
    before: dict[int, int] = {}
    after: dict[int, int] = {}
    for *_, item_id, sku, reorder_point, in_stock, level_id, available, is_active in rows:
        items[item_id] = sku, reorder_point, in_stock
        now = available + changes.get(level_id, 0)
        before[item_id] = before.get(item_id, 0) + (available if is_active else 0)
        after[item_id] = after.get(item_id, 0) + (now if is_active else 0)
    if flipped := [item_id for item_id, (_, _, in_stock) in items.items() if in_stock != (after[item_id] > 0)]:
        with connection.cursor() as cursor:
            cursor.execute(FLIP, {"items": array(flipped)})
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
