"""Mails about money: each thing is told once, and nothing that the buyer typed stands in one."""

from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import User
from config.subscriptions import SUBSCRIPTIONS
from events import dispatcher
from orders import services as order_services
from orders.models import Order
from orders.tests.factories import STAFF, buyer_of, make_order
from orders.tokens import link_to
from payments import services
from payments.models import Payment
from payments.tasks import mail_buyer
from payments.tests.factories import begun, hear, paid, refund
from payments.tests.test_api import guest_order

pytestmark = pytest.mark.django_db
TYPED = ("Bo Smith", "555 0199", "1 Main Street", "62701", "Springfield")


def mails_that_follow() -> list[str]:
    """The subjects of the mails that follow from the events so far, in the sequence of the events."""
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")
    dispatcher.dispatch(SUBSCRIPTIONS)
    for job in ProcrastinateJob.objects.order_by("id"):
        app.tasks[job.task_name](**job.args)
    return [str(message.subject) for message in mail.outbox]


def sent(kind: str, payment: Payment, **payload: Any) -> tuple[str, str]:
    """The text and the HTML of the mail about an event of a payment."""
    mail_buyer(event_id=7, kind=kind, payload={"payment_id": payment.pk, "amount": "20.00"} | payload)
    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    assert [typed for typed in TYPED if typed in html or typed in message.body] == []
    return str(message.body), html


def test_whoever_pays_at_once_has_one_mail_that_confirms_the_order_and_the_money() -> None:
    order = make_order()
    hear(begun(order))
    assert mails_that_follow() == [
        f"Your order {order.number} has reached us",
        f"Your order {order.number} is confirmed",
    ]
    assert "We have received your payment. We write again" in str(mail.outbox[-1].body)


def test_money_that_was_set_apart_is_told_when_it_is_taken_and_what_went_back_when_it_goes() -> None:
    order = make_order()
    payment = begun(order)
    hear(payment, "authorized")
    mails_that_follow()
    assert "The amount is set apart, and is taken when they leave." in str(mail.outbox[-1].body)
    hear(payment)
    refund(payment, amount=Decimal("4.00"), reason="Words for staff")
    assert mails_that_follow()[-2:] == [
        f"We have your payment for order {order.number}",
        f"You get back 4.00 USD of order {order.number}",
    ]
    assert all("Words for staff" not in str(message.body) for message in mail.outbox)


def test_the_mail_about_a_refund_says_how_much_and_what_for() -> None:
    payment = paid()
    line = Order.objects.get(pk=payment.order_id).order_items.get()
    body, html = sent("payment.refunded", payment, amount="10.00", lines={str(line.pk): 1})
    number = payment.order.number
    assert body == (
        f"Hello,\n\nwe have sent 10.00 USD of your order {number} back to you. Some banks need a few days until you "
        f"see it. It is for:\n\n  1 x {line.product_name} ({line.sku})\n\n--\nShop\n"
    )
    assert "<strong>10.00 USD</strong>" in html
    assert line.sku in html


def test_money_for_an_order_that_is_off_is_told_by_its_refund_alone() -> None:
    payment = paid()
    order_services.cancel_order(order_id=payment.order_id, actor=STAFF)
    mail_buyer(event_id=7, kind="payment.paid", payload={"payment_id": payment.pk, "amount": "20.00"})
    assert mail.outbox == []
    body, _ = sent("payment.refunded", payment)
    assert "back to you, since it is cancelled." in body


def test_a_payment_that_failed_is_told_once_with_a_way_to_try_again(settings: Any) -> None:
    settings.ORDER_URL = "https://shop.test/orders/{order_id}?token={token}"
    order = make_order()
    payment = begun(order)
    hear(payment, "failed", failure_code="card_declined")
    body, html = sent("payment.failed", payment)
    link = f"https://shop.test/orders/{order.pk}?token="
    assert f"Pay your order: {link}\n" in body
    assert f'<a href="{link}">Pay your order</a>' in html
    assert "card_declined" not in body
    again = begun(order)
    hear(again, "failed")
    mail_buyer(event_id=8, kind="payment.failed", payload={"payment_id": again.pk, "amount": "20.00"})
    assert len(mail.outbox) == 1


def test_a_guest_gets_the_link_that_opens_the_order() -> None:
    order = guest_order()
    payment = begun(order)
    hear(payment, "failed")
    body, _ = sent("payment.failed", payment)
    assert mail.outbox[0].to == ["guest@example.com"]
    assert body.count(link_to(order.pk, order.number)) == 1


@pytest.mark.parametrize("what", ["tries again", "has paid", "is cancelled", "is forgotten"])
def test_nobody_is_told_that_it_failed_who_needs_not_be(what: str) -> None:
    order = make_order()
    failed = begun(order)
    hear(failed, "failed")
    if what == "tries again":
        begun(order)
    elif what == "has paid":
        hear(begun(order))
    elif what == "is cancelled":
        order_services.cancel_order(order_id=order.pk, actor=STAFF)
    else:
        User.objects.filter(pk=buyer_of(order).pk).update(anonymised_at=order.order_date)
    mail_buyer(event_id=7, kind="payment.failed", payload={"payment_id": failed.pk, "amount": "20.00"})
    assert mail.outbox == []
    assert services.settle_order(order.pk) == []
