"""What staff have to do now, and how the day goes: few statements, none per row.

What happened today is read as it is now; what lies behind comes from orders.figures. What counts as a sale is what
orders/statistics.py says: cancelled orders do not. Days are those of UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

from django.conf import settings
from django.db import connections

from inventory.bands import ALERTING, Band, low_line
from inventory.cover import DEMAND, PACE_DAYS, days_of_cover, pace_begins
from orders.figures import WEEKS, Day, Report
from orders.models import Order

CHART_DAYS = 30
# What is ordered should last so long beyond its delivery.
COVER_DAYS = 30
# When the item does not say how long a delivery takes.
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
# An alert keeps the worst that its item has seen; what can be promised now, and the pace, are read for few rows.
WORST = """
select i.id, i.sku, i.name, a.band, a.opened_at, i.reorder_point, i.reorder_quantity, i.lead_time_days,
       coalesce(now_there.available, 0)::bigint, coalesce(demand.units, 0)::bigint
from (
    select * from inventory_stockalert where closed_at is null
    order by array_position(%(bands)s::text[], band::text), available, opened_at, id limit %(rows)s::int
) a
join inventory_stockitem i on i.id = a.item_id
left join lateral (
    select sum(l.on_hand + l.backorder_limit - l.reserved) as available
    from inventory_stocklevel l join inventory_warehouse w on w.id = l.warehouse_id and w.is_active
    where l.item_id = i.id
) now_there on true
left join lateral ({demand}) demand on true
order by array_position(%(bands)s::text[], a.band::text), a.available, a.opened_at, a.id
"""
WORST_NOW = WORST.format(demand=DEMAND)


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


@dataclass(frozen=True, slots=True)
class Days:
    """Today beside the average of the same weekday, and the last thirty days with today."""

    today: Day
    usual_count: float
    usual_amount: Decimal
    days: list[Day]


def days(figures: Report, today: date | None = None) -> Days:
    today = today or datetime.now(UTC).date()
    [(count, amount)] = fetch(SOLD_SINCE, {"since": datetime.combine(today, time(), UTC)})
    sold = figures.days | {today: Day(today, count, amount)}
    like_today = [day_of(sold, today - timedelta(weeks=week)) for week in range(1, WEEKS + 1)]
    return Days(
        today=sold[today],
        usual_count=sum(day.count for day in like_today) / WEEKS,
        usual_amount=sum((day.amount for day in like_today), Decimal(0)) / WEEKS,
        days=[day_of(sold, today - timedelta(days=back)) for back in reversed(range(CHART_DAYS))],
    )


def day_of(sold: dict[date, Day], day: date) -> Day:
    return sold.get(day) or Day(day, 0, Decimal(0))


@dataclass(frozen=True, slots=True)
class Alert:
    """An item that needs to be looked after. `pace` is what was promised to customers per day lately."""

    item_id: int
    sku: str
    name: str
    band: Band
    opened_at: datetime
    reorder_point: int | None
    reorder_quantity: int | None
    lead_time_days: int | None
    available: int
    demand: int

    @property
    def pace(self) -> float:
        return self.demand / PACE_DAYS

    @property
    def days_of_cover(self) -> int | None:
        return days_of_cover(self.available, self.demand)

    @property
    def suggested(self) -> int:
        return suggested_quantity(
            available=self.available,
            pace=self.pace,
            line=low_line(self.reorder_point),
            lot=self.reorder_quantity,
            lead_days=LEAD_DAYS if self.lead_time_days is None else self.lead_time_days,
        )


def suggested_quantity(*, available: int, pace: float, line: int, lot: int | None, lead_days: int) -> int:
    """What to order: enough to stay above the low line until COVER_DAYS after the delivery, in whole lots."""
    missing = max(ceil(line + 1 + pace * (lead_days + COVER_DAYS) - available), 1)
    return ceil(missing / lot) * lot if lot else missing


def open_alerts(rows: int = 8) -> dict[str, Any]:
    """How many items are out, critical and low, and the worst of them with what to do about it."""
    counts = dict(fetch(ALERTS, {}))
    worst = fetch(WORST_NOW, {"bands": [band.value for band in ALERTING], "rows": rows, "since": pace_begins()})
    return {
        "counts": [(Band(band), counts.get(band, 0)) for band in ALERTING],
        "worst": [Alert(row[0], row[1], row[2], Band(row[3]), *row[4:]) for row in worst],
    }


def fetch(sql: str, params: dict[str, Any]) -> list[Any]:
    with connections[settings.REPORTS_DATABASE].cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[Any] = cursor.fetchall()
    return rows
