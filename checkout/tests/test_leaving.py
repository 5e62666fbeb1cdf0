"""Carts that nobody comes back to: marked, told of in the journal, perhaps reminded of, deleted in the end."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db.models.functions import Now
from pytest_django import Settings

from accounts import leaving
from catalog.models import Variant
from checkout import services, tasks
from checkout.models import Cart
from checkout.tests.factories import CARTS, carts, client_with_token, make_cart
from checkout.tokens import token_of
from events.actors import COMMAND, WORKER
from events.models import Event
from orders.tests.factories import make_article, make_order, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mug() -> Variant:
    return make_article(stock=10, sku="MUG", name="Mug")


def leave(cart: Cart, **since: float) -> None:
    """Let nobody have touched a cart for a while."""
    Cart.objects.filter(pk=cart.pk).update(updated_at=Now() - timedelta(**since))


def told() -> list[str]:
    return list(Event.objects.filter(kind="cart.abandoned").values_list("subject", flat=True))


def test_a_cart_that_nobody_touches_for_a_day_is_abandoned(mug: Variant) -> None:
    left, fresh, empty = make_cart({mug: 1}, email="bo@example.com"), make_cart({mug: 1}), make_cart()
    for cart, hours in ((left, 25), (fresh, 23), (empty, 25)):
        leave(cart, hours=hours)

    assert services.abandon_carts(actor=WORKER) == 1
    assert services.abandon_carts(actor=WORKER) == 0

    assert {cart.pk: cart.state for cart in Cart.objects.all()} == {
        left.pk: "abandoned",
        fresh.pk: "open",
        empty.pk: "open",
    }
    [event] = Event.objects.filter(kind="cart.abandoned")
    assert (event.subject, event.payload, event.actor) == (f"cart:{left.pk}", {"cart_id": str(left.pk)}, "system")


def test_the_journal_hears_of_carts_with_an_email_alone(mug: Variant) -> None:
    user = make_user()
    of_customer, of_nobody = make_cart({mug: 1}, user=user), make_cart({mug: 1})
    for cart in (of_customer, of_nobody):
        leave(cart, days=2)

    assert services.abandon_carts(actor=WORKER) == 2
    assert told() == [f"cart:{of_customer.pk}"]


def test_whoever_comes_back_opens_the_cart_again(mug: Variant) -> None:
    cart = make_cart({mug: 1}, state="abandoned")
    client = client_with_token(cart)

    assert client.get(f"{CARTS}/{cart.pk}").json()["state"] == "abandoned"
    assert client.post(f"{CARTS}/{cart.pk}/lines", {"sku": "MUG", "quantity": 1}).json()["state"] == "open"


def test_a_customer_who_comes_back_finds_the_abandoned_cart(mug: Variant) -> None:
    user = make_user()
    cart = make_cart({mug: 1}, user=user, state="abandoned")
    from accounts.tests.factories import client_of

    document = client_of(user).post(f"{CARTS}/").json()

    assert (document["cart_id"], document["state"]) == (str(cart.pk), "open")


def test_what_nobody_touches_for_a_month_is_deleted(mug: Variant) -> None:
    order = make_order()
    old = [
        make_cart({mug: 1}),
        make_cart({mug: 1}, state="abandoned"),
        make_cart({mug: 1}, state="placed", order=order),
    ]
    for cart in old:
        leave(cart, days=31)
    merged = make_cart(state="merged", merged_into=old[0])
    young = make_cart({mug: 1})
    leave(young, days=29)

    tasks.delete_old_carts(0)

    assert set(Cart.objects.values_list("pk", flat=True)) == {young.pk, merged.pk}
    assert Cart.objects.get(pk=merged.pk).merged_into_id is None
    order.refresh_from_db()


def test_a_person_who_is_forgotten_has_no_cart(mug: Variant) -> None:
    user = make_user()
    make_cart({mug: 1}, user=user, shipping_address={"city": "Springfield"})
    other = make_cart({mug: 1})

    leaving.forget(user, actor=COMMAND)

    assert list(Cart.objects.values_list("pk", flat=True)) == [other.pk]


# The reminder


@pytest.fixture
def reminding(settings: Settings) -> Settings:
    settings.CART_REMINDERS = True
    settings.CART_URL = "https://shop.example.com/cart?id={cart_id}&token={token}"
    return settings


def remind(cart: Cart) -> None:
    tasks.mail_cart_reminder(event_id=1, kind="cart.abandoned", payload={"cart_id": str(cart.pk)})


def test_a_guest_is_reminded_once_with_a_link_that_opens_the_cart(reminding: Settings, mug: Variant) -> None:
    cart = make_cart({mug: 2}, email="bo@example.com", state="abandoned", note="Ring twice.")

    remind(cart)
    remind(cart)

    [message] = mail.outbox
    assert message.to == ["bo@example.com"]
    assert message.subject == "Your cart at Shop"
    assert "2 x Mug" in message.body
    assert f"https://shop.example.com/cart?id={cart.pk}&token={token_of(cart.pk)}" in message.body
    # Nobody has confirmed the address: nothing that was typed is mailed.
    assert "Ring twice." not in message.body


def test_the_link_of_a_customer_has_no_token(reminding: Settings, mug: Variant) -> None:
    user = make_user()
    cart = make_cart({mug: 2}, user=user, state="abandoned")

    remind(cart)

    [message] = mail.outbox
    assert message.to == [user.email]
    assert message.body.count(f"id={cart.pk}&token=\n") == 1


def test_nobody_is_reminded_unless_the_shop_wants_it(mug: Variant) -> None:
    remind(make_cart({mug: 2}, email="bo@example.com", state="abandoned"))
    assert mail.outbox == []


def test_nobody_is_reminded_of_a_cart_that_is_open_again_or_gone(reminding: Any, mug: Variant) -> None:
    cart = make_cart({mug: 2}, email="bo@example.com")
    before = carts()
    remind(cart)
    Cart.objects.all().delete()
    remind(cart)
    assert mail.outbox == []
    assert before["Cart"][0]["state"] == "open"
