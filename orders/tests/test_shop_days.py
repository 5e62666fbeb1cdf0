"""Days and months begin and end where the shop is, and times of the API stay in UTC."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from procrastinate.contrib.django import app

from api.fields import DayOrTimestamp
from database.days import day_of, first_moment, last_moment, today
from events.schedule import go_by_shop_time
from inventory.models import StockAlert
from inventory.tasks import mail_stock_digest
from orders import desk, figures
from orders.models import Order
from orders.statistics import order_statistics
from orders.tests.clients import order_desk
from orders.tests.factories import make_article, make_order

pytestmark = pytest.mark.django_db
# 23:30 on the 30th of June in UTC is July in Berlin.
LATE = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def berlin(settings: Any) -> None:
    settings.SHOP_TIME_ZONE = "Europe/Berlin"


def order_of(moment: datetime) -> Order:
    order = make_order(price="5.00")
    Order.objects.filter(pk=order.pk).update(order_date=moment)
    return order


@pytest.mark.parametrize(
    ("day", "first", "last", "hours"),
    [
        (date(2026, 1, 15), "2026-01-14T23:00:00", "2026-01-15T22:59:59.999999", 24),
        (date(2026, 7, 15), "2026-07-14T22:00:00", "2026-07-15T21:59:59.999999", 24),
        (date(2026, 3, 29), "2026-03-28T23:00:00", "2026-03-29T21:59:59.999999", 23),
        (date(2026, 10, 25), "2026-10-24T22:00:00", "2026-10-25T22:59:59.999999", 25),
    ],
)
def test_a_day_of_the_shop_has_23_to_25_hours(day: date, first: str, last: str, hours: int) -> None:
    begins, ends = first_moment(day), last_moment(day)

    assert (f"{begins:%Y-%m-%dT%H:%M:%S}", f"{ends:%Y-%m-%dT%H:%M:%S.%f}") == (first, last)
    assert ends + timedelta(microseconds=1) - begins == timedelta(hours=hours)
    assert ends + timedelta(microseconds=1) == first_moment(day + timedelta(days=1))
    assert day_of(begins) == day_of(ends) == day


@pytest.mark.parametrize("zone", ["America/Santiago", "Asia/Beirut", "Pacific/Apia", "Asia/Kathmandu", "UTC"])
def test_each_moment_is_in_one_day_where_clocks_change_at_midnight(settings: Any, zone: str) -> None:
    settings.SHOP_TIME_ZONE = zone
    for number in range(366):
        day = date(2026, 1, 1) + timedelta(days=number)
        assert last_moment(day) + timedelta(microseconds=1) == first_moment(day + timedelta(days=1))


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_the_ends_of_the_calendar_are_days_too(settings: Any, zone: str) -> None:
    settings.SHOP_TIME_ZONE = zone
    for day in ("0001-01-01", "9999-12-31"):
        for end_of_day in (False, True):
            assert DayOrTimestamp(end_of_day=end_of_day).to_internal_value(day).tzinfo is UTC
        assert order_desk().get("/api/v1/orders/", {"start_date": day, "end_date": day}).status_code == 200


def test_a_date_in_a_filter_is_a_day_of_the_shop_and_answers_are_in_utc() -> None:
    order = order_of(LATE)

    def found(**query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = order_desk().get("/api/v1/orders/", query).json()["results"]
        return rows

    [row] = found(start_date="2026-07-01", end_date="2026-07-01")
    assert (row["order_id"], row["order_date"]) == (order.pk, "2026-06-30T23:30:00Z")
    assert found(end_date="2026-06-30") == []
    assert found(start_date="2026-06-30T23:30:00Z", end_date="2026-06-30T23:30:00Z") == [row]
    assert order_desk().get("/api/v1/orders/statistics").json()["timestamp"].endswith("Z")


def test_months_of_the_statistics_are_months_of_the_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    order_of(month - timedelta(minutes=30))
    order_of(month + timedelta(days=5))

    trend = {month.month: month.order_count for month in order_statistics().monthly_trend}

    assert trend[f"{month:%Y-%m}"] == 2


def test_days_of_the_charts_are_days_of_the_shop() -> None:
    order_of(LATE)
    order_of(LATE - timedelta(hours=2))
    report = figures.report()
    figures.refresh(datetime(2026, 7, 10, 12, tzinfo=UTC))

    assert {day.date: day.count for day in figures.report().days.values()} == {
        date(2026, 6, 30): 1,
        date(2026, 7, 1): 1,
    }
    assert desk.days(report, date(2026, 7, 1)).today.count == 1


def test_today_is_the_shops(settings: Any) -> None:
    order_of(datetime.now(UTC))
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        settings.SHOP_TIME_ZONE = zone
        figures.refresh()
        shown = desk.days(figures.report()).today
        assert (shown.date, shown.count >= 0) == (today(), True)
        assert shown.count == (1 if first_moment(today()) <= Order.objects.get().order_date else 0)


def test_staff_read_times_of_the_shop(staff_pages: Callable[..., Any]) -> None:
    order = order_of(LATE)
    desk_of = staff_pages("order desk")

    assert "1 July 2026" in desk_of.get(f"/admin/orders/order/{order.pk}/slip/").content.decode()
    assert "1 Jul 2026 01:30" in desk_of.get("/admin/orders/order/").content.decode()


def test_the_digest_is_of_a_day_of_the_shop() -> None:
    article = make_article(stock=1)
    assert StockAlert.objects.filter(item=article.stock_item).exists()

    mail_stock_digest(timestamp=int(LATE.timestamp()))

    assert mail.outbox[0].subject.startswith("Stock on 2026-07-01: ")


def test_the_digest_comes_at_a_time_of_the_shop_on_days_when_clocks_change_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = app.periodic_registry.periodic_tasks[("inventory.tasks.mail_stock_digest", "")]
    assert job.cron == "0 6 * * *"
    for other in app.periodic_registry.periodic_tasks.values():
        monkeypatch.setitem(vars(other), "croniter", None)

    go_by_shop_time()

    def times(start: datetime) -> list[str]:
        job.croniter.set_current(start_time=start.timestamp())
        moments = [datetime.fromtimestamp(job.croniter.get_next(ret_type=float), UTC) for _ in range(3)]
        return [f"{moment:%m-%d %H:%M}" for moment in moments]

    assert times(datetime(2026, 3, 27, 12, tzinfo=UTC)) == ["03-28 05:00", "03-29 04:00", "03-30 04:00"]
    assert times(datetime(2026, 10, 23, 12, tzinfo=UTC)) == ["10-24 04:00", "10-25 05:00", "10-26 05:00"]
