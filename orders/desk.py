"""What the people at the order desk have to do now, and how the day goes: few statements, none per row.

What counts as a sale is what orders/statistics.py says: cancelled orders do not. Days are those of UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connections

from orders.models import Order

CHART_DAYS = 30
# Today is compared with the same weekday of this many weeks.
WEEKS = 8

WAITING = """
select status, count(*)
from orders_order where status in ('pending', 'confirmed') and deleted_at is null group by status
"""
BY_DAY = """
select (order_date at time zone 'UTC')::date, count(*), sum(total_amount)
from orders_order
where order_date >= %(since)s::timestamptz and status <> 'cancelled' and deleted_at is null
group by 1
"""


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Waiting:
    """The orders that wait for the next step: how many, and the oldest of them."""

    status: str
    count: int
    oldest: list[Order]


def waiting(rows: int = 6) -> list[Waiting]:
    """Orders to confirm and to ship, oldest first."""
    counts = dict(fetch(WAITING, {}))
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


def days(today: date | None = None) -> dict[str, Any]:
    """Today beside the average of the same weekday, and the last thirty days."""
    today = today or datetime.now(UTC).date()
    since = today - timedelta(weeks=WEEKS)
    sold = {day: Day(day, count, amount) for day, count, amount in fetch(BY_DAY, {"since": since})}
    like_today = [day_of(sold, today - timedelta(weeks=week)) for week in range(1, WEEKS + 1)]
    return {
        "today": day_of(sold, today),
        "usual_count": sum(day.count for day in like_today) / WEEKS,
        "usual_amount": sum((day.amount for day in like_today), Decimal(0)) / WEEKS,
        "days": [day_of(sold, today - timedelta(days=back)) for back in reversed(range(CHART_DAYS))],
    }


def day_of(sold: dict[date, Day], day: date) -> Day:
    return sold.get(day) or Day(day, 0, Decimal(0))


def fetch(sql: str, params: dict[str, Any]) -> list[Any]:
    with connections[settings.REPORTS_DATABASE].cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[Any] = cursor.fetchall()
    return rows
