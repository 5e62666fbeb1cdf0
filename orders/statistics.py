"""Figures over many orders, for staff and for each customer.

What is counted: deleted orders never; cancelled orders are orders, but no sales. So `total_orders` is the sum of
`orders_by_status`, while sales, averages, customers and months are about orders that were not cancelled. The months
are those of UTC, twelve with the current one.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connections

from orders.models import Order

MONTHS = 12
TOP_CUSTOMERS = 10
CENT = Decimal("0.01")

BY_MONTH_AND_STATUS = """
select to_char(order_date at time zone 'UTC', 'YYYY-MM'), status, count(*), sum(total_amount)
from orders_order
where deleted_at is null {whose}
group by 1, 2
"""
OF_ALL = BY_MONTH_AND_STATUS.format(whose="")
OF_ONE = BY_MONTH_AND_STATUS.format(whose="and user_id = %(user_id)s::bigint")
BEST_CUSTOMERS = """
select user_id, count(*), sum(total_amount)
from orders_order
where deleted_at is null and status <> 'cancelled'
group by user_id
order by sum(total_amount) desc, user_id
limit %(rows)s::int
"""


def order_statistics(user_id: int | None = None) -> dict[str, Any]:
    """The figures of one customer, or of all with the best customers."""
    now = datetime.now(UTC)
    by_status = dict.fromkeys(Order.Status.values, 0)
    by_month = {month: (0, Decimal(0)) for month in months_until(now)}
    sales_count, sales = 0, Decimal(0)
    for month, status, count, amount in fetch(OF_ALL if user_id is None else OF_ONE, {"user_id": user_id}):
        by_status[status] += count
        if status == Order.Status.CANCELLED:
            continue
        sales_count += count
        sales += amount
        if month in by_month:
            month_count, month_sales = by_month[month]
            by_month[month] = (month_count + count, month_sales + amount)
    figures: dict[str, Any] = {
        "total_orders": sum(by_status.values()),
        "total_sales": money(sales),
        "average_order_value": money(sales / sales_count if sales_count else Decimal(0)),
        "orders_by_status": by_status,
    }
    if user_id is None:
        figures["top_customers"] = [
            {"user_id": customer, "order_count": count, "total_sales": money(amount)}
            for customer, count, amount in fetch(BEST_CUSTOMERS, {"rows": TOP_CUSTOMERS})
        ]
    figures["monthly_trend"] = [
        {"month": month, "order_count": count, "total_sales": money(amount)}
        for month, (count, amount) in by_month.items()
    ]
    figures["timestamp"] = now
    return figures


def months_until(now: datetime) -> list[str]:
    """The names of the last twelve months, oldest first."""
    last = now.year * 12 + now.month - 1
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(last - MONTHS + 1, last + 1)]


def money(amount: Decimal) -> str:
    return str(amount.quantize(CENT))


def fetch(sql: str, params: dict[str, Any]) -> list[Any]:
    with connections[settings.REPORTS_DATABASE].cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[Any] = cursor.fetchall()
    return rows
