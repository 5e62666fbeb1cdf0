"""What staff see of stock: totals and bands over all warehouses, and how a number came to be.

Reading only. Totals are over active warehouses, as customers and alerts see stock; levels, balances and the past are
shown for every warehouse.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Case, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from inventory.bands import Band
from inventory.models import StockItem, StockLevel, StockMovement

IN_BAND = """
select item.id from inventory_stockitem as item
left join (
    select level.item_id, sum(level.on_hand + level.backorder_limit - level.reserved) as available
    from inventory_stocklevel as level join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
    where warehouse.is_active group by level.item_id
) as total on total.item_id = item.id
where case
    when coalesce(available, 0) <= 0 then 'out_of_stock'
    when available <= coalesce(reorder_point, %s) then case when available <= %s then 'critical' else 'low' end
    when available <= %s then 'medium' else 'high' end = %s
"""
# Most items of a well-run shop are well stocked: walked through in any sequence, a page of them is met soon.
WELL_STOCKED = """
select item.id from inventory_stockitem as item
where item.in_stock and (
    select sum(level.on_hand + level.backorder_limit - level.reserved)
    from inventory_stocklevel as level join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
    where level.item_id = item.id and warehouse.is_active
) > greatest(coalesce(item.reorder_point, %s), %s)
"""
STANDING = """
select warehouse.id, warehouse.code, warehouse.name, level.backorder_limit,
       coalesce(last.on_hand_after, 0), coalesce(last.reserved_after, 0), warehouse.is_active
from inventory_stocklevel as level join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id
left join lateral (
    select on_hand_after, reserved_after from inventory_stockmovement
    where level_id = level.id and at <= coalesce(%(at)s::timestamptz, 'infinity')
        and id < coalesce(%(before)s::bigint, 9223372036854775807)
    order by at desc, id desc limit 1
) as last on true
where level.item_id = %(item)s::bigint order by warehouse.priority, warehouse.id
"""
# The newest of each level first, so that no level is read further than the page.
NEWEST = """
select movement.id from inventory_stocklevel as level cross join lateral (
    select id from inventory_stockmovement
    where level_id = level.id and id < coalesce(%s::bigint, 9223372036854775807)
    order by at desc, id desc limit %s::int
) as movement
where level.item_id = %s::bigint order by movement.id desc limit %s::int
"""


def with_totals(items: "QuerySet[StockItem]") -> "QuerySet[StockItem]":
    """Items with `on_hand`, `reserved`, `available` and `band` over all active warehouses."""
    levels = StockLevel.objects.filter(item=OuterRef("pk"), warehouse__is_active=True).order_by().values("item")

    def total(expression: Any) -> Coalesce:
        return Coalesce(Subquery(levels.annotate(n=Sum(expression)).values("n"), output_field=IntegerField()), 0)

    return items.annotate(
        on_hand=total("on_hand"),
        reserved=total("reserved"),
        available=total(F("on_hand") + F("backorder_limit") - F("reserved")),
        band=Case(
            When(available__lte=0, then=Value(Band.OUT_OF_STOCK.value)),
            When(available__gt=Coalesce("reorder_point", settings.STOCK_LOW_MAX), then=above_low()),
            When(available__lte=settings.STOCK_CRITICAL_MAX, then=Value(Band.CRITICAL.value)),
            default=Value(Band.LOW.value),
        ),
    )


def above_low() -> Case:
    return Case(
        When(available__lte=settings.STOCK_MEDIUM_MAX, then=Value(Band.MEDIUM.value)), default=Value(Band.HIGH.value)
    )


def in_band(band: str) -> "RawSQL | QuerySet[Any]":
    """The ids of the items in a band: one pass over the levels, where a sum for each item would take seconds.

    The two largest bands are found without: what is out of stock says so itself, and of what is well stocked a page
    needs only the first.
    """
    low, critical, medium = settings.STOCK_LOW_MAX, settings.STOCK_CRITICAL_MAX, settings.STOCK_MEDIUM_MAX
    if band == Band.OUT_OF_STOCK:
        return StockItem.objects.filter(in_stock=False).values("pk")
    if band == Band.HIGH:
        return RawSQL(WELL_STOCKED, [low, medium])  # noqa: S611  # all values travel as parameters
    return RawSQL(IN_BAND, [low, critical, medium, band])  # noqa: S611  # all values travel as parameters


@dataclass(frozen=True, slots=True)
class Standing:
    """What lies in one warehouse, now or at some moment."""

    warehouse_id: int
    code: str
    name: str
    backorder_limit: int
    on_hand: int
    reserved: int
    is_active: bool

    @property
    def available(self) -> int:
        return self.on_hand + self.backorder_limit - self.reserved


def standing(item_id: int, *, at: datetime | None = None, before: int | None = None) -> list[Standing]:
    """An item in each warehouse as the ledger has it: now, at a moment, or before a movement."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, {"item": item_id, "at": at, "before": before})
        return [Standing(*row) for row in cursor.fetchall()]


def on_hand_at(level_ids: list[int], at: datetime) -> dict[int, int]:
    """What the ledger says lay on these shelves at a moment; nothing of a shelf that was still empty."""
    before = StockMovement.objects.filter(level=OuterRef("pk"), at__lte=at).order_by("-at", "-id")
    then = StockLevel.objects.filter(pk__in=level_ids).annotate(then=Subquery(before.values("on_hand_after")[:1]))
    return {pk: units or 0 for pk, units in then.values_list("pk", "then")}


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
    levels = standing(item_id, before=before)
    on_hand, reserved = sum(level.on_hand for level in levels), sum(level.reserved for level in levels)
    page = []
    for movement in movements[:rows]:
        page.append(TimelineRow(movement, on_hand, reserved))
        on_hand -= movement.on_hand_delta
        reserved -= movement.reserved_delta
    return page, page[-1].movement.id if len(movements) > rows else None
