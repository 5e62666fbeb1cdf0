"""The lines of a posting: items and warehouses, found by their names and locked, and the new lines of the ledger."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from database.refusals import FieldError
from inventory.exceptions import AlreadyReceived, NoWarehouse, UnknownItem, UnknownWarehouse
from inventory.models import StockItem, StockLevel, Warehouse
from inventory.services.engine import Written, fetch, lock_items
from inventory.skus import KEY
from inventory.warehouses import code_key


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """Goods in. Without a warehouse: the active one of highest priority."""

    sku: str
    quantity: int
    warehouse: str | None = None
    unit_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AdjustmentLine:
    """Either a difference, or a value to set beside the value that the person saw."""

    sku: str
    warehouse: str | None = None
    delta: int | None = None
    set_to: int | None = None
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class CountLine:
    """Units that were counted. With `counted_at`, movements after the count are not lost."""

    sku: str
    counted: int
    warehouse: str | None = None
    counted_at: datetime | None = None


class Condition(StrEnum):
    """In what condition goods come back: to be sold again, or not."""

    RESTOCK = "restock"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Goods that come back. Without a warehouse: to the active one of highest priority."""

    sku: str
    quantity: int
    warehouse: str | None = None
    condition: Condition = Condition.RESTOCK


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Goods that move from one warehouse to another."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PostedLine:
    """One new line of the ledger, by the names that people use."""

    movement_id: int
    at: datetime
    sku: str
    warehouse: str
    kind: str
    on_hand_delta: int
    on_hand_after: int
    reserved_after: int


@dataclass(frozen=True, slots=True)
class Posting:
    """The new lines of the ledger. `covered` names references whose promised units were to come and are there now.

    `moved` has the promises that come from another warehouse now, since too few units stay in their own.
    """

    reference: str
    lines: list[PostedLine] = field(default_factory=list)
    covered: list[str] = field(default_factory=list)
    moved: list["Moved"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moved:
    """Units of a promise that come from another warehouse now, by the names that people use."""

    reference: str
    sku: str
    source: str
    target: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Place:
    """An item in a warehouse as a request names it, and the paths of both names in that request."""

    sku: str
    warehouse: str | None
    sku_path: str
    warehouse_path: str


def places_of(lines: Iterable[ReceiptLine | AdjustmentLine | CountLine | ReturnLine]) -> list[Place]:
    """The place of each line."""
    return [
        Place(line.sku, line.warehouse, f"lines.{index}.sku", f"lines.{index}.warehouse")
        for index, line in enumerate(lines)
    ]


@dataclass(frozen=True, slots=True)
class Located:
    """The locked level of each place, all locked levels of their items, and the names to speak of them."""

    levels: list[StockLevel]
    all_levels: list[StockLevel]
    skus: dict[int, str]
    codes: dict[int, str]

    def posted(self, written: Iterable[Written]) -> list[PostedLine]:
        """New lines of the ledger, by the names that people use."""
        return [
            PostedLine(
                row.movement_id,
                row.at,
                self.skus[row.entry.level.item_id],
                self.codes[row.entry.level.warehouse_id],
                str(row.entry.kind),
                row.entry.on_hand,
                row.on_hand_after,
                row.reserved_after,
            )
            for row in written
        ]


def locate(places: Sequence[Place]) -> Located:
    """Find the places of a posting. A level that is missing is made, empty.

    Refuses UnknownItem and UnknownWarehouse, with every such name in `errors`, and NoWarehouse. Shares a lock on the
    warehouses, then locks all levels of the items.
    """
    found = StockItem.objects.by_sku({place.sku for place in places})
    items = {sku: item.pk for sku, item in found.items()}
    codes = share_warehouses()
    by_key = {code_key(code): id for id, code in codes.items()}
    spelt = {place.warehouse for place in places if place.warehouse is not None}
    warehouses: dict[str | None, int] = {code: by_key[code_key(code)] for code in spelt if code_key(code) in by_key}
    if any(place.warehouse is None for place in places):
        warehouses[None] = main_warehouse()
    _refuse_unknown(places, items, warehouses)
    pairs = [(items[place.sku], warehouses[place.warehouse]) for place in places]
    ensure_levels(pairs)
    levels = lock_items({item_id for item_id, _ in pairs})
    by_pair = {(level.item_id, level.warehouse_id): level for level in levels}
    return Located(
        levels=[by_pair[pair] for pair in pairs],
        all_levels=levels,
        skus={item.pk: item.sku for item in found.values()},
        codes=codes,
    )


def share_warehouses() -> dict[int, str]:
    """Share a lock on all warehouses, so that none goes in or out of sale meanwhile; answers their codes by id."""
    return dict(fetch("select id, code from inventory_warehouse order by id for share", {}))


def main_warehouse() -> int:
    """The active warehouse of highest priority: goods go there when a line names none. Refuses NoWarehouse."""
    active = Warehouse.objects.filter(is_active=True).order_by("priority", "id")
    id = active.values_list("pk", flat=True).first()
    if id is None:
        raise NoWarehouse
    return id


def ensure_levels(pairs: Iterable[tuple[int, int]]) -> None:
    """Make the levels of these (item, warehouse) that are missing, with nothing in them."""
    wanted = sorted(set(pairs))
    fetch(
        """
        insert into inventory_stocklevel (item_id, warehouse_id)
        select item_id, warehouse_id
        from unnest(%(items)s::bigint[], %(warehouses)s::bigint[]) as wanted(item_id, warehouse_id)
        on conflict (item_id, warehouse_id) do nothing returning id
        """,
        {"items": [item for item, _ in wanted], "warehouses": [warehouse for _, warehouse in wanted]},
    )


def covered_by(before: dict[int, int], after: dict[int, int]) -> list[str]:
    """References whose promises on these levels, oldest first, are on hand now and were not before."""
    rows = fetch(
        """
        select distinct promised.reference
        from (
            select level_id, reference, sum(quantity) over (partition by level_id order by created_at, id) as up_to
            from inventory_reservation
            where state = 'open' and expires_at is null and level_id in (select unnest(%(levels)s::bigint[]))
        ) as promised
        join unnest(%(levels)s::bigint[], %(before)s::int[], %(after)s::int[]) as level(id, before, after)
            on level.id = promised.level_id and promised.up_to > level.before and promised.up_to <= level.after
        order by promised.reference
        """,
        {
            "levels": list(before),
            "before": list(before.values()),
            "after": [after[id] for id in before],
        },
    )
    return [reference for (reference,) in rows]


def refuse_received(reference: str, located: Located, quantities: Sequence[int]) -> None:
    """Refuse AlreadyReceived when a receipt under this reference had the same units of the same items.

    A note is the same in whatever case and form it is spelt, as a SKU is.
    The levels of the items are locked, so that two receipts of one delivery come one after the other. All lines of a
    posting have one moment.
    """
    units: Counter[int] = Counter()
    for level, quantity in zip(located.levels, quantities, strict=True):
        units[level.item_id] += quantity
    rows = fetch(
        f"""
        with posting as (
            select movement.at, movement.actor, level.item_id, sum(movement.on_hand_delta) as units
            from inventory_stockmovement as movement join inventory_stocklevel as level on level.id = movement.level_id
            where {KEY.format(sku="movement.reference")} = {KEY.format(sku="%(reference)s::text")}
                and movement.reference <> '' and movement.kind = 'received'
            group by movement.at, movement.actor, level.item_id
        )
        select posting.at
        from posting left join unnest(%(items)s::bigint[], %(units)s::bigint[]) as asked(item_id, units)
            on asked.item_id = posting.item_id and asked.units = posting.units
        group by posting.at, posting.actor
        having count(*) = %(count)s::int and count(asked.item_id) = %(count)s::int
        order by posting.at desc limit 1
        """,  # noqa: S608  # no value goes in but as a parameter
        {"reference": reference, "items": list(units), "units": list(units.values()), "count": len(units)},
    )
    if rows:
        [(at,)] = rows
        raise AlreadyReceived(
            f"{reference} came with these units already. Say so if these are others.",
            received_at=at.isoformat().replace("+00:00", "Z"),
        )


def _refuse_unknown(places: Sequence[Place], items: dict[str, int], warehouses: dict[str | None, int]) -> None:
    """Refuse places whose item or warehouse is unknown, all of them at once."""
    unknown_items = {
        place.sku_path: FieldError(place.sku_path, "unknown_item", f"No stock item has the SKU {place.sku!r}.")
        for place in places
        if place.sku not in items
    }
    unknown_warehouses = {
        place.warehouse_path: FieldError(
            place.warehouse_path, "unknown_warehouse", f"No warehouse has the code {place.warehouse!r}."
        )
        for place in places
        if place.warehouse not in warehouses
    }
    errors = [*unknown_items.values(), *unknown_warehouses.values()]
    if unknown_items:
        raise UnknownItem(errors=errors)
    if unknown_warehouses:
        raise UnknownWarehouse(errors=errors)
