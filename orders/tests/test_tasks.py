from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now

from accounts.models import User
from orders import services
from orders.models import Order
from orders.services import Wanted
from orders.tasks import cancel_overdue_orders, mail_customer
from orders.tests.factories import ADDRESS, STAFF, buyer_of, customer, make_article, make_user

TYPED = ("Ann", "Bo Smith", "555 0199", "1 Main Street", "Flat 2", "62701", "Springfield", "USA")


@pytest.fixture
def order(db: None) -> Order:
    user = make_user(email="ann@example.com", first_name="Ann")
    article = make_article(stock=5, price="19.99", sku="SALT-1", name="Salt & Pepper Set")
    placed = services.place_order(
        buyer=services.Buyer(user.pk),
        lines=[Wanted(3, variant_id=article.pk)],
        shipping={**ADDRESS, "shipping_address_line2": "Flat 2"},
        actor=customer(user),
    )
    return Order.objects.get(pk=placed.id)


def send(order: Order, kind: str) -> None:
    mail_customer(event_id=7, kind=kind, payload={"order_id": order.pk})


@pytest.mark.parametrize(
    ("kind", "subject", "news"),
    [
        ("order.placed", "Your order {} has reached us", "your order has reached us."),
        ("order.confirmed", "Your order {} is confirmed", "its articles are set aside for you."),
        ("order.shipped", "Your order {} is on its way", "your order has left our warehouse."),
        ("order.delivered", "Your order {} has been delivered", "your order has been delivered."),
        ("order.cancelled", "Your order {} is cancelled", "your order is cancelled, and nothing will be shipped."),
        ("order.deleted", "Your order {} is cancelled", "your order is cancelled, and nothing will be shipped."),
    ],
)
def test_each_step_of_an_order_has_its_mail(order: Order, kind: str, subject: str, news: str) -> None:
    send(order, kind)

    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    assert (message.subject, message.to) == (subject.format(order.number), ["ann@example.com"])
    html = str(message.alternatives[0][0])
    assert news in message.body
    assert news in html
    assert "3 x Salt & Pepper Set (SALT-1)   59.97 USD" in message.body
    assert "Salt &amp; Pepper Set" in html
    assert "19.99" in html
    for body in (message.body, html):
        assert "59.97 USD" in body
        assert [typed for typed in TYPED if typed in body] == []


def test_a_mail_about_an_order_reads_well_as_text(order: Order) -> None:
    send(order, "order.shipped")

    assert mail.outbox[0].body == (
        "Hello,\n\nyour order has left our warehouse.\n\n"
        f"Order {order.number}\n  3 x Salt & Pepper Set (SALT-1)   59.97 USD\n  Total   59.97 USD\n\n--\nShop\n"
    )


def test_the_mail_about_a_cancelled_order_gives_the_reason(order: Order, settings: Any) -> None:
    settings.PENDING_ORDER_HOURS = 24
    Order.objects.filter(pk=order.pk).update(order_date=Now() - timedelta(hours=25))
    services.expire_pending_orders()

    send(order, "order.cancelled")

    assert f"nothing will be shipped. Reason: {services.EXPIRED}" in mail.outbox[0].body


def test_the_mail_about_a_cancelled_order_does_not_repeat_what_the_customer_typed(order: Order) -> None:
    services.cancel_order(order_id=order.pk, actor=customer(buyer_of(order)), reason="Your card was charged 900")

    send(order, "order.cancelled")

    html = str(mail.outbox[0].alternatives[0][0])  # type: ignore[union-attr]  # of EmailMultiAlternatives
    assert "nothing will be shipped." in mail.outbox[0].body
    assert not any("charged" in body or "Reason" in body for body in (mail.outbox[0].body, html))


def test_the_mail_about_a_cancelled_order_says_what_staff_wrote(order: Order) -> None:
    services.cancel_order(order_id=order.pk, actor=STAFF, reason="Dropped by Bob", message="It is broken")

    send(order, "order.cancelled")

    assert "nothing will be shipped. Reason: It is broken" in mail.outbox[0].body
    assert "Bob" not in mail.outbox[0].body


def test_each_step_is_mailed_once(order: Order) -> None:
    for kind in ("order.placed", "order.placed", "order.confirmed"):
        send(order, kind)

    assert [message.subject for message in mail.outbox] == [
        f"Your order {order.number} has reached us",
        f"Your order {order.number} is confirmed",
    ]


def test_nothing_but_its_end_is_mailed_about_a_deleted_order(order: Order) -> None:
    services.delete_order(order_id=order.pk, actor=STAFF)

    for kind in ("order.placed", "order.confirmed", "order.deleted"):
        send(order, kind)

    assert [message.subject for message in mail.outbox] == [f"Your order {order.number} is cancelled"]


def test_an_order_that_is_cancelled_and_deleted_has_one_mail_of_its_end(order: Order) -> None:
    services.cancel_order(order_id=order.pk, actor=STAFF, message="It is broken")
    services.delete_order(order_id=order.pk, actor=STAFF)

    for kind in ("order.cancelled", "order.deleted"):
        send(order, kind)

    [message] = mail.outbox
    assert "nothing will be shipped. Reason: It is broken" in message.body


def test_nothing_is_mailed_to_an_anonymised_customer(order: Order) -> None:
    User.objects.filter(pk=buyer_of(order).pk).update(anonymised_at=Now())

    send(order, "order.placed")

    assert mail.outbox == []


def test_the_clock_cancels_all_overdue_orders(order: Order, settings: Any) -> None:
    settings.PENDING_ORDER_HOURS = 24
    Order.objects.filter(pk=order.pk).update(order_date=Now() - timedelta(hours=25))

    cancel_overdue_orders(timestamp=0)

    order.refresh_from_db()
    assert order.status == "cancelled"


def test_by_default_the_clock_cancels_nothing(order: Order, settings: Any) -> None:
    assert settings.PENDING_ORDER_HOURS == 0
    Order.objects.filter(pk=order.pk).update(order_date=Now() - timedelta(days=3650))

    cancel_overdue_orders(timestamp=0)

    order.refresh_from_db()
    assert order.status == "pending"
    assert not Order.objects.about_to_end().exists()


def test_staff_see_which_orders_the_clock_is_about_to_cancel(
    order: Order, settings: Any, staff_pages: Callable[..., Any]
) -> None:
    settings.PENDING_ORDER_HOURS = 24
    desk = staff_pages("order desk")
    for hours, shown in [(17, []), (19, [order.number]), (25, [order.number])]:
        Order.objects.filter(pk=order.pk).update(order_date=Now() - timedelta(hours=hours))
        listed = desk.get("/admin/orders/order/?ending=soon").context_data["cl"].result_list
        assert [row.number for row in listed] == shown
        assert ("1 about to be cancelled" in desk.get("/admin/").content.decode()) is bool(shown)
    services.confirm_order(order_id=order.pk, actor=STAFF)
    assert "about to be cancelled" not in desk.get("/admin/").content.decode()
    listing = "/admin/orders/order/"
    assert "About to be cancelled (after 24 h, guests&#x27; after 24 h)" in desk.get(listing).content.decode()
    settings.PENDING_ORDER_HOURS = 0
    assert "About to be cancelled (guests&#x27;, after 24 h)" in desk.get(listing).content.decode()
