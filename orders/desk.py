"""What staff have to do now, and how the day goes, in few statements, and none for each row.

Today is read as it is now, and earlier days come from orders.figures. Cancelled orders are no sales, as in
orders/statistics.py. Days begin and end in the shop's time zone.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from django.conf import settings

from database import days as calendar
from inventory.bands import ALERTING, Band, low_line
from inventory.cover import DEMAND, PACE_DAYS, days_of_cover, pace_begins
from inventory.quantities import AVAILABLE
from orders.figures import WEEKS, Day, Report
from orders.models import Order
from orders.reports import fetch

CHART_DAYS = 30
# Ordered units should last for so many days after their delivery.
COVER_DAYS = 30
# The days that a delivery takes where the item does not say.
LEAD_DAYS = 14

WAITING = """
select status, count(*)
from orders_order where status in ('pending', 'confirmed') and deleted_at is null group by status
"""
SOLD_SINCE = """
select count(*), coalesce(sum(total_amount), 0)
from orders_order where order_date >= %(since)s::timestamptz and status <> 'cancelled' and deleted_at is null
"""
ALERTS = "select band, count(*) from inventory_stockalert where closed_at is null group by band"
# An alert keeps the worst band that its item has been in. What can be promised now, and the demand, are read for the
# few rows that are shown.
WORST = f"""
select i.id, i.sku, i.name, a.band, a.opened_at, i.reorder_point, i.reorder_quantity, i.lead_time_days,
       coalesce(now_there.available, 0)::bigint, coalesce(demand.units, 0)::bigint
from (
    select * from inventory_stockalert where closed_at is null
    order by array_position(%(bands)s::text[], band::text), available, opened_at, id limit %(rows)s::int
) a
join inventory_stockitem i on i.id = a.item_id
left join lateral (
    select sum({AVAILABLE}) as available
    from inventory_stocklevel level join inventory_warehouse w on w.id = level.warehouse_id and w.is_active
    where level.item_id = i.id
) now_there on true
left join lateral ({DEMAND}) demand on true
order by array_position(%(bands)s::text[], a.band::text), a.available, a.opened_at, a.id
"""  # noqa: S608  # no value goes in, only pieces of SQL


class Count(NamedTuple):
    """How many there are of a status or of a band."""

    name: str
    number: int


class Sold(NamedTuple):
    """Orders that were placed and not cancelled: how many, and what they come to."""

    number: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Waiting:
    """The orders that wait for the next step: how many, and the oldest of them."""

    status: str
    count: int
    oldest: list[Order]


def waiting(rows: int = 6) -> list[Waiting]:
    """Orders to confirm and to ship, oldest first."""
    counts = dict(fetch(Count, WAITING, {}))
    return [
        Waiting(
            status,
            counts.get(status, 0),
            list(
                Order.objects.visible().filter(status=status).select_related("user").order_by("order_date", "id")[:rows]
            ),
        )
        for status in (Order.Status.PENDING, Order.Status.CONFIRMED)
    ]


def about_to_end() -> int:
    """How many pending orders the clock is about to cancel. Where it cancels none, nothing is asked."""
    return Order.objects.about_to_end().count() if settings.PENDING_ORDER_HOURS else 0


@dataclass(frozen=True, slots=True)
class Days:
    """Today beside the average of the same weekday, and the last thirty days with today."""

    today: Day
    usual_count: float
    usual_amount: Decimal
    days: list[Day]


def days(figures: Report, today: date | None = None) -> Days:
    """Today as it is now, and the days before as they were added up. `today` None is the current day."""
    today = today or calendar.today()
    [so_far] = fetch(Sold, SOLD_SINCE, {"since": calendar.first_moment(today)})
    sold = figures.days | {today: Day(today, so_far.number, so_far.amount)}
    like_today = [day_of(sold, today - timedelta(weeks=week)) for week in range(1, WEEKS + 1)]
    return Days(
        today=sold[today],
        usual_count=sum(day.count for day in like_today) / WEEKS,
        usual_amount=sum((day.amount for day in like_today), Decimal(0)) / WEEKS,
        days=[day_of(sold, today - timedelta(days=back)) for back in reversed(range(CHART_DAYS))],
    )


def day_of(sold: dict[date, Day], day: date) -> Day:
    """A day with or without sales."""
    return sold.get(day) or Day(day, 0, Decimal(0))


class Alert(NamedTuple):
    """An item that needs to be looked after. `demand` is what was promised to customers in PACE_DAYS."""

    item_id: int
    sku: str
    name: str
    worst_band: str
    opened_at: datetime
    reorder_point: int | None
    reorder_quantity: int | None
    lead_time_days: int | None
    available: int
    demand: int

    @property
    def band(self) -> Band:
        """The worst band that the item has been in since the alert was opened."""
        return Band(self.worst_band)

    @property
    def pace(self) -> float:
        """The units that were promised per day lately."""
        return self.demand / PACE_DAYS

    @property
    def days_of_cover(self) -> int | None:
        """How many days the available units last; None without demand."""
        return days_of_cover(self.available, self.demand)

    @property
    def suggested(self) -> int:
        """The units to order now."""
        return suggested_quantity(
            available=self.available,
            pace=self.pace,
            line=low_line(self.reorder_point),
            lot=self.reorder_quantity,
            lead_days=LEAD_DAYS if self.lead_time_days is None else self.lead_time_days,
        )


def suggested_quantity(*, available: int, pace: float, line: int, lot: int | None, lead_days: int) -> int:
    """The units to order, in whole lots: enough to stay above the low line until COVER_DAYS after the delivery."""
    missing = max(ceil(line + 1 + pace * (lead_days + COVER_DAYS) - available), 1)
    return ceil(missing / lot) * lot if lot else missing


@dataclass(frozen=True, slots=True)
class OpenAlerts:
    """How many items are out, critical and low, and the worst of them."""

    counts: list[tuple[Band, int]]
    worst: list[Alert]


def open_alerts(rows: int = 8) -> OpenAlerts:
    """The open alerts, counted by band, and so many of the worst."""
    counts = dict(fetch(Count, ALERTS, {}))
    bands = [band.value for band in ALERTING]
    return OpenAlerts(
        counts=[(band, counts.get(band.value, 0)) for band in ALERTING],
        worst=fetch(Alert, WORST, {"bands": bands, "rows": rows, "since": pace_begins()}),
    )
