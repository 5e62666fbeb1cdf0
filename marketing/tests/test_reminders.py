"""The reminder of a cart that was left: once for each cart, with a link that leads back to it."""

import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.models import User
from catalog.models import Variant
from checkout.models import Cart
from checkout.tests.factories import make_cart
from checkout.tokens import token_of
from events.mail_server import pause
from events.mails import NotSent
from marketing.models import CartReminder
from marketing.tasks import mail_cart_reminder, purge_consents
from marketing.tests.factories import make_consent
from marketing.tests.test_campaigns import Server
from orders.tests.factories import make_article, make_user, place
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mug() -> Variant:
    return make_article(stock=10, sku="MUG", name="Mug")


@pytest.fixture(autouse=True)
def reminding(settings: Settings) -> Iterator[Settings]:
    settings.CART_REMINDERS = True
    settings.CART_URL = "https://shop.example.com/cart?id={cart_id}&token={token}"
    settings.EMAIL_BACKEND = "marketing.tests.test_campaigns.Server"
    yield settings
    Server.trouble = None
    pause.failures, pause.until = 0, 0.0


def remind(cart: Cart) -> None:
    mail_cart_reminder(event_id=1, kind="cart.abandoned", payload={"cart_id": str(cart.pk)})


def test_a_guest_is_reminded_once_with_a_link_that_opens_the_cart(mug: Variant) -> None:
    make_consent("bo@example.com")
    cart = make_cart({mug: 2}, email="Bo@Example.com", state="abandoned", note="Ring twice.")

    remind(cart)
    remind(cart)

    [message] = mail.outbox
    assert message.to == ["bo@example.com"]
    assert message.subject == "Your cart at Shop"
    assert "2 x Mug" in message.body
    assert f"https://shop.example.com/cart?id={cart.pk}&token={token_of(cart.pk)}" in message.body
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # Whoever has typed the address need not be its owner: nothing that was typed is mailed.
    assert "Ring twice." not in message.body
    assert CartReminder.objects.get().sent_at is not None


def test_the_link_of_a_customer_has_no_token(mug: Variant) -> None:
    user: User = make_user()
    make_consent(user.email.lower())
    cart = make_cart({mug: 2}, user=user, state="abandoned")

    remind(cart)

    [message] = mail.outbox
    assert message.to == [user.email]
    assert message.body.count(f"id={cart.pk}&token=\n") == 1


def test_a_cart_that_is_open_again_gone_or_ordered_is_not_reminded_of(mug: Variant) -> None:
    make_consent("bo@example.com")
    cart = make_cart({mug: 2}, email="bo@example.com")
    remind(cart)
    Cart.objects.all().delete()
    remind(cart)
    user = make_user(email="bob@example.com")
    make_consent("bob@example.com")
    ordered = make_cart({mug: 2}, user=user, state="abandoned")
    place(user, {mug: 1})  # by another way, after the cart was left
    remind(ordered)
    assert mail.outbox == []


def test_a_cart_that_is_left_again_is_not_reminded_of_again(mug: Variant) -> None:
    make_consent("bo@example.com")
    cart = make_cart({mug: 2}, email="bo@example.com", state="abandoned")
    remind(cart)
    Cart.objects.filter(pk=cart.pk).update(state="open", updated_at=Now())
    Cart.objects.filter(pk=cart.pk).update(state="abandoned")
    remind(cart)
    assert len(mail.outbox) == 1


def test_two_jobs_at_once_send_one(mug: Variant) -> None:
    make_consent("bo@example.com")
    cart = make_cart({mug: 2}, email="bo@example.com", state="abandoned")
    at_once([lambda: remind(cart)] * 4)
    assert len(mail.outbox) == 1


def test_what_the_server_certainly_did_not_take_is_tried_again(mug: Variant) -> None:
    make_consent("bo@example.com")
    cart = make_cart({mug: 2}, email="bo@example.com", state="abandoned")

    def away(message: Any) -> None:
        raise ConnectionRefusedError

    Server.trouble = away
    with pytest.raises(NotSent):
        remind(cart)
    Server.trouble = None
    remind(cart)
    assert len(mail.outbox) == 1


def test_what_the_server_may_have_taken_is_not(mug: Variant) -> None:
    make_consent("bo@example.com")
    cart = make_cart({mug: 2}, email="bo@example.com", state="abandoned")

    def hangs_up(message: Any) -> None:
        error = smtplib.SMTPServerDisconnected()
        error.while_sending = True  # type: ignore[attr-defined]
        raise error

    Server.trouble = hangs_up
    remind(cart)
    Server.trouble = None
    remind(cart)
    assert mail.outbox == []


def test_what_is_known_of_a_reminder_ends_with_its_cart(mug: Variant) -> None:
    make_consent("bo@example.com")
    gone, stays = (make_cart({mug: 1}, email="bo@example.com", state="abandoned") for _ in range(2))
    for cart in (gone, stays):
        remind(cart)
    gone.delete()
    purge_consents(0)
    assert [row.cart_id for row in CartReminder.objects.all()] == [stays.pk]
