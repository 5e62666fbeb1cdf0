"""Figures over many orders, for staff and for each customer.

Deleted orders are never counted. Cancelled orders are orders, but no sales. So `total_orders` is the sum of
`orders_by_status`, while sales, averages, customers and months are about orders that were not cancelled. There are
twelve months with the current one, and they begin and end in the shop's time zone. Amounts are of the shop's currency
alone: an order of another one, from before the shop refused to change it, is an order, but no sale here. Guests are no
customers.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings

from database.days import day_of
from orders.models import Order
from orders.reports import fetch

MONTHS = 12
TOP_CUSTOMERS = 10

BY_MONTH_AND_STATUS = """
select to_char(order_date at time zone %(zone)s::text, 'YYYY-MM'), status, count(*),
       count(*) filter (where currency = %(currency)s::text),
       coalesce(sum(total_amount) filter (where currency = %(currency)s::text), 0)
from orders_order
where deleted_at is null {whose}
group by 1, 2
"""
OF_ALL = BY_MONTH_AND_STATUS.format(whose="")
OF_ONE = BY_MONTH_AND_STATUS.format(whose="and user_id = %(user_id)s::bigint")
BEST_CUSTOMERS = """
select user_id, count(*), sum(total_amount)
from orders_order
where user_id is not null and deleted_at is null and status <> 'cancelled' and currency = %(currency)s::text
group by user_id
order by sum(total_amount) desc, user_id
limit %(rows)s::int
"""


class Orders(NamedTuple):
    """The orders of a month that have a status now: how many, and of those in the shop's currency what they come to."""

    month: str
    status: str
    order_count: int
    sales_count: int
    amount: Decimal


class Customer(NamedTuple):
    """The sales to one customer."""

    user_id: int
    order_count: int
    total_sales: Decimal


@dataclass(slots=True)
class Month:
    """The sales of one month ("2026-11")."""

    month: str
    order_count: int = 0
    total_sales: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of one customer, or of all customers with the best of them, at the moment `timestamp`."""

    total_orders: int
    total_sales: Decimal
    average_order_value: Decimal
    orders_by_status: dict[str, int]
    top_customers: list[Customer]
    monthly_trend: list[Month]
    timestamp: datetime


def order_statistics(user_id: int | None = None) -> Statistics:
    """The figures of one customer; with None those of all customers."""
    now = datetime.now(UTC)
    by_status = dict.fromkeys(Order.Status.values, 0)
    by_month = {name: Month(name) for name in months_until(day_of(now))}
    sales_count, sales = 0, Decimal(0)
    params = {"user_id": user_id, "currency": settings.CURRENCY, "zone": settings.SHOP_TIME_ZONE, "rows": TOP_CUSTOMERS}
    for orders in fetch(Orders, OF_ALL if user_id is None else OF_ONE, params):
        by_status[orders.status] += orders.order_count
        if orders.status == Order.Status.CANCELLED:
            continue
        sales_count += orders.sales_count
        sales += orders.amount
        if month := by_month.get(orders.month):
            month.order_count += orders.sales_count
            month.total_sales += orders.amount
    return Statistics(
        total_orders=sum(by_status.values()),
        total_sales=sales,
        average_order_value=sales / sales_count if sales_count else Decimal(0),
        orders_by_status=by_status,
        top_customers=fetch(Customer, BEST_CUSTOMERS, params) if user_id is None else [],
        monthly_trend=list(by_month.values()),
        timestamp=now,
    )


def months_until(day: date) -> list[str]:
    """The names of the twelve months that end with the month of a day, oldest first."""
    last = day.year * 12 + day.month - 1
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(last - MONTHS + 1, last + 1)]
