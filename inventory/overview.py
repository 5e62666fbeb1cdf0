"""What staff see of stock: totals and bands over all warehouses, and how a number came to be.

Reading only. Totals are over active warehouses, as customers and alerts see stock; levels, balances and the past are
shown for every warehouse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Coalesce

from inventory.bands import Band, band_in_sql
from inventory.models import StockItem, StockLevel, StockMovement
from inventory.quantities import AVAILABLE, available_units

IN_BANDS = f"""
select item.id from inventory_stockitem as item
left join (
    select level.item_id, sum({AVAILABLE}) as available
    from inventory_stocklevel as level join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
    where warehouse.is_active group by level.item_id
) as total on total.item_id = item.id
where {{band}} = any(%s::text[])
"""  # noqa: S608  # no value goes in but the lines between the bands, which are numbers
# Most items of a well-run shop are well stocked. Read in any sequence, they soon fill a page.
WELL_STOCKED = f"""
select item.id from inventory_stockitem as item
where item.in_stock and (
    select sum({AVAILABLE})
    from inventory_stocklevel as level join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
    where level.item_id = item.id and warehouse.is_active
) > greatest(coalesce(item.reorder_point, %s), %s)
"""  # noqa: S608  # no value goes in but as a parameter
# The newest movements of each level are read first, so that no level is read further than the page.
NEWEST = """
select movement.id from inventory_stocklevel as level cross join lateral (
    select id from inventory_stockmovement
    where level_id = level.id and id < coalesce(%s::bigint, 9223372036854775807)
    order by at desc, id desc limit %s::int
) as movement
where level.item_id = %s::bigint order by movement.id desc limit %s::int
"""


def with_totals(items: QuerySet[StockItem]) -> QuerySet[StockItem]:
    """Items with `on_hand`, `reserved` and `available` over all active warehouses."""
    levels = StockLevel.objects.filter(item=OuterRef("pk"), warehouse__is_active=True).order_by().values("item")

    def total(units: Combinable) -> Coalesce:
        sums = levels.annotate(total=Sum(units)).values("total")
        return Coalesce(Subquery(sums, output_field=IntegerField()), 0)

    return items.annotate(on_hand=total(F("on_hand")), reserved=total(F("reserved")), available=total(available_units))


def in_bands(bands: Sequence[str]) -> Q:
    """The condition that an item is in one of these bands.

    It is one pass over all levels, where a sum for each item would take seconds. The two largest bands are found
    without: an item says itself that it is out of stock, and a page of well-stocked items needs only the first ones.
    """
    if list(bands) == [Band.OUT_OF_STOCK]:
        return Q(in_stock=False)
    if list(bands) == [Band.HIGH]:
        lines = [settings.STOCK_LOW_MAX, settings.STOCK_MEDIUM_MAX]
        return Q(pk__in=RawSQL(WELL_STOCKED, lines))  # noqa: S611  # all values travel as parameters
    sql = IN_BANDS.format(band=band_in_sql("total.available", "item.reorder_point"))
    return Q(pk__in=RawSQL(sql, [list(bands)]))  # noqa: S611  # all texts travel as parameters


def as_in_ledger(
    levels: QuerySet[StockLevel], *, at: datetime | None = None, before: int | None = None
) -> list[StockLevel]:
    """Levels with the counters that the ledger gives them: now, at a moment, or before a movement. Not to be saved."""
    movements = StockMovement.objects.filter(level=OuterRef("pk")).order_by("-at", "-id")
    if at is not None:
        movements = movements.filter(at__lte=at)
    if before is not None:
        movements = movements.filter(id__lt=before)
    rows = levels.annotate(
        then_on_hand=Subquery(movements.values("on_hand_after")[:1]),
        then_reserved=Subquery(movements.values("reserved_after")[:1]),
    )
    found: list[StockLevel] = []
    for level in rows:
        level.on_hand, level.reserved = level.then_on_hand or 0, level.then_reserved or 0
        found.append(level)
    return found


def levels_by_priority(item_id: int) -> QuerySet[StockLevel]:
    """The levels of an item with their warehouses, by priority."""
    levels = StockLevel.objects.filter(item_id=item_id).select_related("warehouse")
    return levels.order_by("warehouse__priority", "warehouse_id")


@dataclass(frozen=True, slots=True)
class PastItem:
    """An item at a moment. The totals are over warehouses that are active now."""

    at: datetime
    sku: str
    levels: list[StockLevel]

    @property
    def active(self) -> list[StockLevel]:
        """The levels in active warehouses."""
        return [level for level in self.levels if level.warehouse.is_active]

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
    """The newest movements of an item before a place in the ledger, and the place to go on from."""
    ids = RawSQL(NEWEST, [before, rows + 1, item_id, rows + 1])  # noqa: S611  # all values travel as parameters
    movements = list(
        StockMovement.objects.filter(id__in=ids).select_related("level__warehouse").order_by("-id")[: rows + 1]
    )
    levels = as_in_ledger(levels_by_priority(item_id), before=before)
    on_hand, reserved = sum(level.on_hand for level in levels), sum(level.reserved for level in levels)
    page = []
    for movement in movements[:rows]:
        page.append(TimelineRow(movement, on_hand, reserved))
        on_hand -= movement.on_hand_delta
        reserved -= movement.reserved_delta
    return page, page[-1].movement.id if len(movements) > rows else None
