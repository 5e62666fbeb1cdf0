"""The views of staff on stock: totals and bands over all warehouses, and the movements that led to a number.

Reading only. Totals are over active warehouses, as customers and alerts see stock; levels, balances and the past are
shown for every warehouse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Case, CharField, F, Field, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Coalesce

from database.rows import fetch_rows
from inventory.bands import Band, standings
from inventory.models import StockAlert, StockItem, StockLevel, StockMovement
from inventory.quantities import AVAILABLE, UNSOLD, available_units

# The shortcut for what is out of stock: an item of which nothing can be promised is out, and so is one of which no unit
# lies unsold while backorders can be promised.
AWAITED = f"""
select level.item_id
from inventory_stocklevel as level join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
where warehouse.is_active and level.item_id in (select item_id from inventory_stocklevel where backorder_limit > 0)
group by level.item_id having sum({UNSOLD}) <= 0
"""  # noqa: S608  # no value goes in, only the text of a sum
# Most items of a well-run shop are well stocked. Read in any sequence, they soon fill a page.
WELL_STOCKED = f"""
select item.id from inventory_stockitem as item
where item.is_sold and item.in_stock and (
    select sum({UNSOLD})
    from inventory_stocklevel as level join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
    where level.item_id = item.id and warehouse.is_active
) > greatest(coalesce(item.reorder_point, %s), %s)
"""  # noqa: S608  # no value goes in but as a parameter
PAST_LEVELS = f"""
select warehouse.code, warehouse.name, warehouse.is_active,
       level.on_hand, level.reserved, level.backorder_limit, {AVAILABLE}
from (
    select shelf.warehouse_id, shelf.backorder_limit,
           coalesce(last.on_hand_after, 0) as on_hand, coalesce(last.reserved_after, 0) as reserved
    from inventory_stocklevel as shelf left join lateral (
        select on_hand_after, reserved_after from inventory_stockmovement
        where level_id = shelf.id and at <= coalesce(%(at)s::timestamptz, 'infinity')
            and id < coalesce(%(before)s::bigint, 9223372036854775807)
        order by at desc, id desc limit 1
    ) as last on true
    where shelf.item_id = %(item)s::bigint
) as level
join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
order by warehouse.priority, warehouse.id
"""  # noqa: S608  # no value goes in but as a parameter
CONTENTS = """
select (select coalesce(sum(on_hand), 0) from inventory_stocklevel where warehouse_id = %(warehouse)s::bigint),
       count(*), coalesce(sum(promise.quantity), 0), count(distinct promise.reference),
       count(distinct promise.reference) filter (where promise.expires_at is null)
from inventory_reservation as promise join inventory_stocklevel as level on level.id = promise.level_id
where promise.state = 'open' and level.warehouse_id = %(warehouse)s::bigint
"""
# The newest movements of each level are read first, so that no level is read further than the page.
NEWEST = """
select movement.id from inventory_stocklevel as level cross join lateral (
    select id from inventory_stockmovement
    where level_id = level.id and id < coalesce(%s::bigint, 9223372036854775807)
    order by at desc, id desc limit %s::int
) as movement
where level.item_id = %s::bigint order by movement.id desc limit %s::int
"""


def standing_of(item: str, column: str, type_: "Field[Any, Any]") -> RawSQL:
    """A column of `bands.standings` for the row whose item has the id `item`, a column of another table."""
    sql = f"(select standing.{column} from ({standings(few=True)} where item.id = {item}) as standing)"  # noqa: S608
    return RawSQL(sql, [], type_)  # noqa: S611  # no value goes in, only names of columns


def with_totals(items: QuerySet[StockItem]) -> QuerySet[StockItem]:
    """Items with `on_hand`, `reserved` and `available` over all active warehouses, and their `band`."""
    levels = StockLevel.objects.filter(item=OuterRef("pk"), warehouse__is_active=True).order_by().values("item")

    def total(units: Combinable) -> Coalesce:
        sums = levels.annotate(total=Sum(units)).values("total")
        return Coalesce(Subquery(sums, output_field=IntegerField()), 0)

    return items.annotate(
        on_hand=total(F("on_hand")),
        reserved=total(F("reserved")),
        available=total(available_units),
        band=standing_of("inventory_stockitem.id", "band", CharField()),
    )


def in_bands(bands: Sequence[str]) -> Q:
    """The condition that an item is in one of these bands, as `bands.standings` has it.

    The two largest bands have shortcuts, which a test holds against the rule: an item mostly says itself that it is out
    of stock, and a page of well-stocked items ends with the first of them.
    """
    if list(bands) == [Band.OUT_OF_STOCK]:
        return Q(is_sold=True) & (Q(in_stock=False) | Q(pk__in=RawSQL(AWAITED, [])))  # noqa: S611  # no value in it
    if list(bands) == [Band.HIGH]:
        lines = [settings.STOCK_LOW_MAX, settings.STOCK_MEDIUM_MAX]
        return Q(pk__in=RawSQL(WELL_STOCKED, lines))  # noqa: S611  # all values travel as parameters
    sql = f"select item_id from ({standings()}) as standing where band = any(%s::text[])"  # noqa: S608
    return Q(pk__in=RawSQL(sql, [list(bands)]))  # noqa: S611  # all texts travel as parameters


def with_present(alerts: QuerySet[StockAlert]) -> QuerySet[StockAlert]:
    """Alerts with their items, and with `present_band` and `present_available`.

    While an alert is open they are those of now; once it is closed, those of its worst moment.
    """
    now = {
        name: standing_of("inventory_stockalert.item_id", name, type_)
        for name, type_ in (("band", CharField()), ("available", IntegerField()))
    }
    return alerts.select_related("item").annotate(
        present_band=Case(When(closed_at=None, then=now["band"]), default=F("band")),
        present_available=Case(When(closed_at=None, then=now["available"]), default=F("available")),
    )


def present_in(alerts: QuerySet[StockAlert], bands: Sequence[str]) -> QuerySet[StockAlert]:
    """The open ones of these alerts whose item is in one of these bands now. Each is looked at by itself."""
    present: QuerySet[Any] = with_present(alerts)
    return present.filter(present_band__in=bands, closed_at=None)


class PastLevel(NamedTuple):
    """A level as the ledger has it, now or at some moment, with the backorder limit of now."""

    code: str
    name: str
    is_active: bool
    on_hand: int
    reserved: int
    backorder_limit: int
    available: int


def past_levels(item_id: int, *, at: datetime | None = None, before: int | None = None) -> list[PastLevel]:
    """An item in each warehouse, by priority, as the ledger has it: now, at a moment, or before a movement."""
    return [PastLevel(*row) for row in fetch_rows(PAST_LEVELS, {"item": item_id, "at": at, "before": before})]


def on_hand_at(level_ids: list[int], at: datetime) -> dict[int, int]:
    """The units that lay on these shelves at a moment, by the ledger; 0 of a shelf that was still empty."""
    before = StockMovement.objects.filter(level=OuterRef("pk"), at__lte=at).order_by("-at", "-id")
    then = StockLevel.objects.filter(pk__in=level_ids).annotate(then=Subquery(before.values("on_hand_after")[:1]))
    return {pk: units or 0 for pk, units in then.values_list("pk", "then")}


class Contents(NamedTuple):
    """What lies in a warehouse: units, open promises with their units, and the references that they are made to."""

    units: int
    promises: int
    promised: int
    references: int
    orders: int

    def __str__(self) -> str:
        held = self.references - self.orders
        carts = f" and {held} holds of carts" if held else ""
        return (
            f"{self.units} units lie here, and {self.promised} are promised, in {self.promises} promises "
            f"to {self.orders} orders{carts}."
        )


def contents_of(warehouse_id: int) -> Contents:
    """What lies in a warehouse, and what is promised from it. A promise without an end is an order's."""
    [row] = fetch_rows(CONTENTS, {"warehouse": warehouse_id})
    return Contents(*row)


@dataclass(frozen=True, slots=True)
class PastItem:
    """An item at a moment. The totals are over warehouses that are active now."""

    at: datetime
    sku: str
    levels: list[PastLevel]

    @property
    def active(self) -> list[PastLevel]:
        """The levels in active warehouses."""
        return [level for level in self.levels if level.is_active]

    @property
    def on_hand(self) -> int:
        """Units that lay there."""
        return sum(level.on_hand for level in self.active)

    @property
    def reserved(self) -> int:
        """Units that were promised."""
        return sum(level.reserved for level in self.active)

    @property
    def available(self) -> int:
        """Units that could have been promised, with the backorder limits of now."""
        return sum(level.available for level in self.active)


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A movement with the balance over all warehouses after it."""

    movement: StockMovement
    on_hand: int
    reserved: int


def timeline(item_id: int, *, before: int | None = None, rows: int = 50) -> tuple[list[TimelineRow], int | None]:
    """The newest movements of an item before a place in the ledger, and the place where the next page begins."""
    ids = RawSQL(NEWEST, [before, rows + 1, item_id, rows + 1])  # noqa: S611  # all values travel as parameters
    movements = list(
        StockMovement.objects.filter(id__in=ids).select_related("level__warehouse").order_by("-id")[: rows + 1]
    )
    levels = past_levels(item_id, before=before)
    on_hand, reserved = sum(level.on_hand for level in levels), sum(level.reserved for level in levels)
    page = []
    for movement in movements[:rows]:
        page.append(TimelineRow(movement, on_hand, reserved))
        on_hand -= movement.on_hand_delta
        reserved -= movement.reserved_delta
    return page, page[-1].movement.id if len(movements) > rows else None
