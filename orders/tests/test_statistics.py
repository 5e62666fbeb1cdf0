"""The arithmetic of the figures."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.dateparse import parse_datetime

from orders import services
from orders.models import Order
from orders.statistics import months_until
from orders.tests.clients import ORDERS, client_of, order_desk
from orders.tests.factories import STAFF, buyer_of, make_order, make_user

pytestmark = pytest.mark.django_db


def at(order: Order, moment: str) -> None:
    Order.objects.filter(pk=order.pk).update(order_date=moment)


def months_back(number: int) -> datetime:
    """The first moment of a month, so many before the current one."""
    now = datetime.now(UTC)
    month = now.year * 12 + now.month - 1 - number
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("path", ["statistics", "user-statistics", "health/stock-check"])
def test_figures_that_are_the_same_are_not_sent_again(path: str) -> None:
    """Though each answer says when it was asked for."""
    desk = client_of(make_user(is_staff=True, is_superuser=True))
    seen = desk.get(f"{ORDERS}/{path}").headers["ETag"]
    assert desk.get(f"{ORDERS}/{path}", headers={"If-None-Match": seen}).status_code == 304
    make_order()
    assert desk.get(f"{ORDERS}/{path}", headers={"If-None-Match": '"other"'}).status_code == 200


def test_an_empty_shop_has_figures_too() -> None:
    body = order_desk().get(f"{ORDERS}/statistics").json()
    assert body["total_orders"] == 0
    assert body["total_sales"] == body["average_order_value"] == "0.00"
    assert body["orders_by_status"] == dict.fromkeys(Order.Status.values, 0)
    assert body["top_customers"] == []
    assert len(body["monthly_trend"]) == 12
    assert {month["order_count"] for month in body["monthly_trend"]} == {0}
    assert parse_datetime(body["timestamp"]) is not None


def test_the_figures_of_all_orders() -> None:
    """Each order is two units of one article."""
    ann, bob = make_user(), make_user()
    make_order(ann, price="10.00")
    make_order(ann, price="20.00", status="shipped")
    make_order(bob, price="50.01", status="delivered")
    make_order(bob, price="1000.00", status="cancelled")
    deleted = make_order(bob, price="7000.00")
    services.delete_order(order_id=deleted.pk, actor=STAFF)
    body = order_desk().get(f"{ORDERS}/statistics").json()
    assert body["total_orders"] == 4
    assert body["total_sales"] == "160.02"
    assert body["average_order_value"] == "53.34"
    assert body["orders_by_status"] == {"pending": 1, "confirmed": 0, "shipped": 1, "delivered": 1, "cancelled": 1}
    assert body["top_customers"] == [
        {"user_id": bob.pk, "order_count": 1, "total_sales": "100.02"},
        {"user_id": ann.pk, "order_count": 2, "total_sales": "60.00"},
    ]
    assert body["monthly_trend"][-1] == {
        "month": f"{datetime.now(UTC):%Y-%m}",
        "order_count": 3,
        "total_sales": "160.02",
    }


def test_an_order_counts_in_its_month_in_utc() -> None:
    this, last, old = make_order(price="1.00"), make_order(price="2.00"), make_order(price="4.00")
    ancient = make_order(price="8.00")
    first = months_back(0).isoformat()
    at(this, first)
    at(last, first.replace("T00:00:00+00:00", "T00:59:59+01:00"))
    at(old, months_back(11).isoformat())
    at(ancient, months_back(12).isoformat())
    body = order_desk().get(f"{ORDERS}/statistics").json()
    trend = [(month["order_count"], month["total_sales"]) for month in body["monthly_trend"]]
    assert trend == [(1, "8.00"), *[(0, "0.00")] * 9, (1, "4.00"), (1, "2.00")]
    assert [month["month"] for month in body["monthly_trend"]] == [
        f"{months_back(age):%Y-%m}" for age in range(11, -1, -1)
    ]
    assert (body["total_orders"], body["total_sales"]) == (4, "30.00")


def test_the_twelve_months_cross_a_year() -> None:
    months = months_until(datetime(2026, 3, 31, tzinfo=UTC))
    assert (months[0], months[8:10], months[-1], len(months)) == ("2025-04", ["2025-12", "2026-01"], "2026-03", 12)


def test_an_average_is_rounded_to_cents() -> None:
    user = make_user()
    for price in ("0.01", "0.01", "0.02"):
        make_order(user, price=price)
    assert order_desk().get(f"{ORDERS}/statistics").json()["average_order_value"] == "0.03"


def test_sales_may_outgrow_the_total_of_one_order() -> None:
    user = make_user()
    for _ in range(2):
        make_order(user)
    Order.objects.update(total_amount="99999999999999.99")
    body = order_desk().get(f"{ORDERS}/statistics").json()
    assert body["total_sales"] == "199999999999999.98"
    assert body["top_customers"][0]["total_sales"] == body["monthly_trend"][-1]["total_sales"] == "199999999999999.98"


def test_the_ten_best_customers_are_named() -> None:
    for number in range(12):
        make_order(price=f"{number + 1}.00")
    best = order_desk().get(f"{ORDERS}/statistics").json()["top_customers"]
    assert [customer["total_sales"] for customer in best] == [f"{2 * number}.00" for number in range(12, 2, -1)]


def test_a_customer_sees_their_own_figures() -> None:
    order = make_order(price="10.00")
    make_order(price="99.00")
    body: dict[str, Any] = client_of(buyer_of(order)).get(f"{ORDERS}/user-statistics").json()
    assert (body["total_orders"], body["total_sales"], body["average_order_value"]) == (1, "20.00", "20.00")
    assert body["orders_by_status"]["pending"] == 1
    assert body["monthly_trend"][-1]["order_count"] == 1
    assert "top_customers" not in body


def test_statistics_are_read_at_once() -> None:
    desk, shopper = order_desk(), client_of(make_user())
    # The session, and of staff their devices and what they may do, which is two.
    for client, path, queries in ((desk, "statistics", 4 + 2), (shopper, "user-statistics", 1 + 1)):
        with CaptureQueriesContext(connection) as captured:
            client.get(f"{ORDERS}/{path}")
        assert len(captured) == queries
