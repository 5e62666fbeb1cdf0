"""Orders of guests: read and cancelled by their token, found by staff, ended by the clock."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.leaving import anonymise_user
from accounts.models import User
from api.models import IdempotencyKey
from events.actors import COMMAND, WORKER
from orders import services
from orders.models import Order
from orders.services import Buyer, Shipping, Wanted
from orders.tasks import adopt_orders, mail_customer
from orders.tests.clients import ORDERS, client_of, order_desk
from orders.tests.factories import (
    ADDRESS,
    STAFF,
    assert_sound,
    everything,
    make_article,
    make_order,
    make_user,
    stock_of,
)
from orders.tokens import opens, token_of

pytestmark = pytest.mark.django_db
TYPED = {
    "note": "Ring twice",
    "company": "Acme",
    "vat_id": "DE136695976",
    "billing_name": "Typed Name",
    "billing_company": "Payers",
}
SHIPPING: Any = {**ADDRESS, **TYPED}


@pytest.fixture
def order() -> Order:
    shipping: Shipping = SHIPPING
    placed = services.place_order(
        buyer=Buyer(None, "Ann@Example.com"),
        lines=[Wanted(2, variant_id=make_article(stock=5, sku="MUG", price="12.50").pk)],
        shipping=shipping,
        actor=STAFF,
    )
    return Order.objects.get(pk=placed.id)


def guest(order: Order, token: str = "") -> APIClient:
    client = APIClient()
    client.credentials(HTTP_X_ORDER_TOKEN=token or token_of(order.pk, order.number))
    return client


def the_mail() -> EmailMultiAlternatives:
    [sent] = mail.outbox
    assert isinstance(sent, EmailMultiAlternatives)
    return sent


def test_a_guest_reads_the_order_and_its_history_by_the_token(order: Order) -> None:
    answer = guest(order).get(f"{ORDERS}/{order.pk}")
    assert answer.status_code == 200
    document = answer.json()
    assert (document["user_id"], document["email"], document["note"]) == (None, "ann@example.com", "Ring twice")
    assert document["total_amount"] == document["items_total"] == "25.00"
    history = guest(order).get(f"{ORDERS}/{order.pk}/history")
    assert [step["event"] for step in history.json()] == ["placed"]


def test_a_token_opens_its_own_order_alone(order: Order) -> None:
    other = make_order()
    for client, path in [
        (guest(order, token_of(other.pk, other.number)), f"{ORDERS}/{order.pk}"),
        (guest(order), f"{ORDERS}/{other.pk}"),
        (guest(order, "ä"), f"{ORDERS}/{order.pk}"),
        (guest(order), f"{ORDERS}/{other.pk}/history"),
        (guest(order), f"{ORDERS}/999999"),
    ]:
        assert client.get(path).status_code == 404
    assert APIClient().get(f"{ORDERS}/{order.pk}").status_code == 401
    assert client_of(make_user()).get(f"{ORDERS}/{order.pk}").status_code == 404
    assert not opens("", order.pk, order.number)


@pytest.mark.parametrize("path", ["", "/my-orders", "/user-statistics", "/statistics"])
def test_a_token_opens_no_list(order: Order, path: str) -> None:
    assert guest(order).get(f"{ORDERS}{path}").status_code == 401


def test_a_token_neither_deletes_nor_moves_an_order_on(order: Order) -> None:
    before = everything()
    assert guest(order).delete(f"{ORDERS}/{order.pk}").status_code == 401
    assert guest(order).put(f"{ORDERS}/{order.pk}/status", {"status": "confirmed"}).status_code == 401
    assert everything() == before


def test_a_guest_cancels_a_pending_order_once(order: Order) -> None:
    mug = order.order_items.get().variant
    key = {"Idempotency-Key": "cancel"}
    first = guest(order).post(f"{ORDERS}/{order.pk}/cancel", {"reason": "Too late"}, headers=key)
    again = guest(order).post(f"{ORDERS}/{order.pk}/cancel", {"reason": "Too late"}, headers=key)
    assert (first.status_code, first.json()["status"], stock_of(mug)) == (200, "cancelled", (5, 0))
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    step = order.history.last()
    assert step is not None
    assert (step.actor, step.note, step.reason) == ("visitor", "Too late", "")
    assert IdempotencyKey.objects.get(user=None).owner == f"order:{order.pk}"
    assert_sound()


def test_a_guest_cancels_nothing_that_is_confirmed_and_has_no_words_for_staff(order: Order) -> None:
    assert guest(order).post(f"{ORDERS}/{order.pk}/cancel", {"message": "Hi"}).status_code == 400
    services.confirm_order(order_id=order.pk, actor=STAFF)
    before = everything()
    answer = guest(order).post(f"{ORDERS}/{order.pk}/cancel", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")
    assert everything() == before


def test_staff_see_and_find_the_orders_of_guests(order: Order, staff_pages: Callable[..., Any]) -> None:
    desk = order_desk()
    for words in ("ann@example", "Acme", "ring twice"):
        found = desk.get(ORDERS, {"search": words}).json()["results"]
        assert [row["order_id"] for row in found] == [order.pk], words
    pages = staff_pages("order desk")
    assert "ann@example.com (guest)" in pages.get("/admin/orders/order/").content.decode()
    page = pages.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    for text in ("A guest", "ann@example.com", "Ring twice", "Acme", "DE136695976"):
        assert text in page, text
    assert "ann@example.com" in pages.get("/admin/").content.decode()
    assert "Ring twice" in pages.get(f"/admin/orders/order/{order.pk}/slip/").content.decode()


def test_figures_count_guests_and_name_no_customer(order: Order) -> None:
    figures = order_desk().get(f"{ORDERS}/statistics").json()
    assert (figures["total_orders"], figures["total_sales"], figures["top_customers"]) == (1, "25.00", [])


def test_a_guest_is_mailed_the_link_and_nothing_that_was_typed(order: Order, settings: Settings) -> None:
    settings.ORDER_URL = "https://shop.test/orders/{order_id}?token={token}"
    settings.TERMS_URL, settings.WITHDRAWAL_INSTRUCTIONS = "https://shop.test/terms", "You may withdraw for 14 days."
    mail_customer(event_id=1, kind="order.placed", payload={"order_id": order.pk})
    sent = the_mail()
    assert sent.to == ["ann@example.com"]
    link = f"https://shop.test/orders/{order.pk}?token={token_of(order.pk, order.number)}"
    for body in (str(sent.body), str(sent.alternatives[0][0])):
        for text in (link, "https://shop.test/terms", "You may withdraw for 14 days.", "25.00 USD"):
            assert text in body, text
        for text in (*TYPED.values(), "Bo Smith", "1 Main Street"):
            assert text not in body, text
    assert "your account" not in str(sent.alternatives[0][0])


def test_what_a_guest_says_on_cancelling_is_not_mailed(order: Order) -> None:
    guest(order).post(f"{ORDERS}/{order.pk}/cancel", {"reason": "Read www.example.com"})
    mail_customer(event_id=1, kind="order.cancelled", payload={"order_id": order.pk})
    sent = the_mail()
    assert "www.example.com" not in str(sent.body) + str(sent.alternatives[0][0])


def confirmed(email: str) -> User:
    return make_user(email=email, email_confirmed_at=timezone.now())


def test_orders_come_to_the_account_whose_email_is_confirmed(order: Order) -> None:
    ann = confirmed("ANN@example.com")
    assert client_of(ann).get(f"{ORDERS}/{order.pk}").status_code == 404
    for _ in range(2):
        adopt_orders(event_id=1, kind="user.email_confirmed", payload={"user_id": ann.pk})
    [found] = client_of(ann).get(f"{ORDERS}/my-orders").json()["results"]
    assert (found["order_id"], found["user_id"], found["version"]) == (order.pk, ann.pk, 2)
    steps = order.history.values_list("event", "from_status", "to_status", "actor", "note")
    assert list(steps)[1:] == [("adopted", "pending", "pending", "system", "")]
    assert guest(order).get(f"{ORDERS}/{order.pk}").json() == found
    assert_sound()


def test_nothing_comes_to_an_account_without_a_confirmed_email_or_with_another_one(order: Order) -> None:
    before = everything()
    for user in (make_user(email="ann@example.com"), confirmed("bo@example.com")):
        assert services.adopt_orders(user_id=user.pk, actor=WORKER) == 0
    assert everything() == before


def test_what_was_adopted_is_forgotten_with_the_customer(order: Order) -> None:
    ann = confirmed("ann@example.com")
    services.adopt_orders(user_id=ann.pk, actor=WORKER)
    services.cancel_order(order_id=order.pk, actor=STAFF)
    anonymise_user(user_id=ann.pk, actor=COMMAND)
    order.refresh_from_db()
    assert (order.email, order.company, order.note, order.recipient_name) == ("",) * 4
    assert (order.billing_name, order.billing_company) == ("", "")
    assert order.vat_id == TYPED["vat_id"]


def test_a_guests_order_always_ends(order: Order, settings: Settings) -> None:
    kept, ended = make_order(), order
    settings.GUEST_ORDER_HOURS = 24
    Order.objects.update(order_date=Now() - timedelta(hours=23))
    assert services.expire_pending_orders() == 0
    assert list(Order.objects.about_to_end()) == [ended]
    Order.objects.update(order_date=Now() - timedelta(hours=25))
    assert services.expire_pending_orders() == 1
    assert dict(Order.objects.values_list("pk", "status")) == {kept.pk: "pending", ended.pk: "cancelled"}
    assert_sound()
