"""Customers are forgotten when no parcel needs their name any more, whichever way they go."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from accounts import leaving
from accounts.exceptions import InvalidToken, Unfinished
from accounts.leaving import anonymise_user, erase_leavers
from accounts.models import User
from database.transactions import run_unit
from events.actors import COMMAND, WORKER
from orders import services
from orders.models import Order
from orders.services import placing
from orders.services.statements import RESOLVE
from orders.tests.factories import ADDRESS, STAFF, everything, make_article, make_order, make_user, place
from tests.threads import apart, overtaken


def forget(user: User) -> None:
    anonymise_user(user_id=user.pk, actor=COMMAND)


def is_forgotten(user: User) -> bool:
    return User.objects.get(pk=user.pk).anonymised_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["pending", "confirmed"])
def test_who_has_open_orders_is_not_forgotten(status: str) -> None:
    user = make_user(phone="1")
    first, second = make_order(user, status=status), make_order(user)
    make_order(user, status="shipped")
    before, person = everything(), User.objects.filter(pk=user.pk).values().get()
    with pytest.raises(Unfinished) as refusal:
        forget(user)
    assert refusal.value.detail == f"This must end first: order {first.number}, order {second.number}."
    assert refusal.value.extra == {"unfinished": [f"order {first.number}", f"order {second.number}"]}
    assert (everything(), User.objects.filter(pk=user.pk).values().get()) == (before, person)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["shipped", "delivered", "cancelled", "deleted"])
def test_closed_orders_lose_their_recipient_with_the_customer(status: str) -> None:
    user, other = make_user(), make_order(make_user())
    order = make_order(user, status="pending" if status == "deleted" else status)
    if status == "deleted":
        services.delete_order(order_id=order.pk, actor=STAFF)
        order.refresh_from_db()
    forget(user)
    left = Order.objects.get(pk=order.pk)
    assert (left.recipient_name, left.phone) == ("", "")
    assert (left.shipping_city, left.total_amount) == (ADDRESS["shipping_city"], order.total_amount)
    assert left.version == order.version + 1
    other.refresh_from_db()
    assert other.recipient_name == ADDRESS["recipient_name"]


@pytest.mark.django_db
def test_staff_are_told_what_is_open_before_and_after_they_ask(staff_pages: Callable[..., Any]) -> None:
    user = make_user()
    order = make_order(user)
    clerk, url = staff_pages("administrator"), f"/admin/accounts/user/{user.pk}/anonymise/"
    said = f"This must end first: order {order.number}."
    assert said in clerk.get(url).content.decode()
    answer = clerk.post(url, {"sure": "on"})
    assert (answer.status_code, answer.content.decode().count(said)) == (200, 2)
    assert not is_forgotten(user)
    services.cancel_order(order_id=order.pk, actor=STAFF)
    assert "must end first" not in clerk.get(url).content.decode()
    assert clerk.post(url, {"sure": "on"}).status_code == 302
    assert is_forgotten(user)


@pytest.mark.django_db
def test_who_leaves_is_erased_after_the_last_open_order(
    staff_pages: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    user = make_user(leaving_at=timezone.now() - timedelta(days=100))
    waits_for_nothing = make_user(leaving_at=timezone.now() - timedelta(days=100))
    order = make_order(user, status="confirmed")
    page = f"/admin/accounts/user/{user.pk}/change/"
    with caplog.at_level(logging.INFO):
        assert erase_leavers(actor=WORKER) == 1
    assert f"user {user.pk} leaves later: This must end first: order {order.number}." in caplog.text
    assert (is_forgotten(user), is_forgotten(waits_for_nothing)) == (False, True)
    assert f"It waits for order {order.number}." in staff_pages("administrator").get(page).content.decode()
    services.ship_order(order_id=order.pk, actor=STAFF)
    assert "It waits for" not in staff_pages("administrator").get(page).content.decode()
    assert erase_leavers(actor=WORKER) == 1
    order.refresh_from_db()
    assert (is_forgotten(user), order.recipient_name) == (True, "")


@pytest.mark.django_db(transaction=True)
def test_an_order_on_its_way_is_waited_for_and_keeps_its_customer() -> None:
    user, mug = make_user(), make_article(stock=5)
    outcome = overtaken(partial(place, user, {mug: 1}), partial(forget, user))
    assert isinstance(outcome, Unfinished)
    assert not is_forgotten(user)


@pytest.mark.django_db(transaction=True)
def test_who_is_forgotten_meanwhile_orders_nothing() -> None:
    user, mug = make_user(), make_article(stock=5)
    before = everything()
    outcome = overtaken(partial(forget, user), partial(place, user, {mug: 1}))
    assert isinstance(outcome, InvalidToken)
    assert is_forgotten(user)
    after = everything()
    after["Event"] = [event for event in after["Event"] if event["kind"] != "user.anonymised"]
    assert after == before


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_a_forgotten_customer_has_an_open_order(monkeypatch: pytest.MonkeyPatch) -> None:
    user, mug = make_user(), make_article(stock=5)
    monkeypatch.setattr(placing, "RESOLVE", RESOLVE.replace(leaving.LOCK_PERSON, "select null"))

    def forget_before_the_order_is_on_disk() -> Any:
        place(user, {mug: 1})
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(apart, partial(forget, user)).result(20)

    assert run_unit(forget_before_the_order_is_on_disk) is None
    assert is_forgotten(user)
    assert Order.objects.open().filter(user=user).exists()
