"""Coming into the admin, its home page for each kind of staff, and the search of the journal."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.views.defaults import server_error
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import passwords
from accounts.models import User
from accounts.tests.factories import PASSWORD, make_user
from config.admin import login as admin_login
from events.actors import COMMAND
from events.models import Event
from inventory.tests.factories import StockItemFactory
from orders import desk, figures
from orders.models import Order
from orders.tests.factories import make_order
from staff.tests.pages import errors_of, messages_of, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(db: None) -> User:
    return make_user(password=PASSWORD, is_staff=True, email="staff@example.com")


def log_in(client: Client, **more: str) -> Any:
    return client.post("/admin/login/?next=/admin/", {"username": "STAFF@example.com", "password": PASSWORD} | more)


def code_of(device: TOTPDevice) -> str:
    return f"{totp(device.bin_key, device.step, device.t0, device.digits, device.drift):06}"


def test_staff_come_in_with_email_and_password(client: Client, worker: User) -> None:
    assert log_in(client).headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_wrong_password_and_a_customer_are_refused_alike(client: Client, worker: User) -> None:
    make_user(password=PASSWORD, email="customer@example.com")

    wrong = log_in(client, password="wrong")
    customer = log_in(client, username="customer@example.com")

    assert "Please enter the correct" in wrong.content.decode()
    assert "Please enter the correct" in customer.content.decode()
    assert client.get("/admin/").status_code == 302


def test_guessing_ends_after_some_attempts(client: Client, worker: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (2, 60)
    for _ in range(2):
        log_in(client, password="wrong")

    assert "Too many attempts" in log_in(client).content.decode()


@contextmanager
def crowd_at_the_gate() -> Iterator[None]:
    """As many people sign in as there are places for."""
    with ExitStack() as places:
        for _ in range(passwords.PLACES):
            places.enter_context(passwords.place_in(passwords._places, seconds=0))
        yield


def test_in_a_crowd_staff_are_told_to_try_again(client: Client, worker: User) -> None:
    with crowd_at_the_gate():
        turned_away = log_in(client)

    assert "Too many people are signing in" in turned_away.content.decode()
    assert client.get("/admin/").status_code == 302
    assert log_in(client).status_code == 302


def test_in_a_crowd_ones_own_password_stays_as_it_is(client: Client, worker: User) -> None:
    log_in(client)
    url, new = "/admin/password_change/", {"new_password1": "another long one 7", "new_password2": "another long one 7"}

    with crowd_at_the_gate():
        turned_away = send(client, url, "old_password", old_password=PASSWORD, **new)

    assert "Too many people are signing in" in errors_of(turned_away)
    worker.refresh_from_db()
    assert worker.check_password(PASSWORD)


def test_a_crowd_that_comes_between_old_and_new_password_is_told(
    client: Client, worker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(client)
    new = {"old_password": PASSWORD, "new_password1": "another long one 7", "new_password2": "another long one 7"}
    crowd = crowd_at_the_gate()
    valid = admin_login.PasswordForm.is_valid

    def valid_then_crowded(form: Any) -> bool:
        answer = valid(form)
        crowd.__enter__()
        return answer

    monkeypatch.setattr(admin_login.PasswordForm, "is_valid", valid_then_crowded)
    answer = send(client, "/admin/password_change/", "old_password", **new)
    crowd.__exit__(None, None, None)

    assert messages_of(answer) == ["Too many people are signing in at this moment; try again."]
    worker.refresh_from_db()
    assert worker.check_password(PASSWORD)


def test_a_wrong_old_password_is_refused(client: Client, worker: User) -> None:
    log_in(client)
    new = {"old_password": "wrong", "new_password1": "another long one 7", "new_password2": "another long one 7"}

    assert "incorrectly" in errors_of(send(client, "/admin/password_change/", "old_password", **new))


def test_browsers_find_an_icon_where_they_look_for_one(client: Client) -> None:
    assert client.get("/favicon.ico").headers["Location"] == "/static/shop/icon.svg"
    assert 'rel="icon" href="/static/shop/icon.svg"' in client.get("/admin/login/").content.decode()


def test_whoever_has_a_device_needs_its_code(client: Client, worker: User) -> None:
    device = TOTPDevice.objects.create(user=worker, name="phone")

    asked = log_in(client)
    wrong = log_in(client, otp_token="000000")
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    right = log_in(client, otp_token=code_of(device))

    assert "Code from your device" in asked.content.decode()
    assert "Invalid token" in wrong.content.decode()
    assert right.status_code == 302


def test_with_several_devices_one_is_chosen(client: Client, worker: User) -> None:
    phone = TOTPDevice.objects.create(user=worker, name="phone")
    StaticDevice.objects.create(user=worker, name="paper").token_set.create(token="abcdef")

    asked = log_in(client)
    unsaid = log_in(client, otp_token="abcdef")
    right = log_in(client, otp_token=code_of(phone), otp_device=phone.persistent_id)

    assert "paper" in asked.content.decode()
    assert unsaid.status_code == 200
    assert right.status_code == 302


def test_where_codes_are_required_nobody_comes_in_without(client: Client, worker: User, settings: Any) -> None:
    client.force_login(worker)
    settings.ADMIN_REQUIRE_OTP = True

    assert client.get("/admin/").status_code == 302
    assert "you have no device for it yet" in log_in(client).content.decode()

    device = TOTPDevice.objects.create(user=worker, name="phone")
    assert log_in(client, otp_token=code_of(device)).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_ones_own_password_is_changed_through_the_service(client: Client, worker: User) -> None:
    log_in(client)
    new = {"old_password": PASSWORD, "new_password1": "another long one 7", "new_password2": "another long one 7"}

    answer = send(client, "/admin/password_change/", "old_password", **new)

    assert answer.headers["Location"] == "/admin/password_change/done/"
    assert client.get("/admin/").status_code == 200
    worker.refresh_from_db()
    assert worker.check_password("another long one 7")
    event = Event.objects.get(kind="user.password_changed")
    assert (event.actor, event.channel) == (f"staff:{worker.pk}", "admin")


def test_logging_out_ends_it(client: Client, worker: User) -> None:
    log_in(client)

    client.post("/admin/logout/")

    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize(
    ("group", "parts"),
    [
        ("stock keeper", {"alerts"}),
        ("order desk", {"alerts", "days", "waiting"}),
        ("catalog editor", {"alerts"}),
        ("administrator", {"alerts", "days", "waiting", "journal"}),
    ],
)
def test_home_shows_what_each_has_to_do(staff_pages: Callable[..., Any], group: str, parts: set[str]) -> None:
    make_order()
    StockItemFactory(stock=1)

    context = staff_pages(group).get("/admin/").context_data

    assert {"alerts", "days", "waiting", "journal"} & set(context) == parts


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
