"""The stock list: how long each item lasts, what moved last, and what it can be narrowed by, on a page at a time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import LazySettings
from django.contrib.admin.templatetags.admin_list import result_headers
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.models import User
from accounts.tests.factories import make_user
from events.actors import COMMAND, Actor
from inventory import services
from inventory.models import StockItem, StockMovement
from inventory.tests.factories import StockItemFactory, WarehouseFactory, backdate

pytestmark = pytest.mark.django_db
STOCK = "/admin/inventory/stockitem/"


def promise(item: StockItem, units: int, reference: str = "order:1") -> StockMovement:
    services.reserve(reference=reference, quantities={item.pk: units}, actor=COMMAND)
    return StockMovement.objects.latest("id")


def column(client: Any, name: str, query: str = "") -> dict[str, str]:
    """What a column of the list says, by SKU."""
    page = client.get(STOCK + query)
    admin = page.context_data["cl"].model_admin
    return {row.sku: strip_tags(getattr(admin, name)(row)) for row in page.context_data["cl"].result_list}


def days_ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def test_the_list_says_how_many_days_stock_lasts_at_the_pace_of_four_weeks(keeper: Any) -> None:
    mug = StockItemFactory(sku="MUG", stock=42)
    StockItemFactory(sku="CUP", stock=42)
    promise(mug, 14)

    # 28 can still be promised, and 14 are wanted in 28 days.
    assert column(keeper, "cover") == {"CUP": "no demand", "MUG": "56"}


def test_what_was_wanted_before_the_four_weeks_or_given_back_is_no_demand(keeper: Any) -> None:
    old, returned = StockItemFactory(sku="OLD", stock=9), StockItemFactory(sku="RETURNED", stock=9)
    backdate(promise(old, 3), days_ago(29))
    promise(returned, 3, "order:2")
    services.release(reference="order:2", actor=COMMAND)

    assert column(keeper, "cover") == {"OLD": "no demand", "RETURNED": "no demand"}


def test_what_is_promised_out_lasts_no_day(keeper: Any) -> None:
    promise(StockItemFactory(sku="MUG", stock=3), 3)

    assert column(keeper, "cover") == {"MUG": "0"}


def test_the_list_says_what_moved_last_in_whichever_warehouse(keeper: Any) -> None:
    north = WarehouseFactory(code="north")
    mug = StockItemFactory(sku="MUG", stock={"main": 5, north.code: 5})
    StockItemFactory(sku="CUP")
    latest = promise(mug, 1)
    backdate(latest, datetime(2030, 1, 2, 3, 4, tzinfo=ZoneInfo("UTC")))

    assert column(keeper, "last_movement") == {"CUP": "", "MUG": "2 Jan 2030 03:04reserved, system"}


def test_the_list_is_sorted_only_by_what_need_not_be_asked_of_the_whole_ledger(keeper: Any) -> None:
    StockItemFactory(sku="MUG", stock=1)

    page = keeper.get(STOCK)

    sortable = {
        str(heading["text"]).lower() for heading in result_headers(page.context_data["cl"]) if heading["sortable"]
    }
    assert sortable == {"sku", "name", "on hand", "reserved", "available", "reorder point"}


@pytest.mark.parametrize("query", ["", "?changed=today", "?o=-3"])
def test_the_list_asks_as_often_for_forty_items_with_a_past_as_for_one(keeper: Any, query: str) -> None:
    promise(StockItemFactory(stock=5), 1)
    keeper.get(STOCK + query)
    with CaptureQueriesContext(connection) as few:
        keeper.get(STOCK + query)
    for number in range(39):
        promise(StockItemFactory(stock=5), 1, f"order:more-{number}")

    with CaptureQueriesContext(connection) as many:
        page = keeper.get(STOCK + query)

    assert len(page.context_data["cl"].result_list) == 40
    assert len(many) == len(few)


def test_items_that_have_moved_since_midnight_are_changed_today(keeper: Any) -> None:
    StockItemFactory(sku="NEW", stock=1)
    StockItemFactory(sku="STILL", stock=1)
    StockItemFactory(sku="NEVER")
    backdate(StockMovement.objects.get(level__item__sku="STILL"), days_ago(1))

    assert set(column(keeper, "item", "?changed=today")) == {"NEW"}
    assert set(column(keeper, "item", "?changed=nonsense")) == {"NEW", "STILL", "NEVER"}


def test_midnight_is_that_of_the_shops_time_zone(keeper: Any, settings: LazySettings) -> None:
    settings.SHOP_TIME_ZONE = "Pacific/Auckland"
    midnight = timezone.localtime(timezone=ZoneInfo("Pacific/Auckland")).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    for sku, at in (("BEFORE", midnight - timedelta(seconds=1)), ("SINCE", midnight)):
        StockItemFactory(sku=sku, stock=1)
        backdate(StockMovement.objects.get(level__item__sku=sku), at)

    assert set(column(keeper, "item", "?changed=today")) == {"SINCE"}


@pytest.fixture
def customer() -> User:
    return make_user(first_name="Zoe", last_name="Quill", email="zoe@example.com")


PAGES = [STOCK, f"{STOCK}{{item}}/why/", "/admin/inventory/stockmovement/"]


@pytest.mark.parametrize("path", PAGES)
def test_who_may_see_people_reads_who_it_was_beside_a_movement(
    staff_pages: Callable[..., Any], customer: User, path: str
) -> None:
    mug = StockItemFactory(sku="MUG", stock=5)
    services.reserve(reference="order:1", quantities={mug.pk: 1}, actor=Actor(customer.pk, "api"))

    page = staff_pages("order desk").get(path.format(item=mug.pk)).content.decode()

    assert f'<a href="/admin/accounts/user/{customer.pk}/change/">Zoe Quill</a>' in page


@pytest.mark.parametrize("path", PAGES)
def test_a_stock_keeper_reads_that_it_was_a_customer_and_not_who(keeper: Any, customer: User, path: str) -> None:
    mug = StockItemFactory(sku="MUG", stock=5)
    services.reserve(reference="order:1", quantities={mug.pk: 1}, actor=Actor(customer.pk, "api"))

    page = keeper.get(path.format(item=mug.pk)).content.decode()

    assert f"customer:{customer.pk}" in page
    assert not [secret for secret in ("Zoe", "Quill", "zoe@", "/accounts/user/") if secret in page]


@pytest.mark.parametrize("path", PAGES)
def test_pages_ask_as_often_for_twenty_people_as_for_one(staff_pages: Callable[..., Any], path: str) -> None:
    desk, mug = staff_pages("order desk"), StockItemFactory(sku="MUG", stock=50)
    others = [StockItemFactory(stock=5) for _ in range(19)]

    def bought_by_somebody(*items: StockItem) -> None:
        buyer = Actor(make_user().pk, "api")
        services.reserve(reference=f"order:{buyer.user_id}", quantities={item.pk: 1 for item in items}, actor=buyer)

    bought_by_somebody(mug)
    desk.get(path.format(item=mug.pk))
    with CaptureQueriesContext(connection) as few:
        desk.get(path.format(item=mug.pk))
    for other in others:
        bought_by_somebody(mug, other)

    with CaptureQueriesContext(connection) as many:
        page = desk.get(path.format(item=mug.pk))

    assert page.content.count(b"/admin/accounts/user/") >= 20
    # Where a list has several pages, the rows of one are found by their keys first, in a statement of its own.
    assert len(many) == len(few) + ("cl" in page.context and page.context["cl"].multi_page)
