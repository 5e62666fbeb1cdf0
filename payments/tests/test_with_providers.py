"""Orders that are paid at the fake of the providers: from the first call to the last refund, by the services."""

import socket
from decimal import Decimal
from typing import Any

import pytest

from orders import services as order_services
from orders.models import Order
from orders.services import Asked
from orders.tests.factories import STAFF, make_order
from payments import services
from payments.models import Operation, Payment
from payments.providers import paypal, paypal_calls, provider
from payments.services.reconciling import ask_cancel
from payments.tests.factories import assert_money_sound, carried_out, figures, refund, status_of
from tests.providers.helper import FakeProviders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_token() -> None:
    paypal_calls._tokens.clear()


def begin(name: str, order: Order | None = None) -> Payment:
    """A payment that the provider knows."""
    order_id = (order or make_order()).pk
    begun = services.begin_payment(
        order_id=order_id, provider=name, actor=STAFF, return_url="https://shop.example.com/"
    )
    services.carry_on(begun.operations)
    return Payment.objects.get(pk=begun.payment_id)


def kinds(payment: Payment) -> list[tuple[str, str]]:
    return [(operation.kind, operation.state) for operation in payment.operations.order_by("id")]


@pytest.mark.parametrize("name", ["stripe", "paypal"])
def test_money_is_set_apart_taken_with_the_goods_and_given_back(fake: FakeProviders, name: str) -> None:
    payment = begin(name)
    assert figures(payment) == ("open", "0.00", "0.00", "unpaid")
    fake.customer("pay", payment.provider_ref or "")
    services.look(payment.pk)
    assert (status_of(payment), figures(payment)) == ("confirmed", ("authorized", "0.00", "0.00", "authorized"))
    assert fake.books(payment.pk)[0]["charges"] == []

    order_services.ship_order(order_id=payment.order_id, actor=STAFF)
    carried_out()
    assert figures(payment) == ("paid", "20.00", "0.00", "paid")
    refund(payment, amount=Decimal("5"), reason="Scratched")
    assert figures(payment) == ("paid", "20.00", "5.00", "partly_refunded")
    books = fake.books(payment.pk)[0]
    assert [row["amount"] for row in books["charges"]] == ["20.00"]
    assert [(row["amount"], row["operation_id"]) for row in books["refunds"]] == [
        ("5.00", str(payment.operations.get(kind="refund").pk))
    ]
    fake.customer("refund", payment.provider_ref or "", amount="200" if name == "stripe" else "2")
    services.look(payment.pk)
    assert figures(payment) == ("paid", "20.00", "7.00", "partly_refunded")
    assert_money_sound()


def paid_at(fake: FakeProviders, name: str) -> Payment:
    """A payment of 20.00 whose money was taken."""
    payment = begin(name)
    fake.customer("pay", payment.provider_ref or "")
    services.look(payment.pk)
    order_services.ship_order(order_id=payment.order_id, actor=STAFF)
    carried_out()
    assert figures(payment) == ("paid", "20.00", "0.00", "paid")
    return payment


def at_their_page(fake: FakeProviders, payment: Payment, amount: str) -> None:
    """Somebody gives money back at the provider's own page, and the shop has not heard of it."""
    cents = str(int(Decimal(amount) * 100))
    fake.customer("refund", payment.provider_ref or "", amount=cents if payment.provider == "stripe" else amount)


@pytest.mark.parametrize("name", ["stripe", "paypal"])
def test_a_refund_of_what_went_back_at_the_providers_page_calls_nobody(fake: FakeProviders, name: str) -> None:
    payment = paid_at(fake, name)
    at_their_page(fake, payment, "20.00")

    refund(payment)

    assert figures(payment) == ("paid", "20.00", "20.00", "refunded")
    assert (payment.review, kinds(payment)[-2:]) == ("", [("refund", "refused"), ("refund", "done")])
    assert len(fake.books(payment.pk)[0]["refunds"]) == 1
    assert_money_sound()


@pytest.mark.parametrize("name", ["stripe", "paypal"])
def test_what_is_owed_beyond_the_refund_at_the_providers_page_goes_back(fake: FakeProviders, name: str) -> None:
    payment = paid_at(fake, name)
    at_their_page(fake, payment, "5.00")
    line = Order.objects.get(pk=payment.order_id).order_items.get()
    asked = order_services.ask_return(order_id=payment.order_id, lines={line.pk: Asked(2)}, actor=STAFF)
    order_services.receive_return(order_id=payment.order_id, return_id=asked, actor=STAFF)

    carried_out()

    assert figures(payment) == ("paid", "20.00", "20.00", "refunded")
    assert payment.review == ""
    assert [row["amount"] for row in fake.books(payment.pk)[0]["refunds"]] == ["5.00", "15.00"]
    assert_money_sound()


@pytest.mark.parametrize("name", ["stripe", "paypal"])
def test_a_refund_that_staff_promised_beyond_what_is_left_waits_for_people(fake: FakeProviders, name: str) -> None:
    payment = paid_at(fake, name)
    at_their_page(fake, payment, "15.00")
    refund(payment, amount=Decimal("10.00"), reason="It came late.")
    assert figures(payment) == ("paid", "20.00", "15.00", "partly_refunded")
    assert payment.review == "refund_refused"

    at_their_page(fake, payment, "5.00")
    services.look(payment.pk)

    assert figures(payment) == ("paid", "20.00", "20.00", "refunded")
    assert payment.review == "", "there is nothing left to decide"
    assert_money_sound()


def test_a_wallet_that_is_approved_is_set_apart_once_though_the_answer_is_lost(fake: FakeProviders) -> None:
    payment = begin("paypal")
    fake.customer("approve", payment.provider_ref or "")
    fake.fault("paypal.authorize", "drop_after")
    services.look(payment.pk)
    assert kinds(payment) == [("create", "done"), ("authorize", "intended")]
    assert ask_cancel(payment_id=payment.pk, actor=STAFF) is None
    services.look(payment.pk)
    assert kinds(payment) == [("create", "done"), ("authorize", "done")]
    assert figures(payment) == ("authorized", "0.00", "0.00", "authorized")
    assert_money_sound()


def test_an_order_that_is_given_up_lets_the_wallet_go(fake: FakeProviders, settings: Any) -> None:
    settings.PAYMENT_CAPTURE = "at_once"
    payment = begin("paypal")
    order_services.cancel_order(order_id=payment.order_id, actor=STAFF, reason="")
    carried_out()
    assert figures(payment)[0] == "cancelled"
    # PayPal cannot cancel it, so its owner may still approve. Nothing is taken.
    fake.customer("approve", payment.provider_ref or "")
    services.look(payment.pk)
    assert fake.books(payment.pk)[0]["charges"] == []
    assert kinds(payment) == [("create", "done"), ("cancel", "done")]
    assert_money_sound()


def test_a_wallet_without_money_is_left_to_its_owner(fake: FakeProviders, settings: Any) -> None:
    settings.PAYMENT_CAPTURE = "at_once"
    payment = begin("paypal")
    fake.customer("approve", payment.provider_ref or "", declines=True)
    services.look(payment.pk)
    payment.refresh_from_db()
    assert (payment.state, payment.failure_code, payment.review) == ("open", "INSTRUMENT_DECLINED", "")
    fake.customer("approve", payment.provider_ref or "")
    services.look(payment.pk)
    assert figures(payment) == ("paid", "20.00", "0.00", "paid")
    assert kinds(payment) == [("create", "done"), ("capture", "refused"), ("capture", "done")]


def test_an_order_that_paypal_has_forgotten_can_be_paid_no_more(fake: FakeProviders) -> None:
    payment = begin("paypal")
    fake.customer("expire", payment.provider_ref or "")
    services.look(payment.pk)
    assert figures(payment)[0] == "cancelled"
    assert paypal.CANCELS is False
    assert Operation.objects.unknown().count() == 0


def test_stripe_repeats_its_500_and_the_payment_is_begun_all_the_same(fake: FakeProviders) -> None:
    fake.fault("stripe.create", "500_after")
    payment = begin("stripe")
    assert figures(payment)[0] == "starting"
    Operation.objects.update(called_at=None, tries=5)
    services.carry_on([payment.operations.get().pk])
    assert figures(payment)[0] == "open"
    assert [row["ref"] for row in fake.books(payment.pk)] == [Payment.objects.get(pk=payment.pk).provider_ref]
    assert provider("stripe").fetch(fake.books(payment.pk)[0]["ref"]).payment_id == payment.pk


def test_the_fake_acts_on_no_request_whose_sender_died_over_it(fake: FakeProviders) -> None:
    payment = paid_at(fake, "paypal")
    [capture] = [row["ref"] for row in fake.books(payment.pk)[0]["charges"]]
    host, port = fake.base.removeprefix("http://").split(":")
    head = f"POST /paypal/v2/payments/captures/{capture}/refund HTTP/1.1\r\nContent-Length: 40\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as half:
        half.sendall(f"{head}Authorization: Bearer {paypal_calls.token()}\r\n\r\n".encode())
        half.shutdown(socket.SHUT_WR)
        assert half.recv(1) == b"", "it answers nothing"
    assert fake.books(payment.pk)[0]["refunds"] == []
