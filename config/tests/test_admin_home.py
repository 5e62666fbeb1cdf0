"""The home page of the admin for each kind of staff, the search of the journal, and where references lead."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.views.defaults import server_error

from accounts.models import User
from accounts.tests.factories import PASSWORD, make_user
from events.actors import COMMAND
from events.models import Event
from inventory.tests.factories import StockItemFactory
from orders import desk, figures
from orders.models import Order
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(db: None) -> User:
    return make_user(password=PASSWORD, is_staff=True, email="staff@example.com")


@pytest.mark.parametrize(
    ("group", "parts"),
    [
        ("stock keeper", {"worklist"}),
        ("order desk", {"worklist", "days", "waiting"}),
        ("catalog editor", {"worklist"}),
        ("administrator", {"worklist", "days", "waiting", "journal"}),
    ],
)
def test_home_shows_what_each_has_to_do(staff_pages: Callable[..., Any], group: str, parts: set[str]) -> None:
    make_order()
    StockItemFactory(stock=1)

    context = staff_pages(group).get("/admin/").context_data

    assert {"worklist", "days", "waiting", "journal"} & set(context) == parts


def test_whoever_may_see_nothing_is_told_so(staff_pages: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(make_user(is_staff=True))

    assert b"what you may see" in client.get("/admin/").content


def test_home_counts_what_waits_and_shows_the_oldest_first(staff_pages: Callable[..., Any]) -> None:
    orders = [make_order() for _ in range(8)]
    Order.objects.filter(pk=orders[5].pk).update(order_date=datetime.now(UTC) - timedelta(days=3))
    make_order(status="confirmed")

    pending, confirmed = staff_pages("order desk").get("/admin/").context_data["waiting"]

    assert (pending.count, confirmed.count) == (8, 1)
    assert pending.oldest[0] == orders[5]
    assert len(pending.oldest) == 6


def test_home_asks_as_often_for_many_rows_as_for_one(staff_pages: Callable[..., Any]) -> None:
    pages = staff_pages()
    make_order()
    StockItemFactory(stock=1)
    pages.get("/admin/")
    with CaptureQueriesContext(connection) as few:
        pages.get("/admin/")
    for _ in range(12):
        make_order()
        StockItemFactory(stock=1)

    with CaptureQueriesContext(connection) as many:
        pages.get("/admin/")

    assert len(many) == len(few)


def test_today_stands_beside_what_is_usual_on_its_weekday() -> None:
    today = datetime(2026, 11, 23, 12, tzinfo=UTC)
    for weeks, count in ((0, 3), (1, 4), (2, 4)):
        for _ in range(count):
            order = make_order(price="10.00")
            Order.objects.filter(pk=order.pk).update(order_date=today - timedelta(weeks=weeks))
    cancelled = make_order(status="cancelled")
    Order.objects.filter(pk=cancelled.pk).update(order_date=today)

    figures.refresh(today)

    days = desk.days(figures.report(), today.date())

    assert (days.today.count, days.today.amount) == (3, Decimal(60))
    assert (days.usual_count, days.usual_amount) == (1, Decimal(20))
    assert [day.count for day in days.days][-8:] == [4, 0, 0, 0, 0, 0, 0, 3]


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("?q=order:{order}", {"order.placed", "order.confirmed"}),
        ("?q=staff:1000000", {"order.confirmed"}),
        ("?q=order.placed", {"order.placed"}),
        ("?q=order.placed order:{order}", {"order.placed"}),
        ("?q=nobody@example.com", set()),
        ("?q=staff@example.com", {"item.looked_at"}),
        ("?area=order&channel=api", {"order.placed", "order.confirmed"}),
        ("?channel=worker", set()),
    ],
)
def test_the_journal_is_searched(staff_pages: Callable[..., Any], worker: User, query: str, kinds: set[str]) -> None:
    order = make_order(status="confirmed")
    Event.objects.create(kind="item.looked_at", subject="item:1", actor=f"staff:{worker.pk}", channel="admin")

    page = staff_pages("administrator").get("/admin/events/event/" + query.format(order=order.pk))

    assert {event.kind for event in page.context_data["cl"].result_list} == kinds


def test_a_subject_of_the_journal_leads_to_the_page_that_explains_it(staff_pages: Callable[..., Any]) -> None:
    staff, item, order = staff_pages(), StockItemFactory(sku="MUG"), make_order()

    def page_of(subject: str) -> str:
        return str(staff.get(f"/admin/subject/{subject}").headers.get("Location"))

    assert page_of("sku:MUG") == page_of(f"item:{item.pk}") == f"/admin/inventory/stockitem/{item.pk}/why/"
    assert page_of(f"order:{order.pk}") == f"/admin/orders/order/{order.pk}/change/"
    assert page_of("warehouse:main") == "/admin/inventory/warehouse/?q=main"
    assert page_of("stock:DN-1") == "/admin/inventory/stockmovement/?q=DN-1"
    assert staff.get("/admin/subject/sku:NONE").status_code == 404
    assert staff.get("/admin/subject/nonsense").status_code == 404


def test_a_reference_leads_to_its_order_or_to_its_movements(staff_pages: Callable[..., Any]) -> None:
    staff, order = staff_pages(), make_order()

    to_order = staff.get(f"/admin/reference/{order.reference}")
    to_movements = staff.get("/admin/reference/DN-2026/11")

    assert to_order.headers["Location"] == f"/admin/orders/order/{order.pk}/change/"
    assert to_movements.headers["Location"] == "/admin/inventory/stockmovement/?q=DN-2026/11"


def test_an_actor_of_the_admin_is_staff(rf: Any, worker: User) -> None:
    from events.actors import admin_actor

    request = rf.get("/")
    request.user = worker

    assert str(admin_actor(request)) == f"staff:{worker.pk}"
    assert str(COMMAND) == "system"


def test_a_section_leads_to_its_first_place_that_one_may_see(staff_pages: Callable[..., Any]) -> None:
    assert staff_pages("stock keeper").get("/admin/inventory/").headers["Location"] == "/admin/inventory/stockitem/"
    assert staff_pages("catalog editor").get("/admin/orders/").status_code == 404


def test_a_stock_keeper_finds_every_verb_of_stock(staff_pages: Callable[..., Any]) -> None:
    page = staff_pages("stock keeper").get("/admin/").content.decode()
    assert "Record a loss" in page
    assert "Record a loss" not in staff_pages("catalog editor").get("/admin/").content.decode()


def test_who_has_left_the_way_sees_a_page_of_ours(staff_pages: Callable[..., Any], client: Client) -> None:
    editor = staff_pages("catalog editor")
    for answer, status, words in (
        (editor.get("/admin/orders/order/"), 403, "You may not see this"),
        (client.get("/nowhere"), 404, "There is no such page"),
        (client.get("/admin/login/?next=%00"), 400, "This address means nothing"),
    ):
        page = answer.content.decode()
        assert answer.status_code == status
        assert words in page
        assert 'href="/static/shop/admin.css"' in page
    assert "Something went wrong" in server_error(client.get("/nowhere").wsgi_request).content.decode()


def test_lists_of_libraries_have_words_for_staff(staff_pages: Callable[..., Any]) -> None:
    page = staff_pages().get("/admin/").content.decode()
    assert "Authenticator apps" in page
    assert "TOTP" not in page
    assert "Procrastinate" not in page
