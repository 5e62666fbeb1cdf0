"""Mails about goods that come back. None of them holds what the buyer typed."""

from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from pytest_django import Settings

from accounts.models import User
from config.subscriptions import SUBSCRIPTIONS
from database import days
from orders import services
from orders.models import Order, Return
from orders.services import Asked
from orders.tasks import mail_about_return
from orders.tests.factories import STAFF, buyer_of
from orders.tests.returns import ask, ids, receive_back, shipped

pytestmark = pytest.mark.django_db


def send(kind: str, return_id: int, **payload: Any) -> tuple[EmailMultiAlternatives, str]:
    """The mail about a step of a return, and its HTML."""
    mail_about_return(event_id=7, kind=kind, payload={"order_id": 1, "return_id": return_id} | payload)
    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    return message, str(message.alternatives[0][0])


def wish(order: Order) -> int:
    lines = {ids(order)[0]: Asked(2, "Typed reason")}
    return services.ask_return(order_id=order.pk, lines=lines, note="Typed note", actor=STAFF)


@pytest.mark.parametrize(
    ("kind", "subject", "news", "message"),
    [
        ("order.return_requested", "We have your wish to send goods of order {} back", "We will answer it soon", ""),
        ("order.return_approved", "You can send goods of order {} back", "you can send the goods back.", "Gladly."),
        ("order.return_refused", "Goods of order {} cannot be sent back", "cannot be sent back.", "It was worn."),
        ("order.return_received", "Goods of order {} have come back", "have reached us.", "One had a stain."),
        ("order.withdrawn", "We have your withdrawal from order {}", "we received your withdrawal on", ""),
    ],
)
def test_each_step_of_a_return_has_its_mail(
    kind: str, subject: str, news: str, message: str, settings: Settings
) -> None:
    settings.RETURN_ADDRESS = "Depot 4, 10115 Berlin"
    order = shipped(3)
    line = order.order_items.get()
    sent, html = send(kind, wish(order), message=message)
    assert (sent.subject, sent.to) == (subject.format(order.number), [buyer_of(order).email])
    assert SUBSCRIPTIONS[kind][0] is mail_about_return
    for body in (sent.body, html):
        assert news in body
        assert message in body
        assert line.product_name in body
        assert "Typed" not in body
        assert ("Depot 4, 10115 Berlin" in body) == (kind in ("order.return_approved", "order.withdrawn"))


def test_the_mail_about_goods_that_came_says_what_is_paid_back() -> None:
    order = shipped(3)
    [line] = ids(order)
    row = receive_back(order, ask(order, {line: 2}), lines={line: services.Received(1)})
    Return.objects.filter(pk=row.pk).update(refund_shipping="4.90")
    sent, html = send("order.return_received", row.pk)
    item = order.order_items.get()
    assert sent.body == (
        "Hello,\n\nthe goods that you sent back have reached us.\n\n"
        f"What came back of order {order.number}\n"
        f"  1 x {item.product_name} ({item.sku})\n\n"
        "The delivery is paid back too.\nYou get back: 14.90 USD\n\n--\nShop\n"
    )
    assert "<strong>14.90 USD</strong>" in html


def test_a_withdrawal_is_acknowledged_with_its_day() -> None:
    order = shipped(3)
    return_id = services.withdraw(order_id=order.pk, actor=STAFF)
    sent, _ = send("order.withdrawn", return_id)
    today = days.today()
    assert f"we received your withdrawal on {today.day} {today:%B %Y}." in sent.body


def test_nothing_is_mailed_about_returns_of_a_customer_who_was_anonymised() -> None:
    order = shipped(3)
    return_id = ask(order, {ids(order)[0]: 1})
    User.objects.filter(pk=buyer_of(order).pk).update(anonymised_at=order.order_date)
    mail_about_return(event_id=7, kind="order.return_requested", payload={"return_id": return_id})
    assert mail.outbox == []
