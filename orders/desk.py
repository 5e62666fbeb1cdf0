"""The orders that staff have to look after now, and how the day goes, in few statements, and none for each row.

Today is read as it is now, and earlier days come from orders.figures. Cancelled orders are no sales, as in
orders/statistics.py. Days begin and end in the shop's time zone.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.db import models

from database import days as calendar
from orders.figures import WEEKS, Day, Report
from orders.models import Order, Return
from orders.reports import fetch

CHART_DAYS = 30

WAITING = """
select status, count(*)
from orders_order where status in ('pending', 'confirmed') and deleted_at is null group by status
"""
SOLD_SINCE = """
select count(*), coalesce(sum(total_amount), 0)
from orders_order where order_date >= %(since)s::timestamptz and status <> 'cancelled' and deleted_at is null
    and currency = %(currency)s::text
"""


class Count(NamedTuple):
    """How many orders there are of a status."""

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
    """How many pending orders the clock is about to cancel."""
    return Order.objects.about_to_end().count()


class OpenReturns(NamedTuple):
    """The returns whose goods may still come: how many, how many of them nobody has answered, and since when."""

    number: int
    asked: int
    oldest: datetime | None


def open_returns() -> OpenReturns:
    """The returns that staff have to look after."""
    asked = models.Count("pk", filter=models.Q(state=Return.State.REQUESTED))
    figures = Return.objects.open().aggregate(number=models.Count("pk"), asked=asked, oldest=models.Min("requested_at"))
    return OpenReturns(**figures)


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
    [so_far] = fetch(Sold, SOLD_SINCE, {"since": calendar.first_moment(today), "currency": settings.CURRENCY})
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
