"""The lists of the admin and its home page know days as the shop does: each filter by a day begins and ends there."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib import admin
from django.db import models

from database.days import first_moment, today
from orders.models import Order
from orders.tests.factories import make_order
from tests.admin_pages import ADMINS, page_of

pytestmark = pytest.mark.django_db
# Wherever the clock stands while this runs, in one of them it is another day than in UTC.
ZONES = ["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin"]
# The filters that have something to do with days. A new one has to be named here, and is asked below.
BY_DAY = {
    ("orders.order", "order_date"),
    ("orders.return", "requested_at"),
    ("payments.payment", "created_at"),
    ("inventory.stockmovement", "at"),
    ("procrastinate.procrastinatejob", "scheduled_at"),
    *(
        (f"otp_{kind}device", column)
        for kind in ("static.static", "totp.totp")
        for column in ("created_at", "last_used_at")
    ),
}
# Those that ask only whether there is a moment.
BY_PRESENCE = {("orders.order", "deleted_at"), ("inventory.stockalert", "closed_at"), ("events.sentmail", "sent_at")}


def moments(label: str) -> dict[str, type[admin.FieldListFilter] | None]:
    """The columns with a moment or a day that a list is filtered by, each with its filter."""
    model, found = ADMINS[label].model, dict[str, Any]()
    filters: Any = ADMINS[label].list_filter
    for named in filters:
        field, filter = named if isinstance(named, tuple) else (named, None)
        column = model._meta.get_field(field.split("__")[0]) if isinstance(field, str) else None
        if isinstance(column, models.DateField):  # a moment is one too
            found[field] = filter
    return found


def test_each_filter_by_a_moment_is_known() -> None:
    found = {
        (label, field): issubclass(filter or admin.DateFieldListFilter, admin.DateFieldListFilter)
        for label in ADMINS
        for field, filter in moments(label).items()
    }
    assert {of for of, by_day in found.items() if by_day} == BY_DAY
    assert {of for of, by_day in found.items() if not by_day} == BY_PRESENCE
    assert [label for label, of_list in ADMINS.items() if of_list.date_hierarchy] == []


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("label", "field"), sorted(BY_DAY))
def test_a_filter_by_a_day_begins_and_ends_with_the_day_of_the_shop(
    label: str, field: str, zone: str, settings: Any, staff_pages: Any
) -> None:
    settings.SHOP_TIME_ZONE = zone
    page = staff_pages().get(f"/admin/{page_of(label)}").content.decode()

    links = [dict(parse_qsl(urlsplit(unescape(link)).query)) for link in re.findall(r'href="(\?[^"]*)"', page)]
    spans = [
        (datetime.fromisoformat(link[f"{field}__gte"]), datetime.fromisoformat(link[f"{field}__lt"]))
        for link in links
        if f"{field}__gte" in link
    ]

    tomorrow, day = first_moment(today() + timedelta(days=1)), today()
    assert spans == [
        (first_moment(day), tomorrow),
        (first_moment(day - timedelta(days=7)), tomorrow),
        (first_moment(day.replace(day=1)), first_moment((day.replace(day=1) + timedelta(days=32)).replace(day=1))),
        (first_moment(day.replace(month=1, day=1)), first_moment(day.replace(year=day.year + 1, month=1, day=1))),
    ]


@pytest.mark.parametrize("zone", ZONES)
def test_a_list_of_today_has_the_orders_of_the_shops_day(zone: str, settings: Any, staff_pages: Any) -> None:
    settings.SHOP_TIME_ZONE = zone
    begins, ends = first_moment(today()), first_moment(today() + timedelta(days=1))
    orders = [make_order() for _ in range(4)]
    wanted = [begins - timedelta(seconds=1), begins, ends - timedelta(seconds=1), ends]
    for order, moment in zip(orders, wanted, strict=True):
        Order.objects.filter(pk=order.pk).update(order_date=moment)
    browser = staff_pages()

    page = browser.get("/admin/orders/order/").content.decode()
    [link] = set(re.findall(r'href="(\?[^"]*)">\s*Today', page))
    listed = browser.get(f"/admin/orders/order/{unescape(link)}").content.decode()

    assert [order.number in listed for order in orders] == [False, True, True, False]


@pytest.mark.parametrize("zone", ZONES)
def test_the_home_page_counts_the_orders_of_the_shops_day(zone: str, settings: Any, staff_pages: Any) -> None:
    settings.SHOP_TIME_ZONE = zone
    begins = first_moment(today())
    for moment in (begins - timedelta(seconds=1), begins):
        Order.objects.filter(pk=make_order().pk).update(order_date=moment)

    page = staff_pages().get("/admin/").content.decode()

    [number] = re.findall(r"<h2>Orders today</h2>\s*<p class=\"number\">(\d+)</p>", page)
    assert number == "1"
    assert f"on a {today():%A}" in page


@pytest.mark.parametrize("label", sorted(ADMINS))
def test_a_part_of_a_moment_is_no_filter(label: str, staff_pages: Any) -> None:
    """`?at__day=` would be a day of the session's time zone in some lists, and of UTC in others: it is refused."""
    browser = staff_pages()
    columns = [field.name for field in ADMINS[label].model._meta.get_fields() if isinstance(field, models.DateField)]
    for column in columns:
        for part in ("day", "date", "month", "year", "hour"):
            answer = browser.get(f"/admin/{page_of(label)}", {f"{column}__{part}": "1"})
            assert answer.status_code in (400, 302), (column, part)
