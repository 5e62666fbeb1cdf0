from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now

from accounts.models import User
from catalog.models import Product, Variant
from inventory.models import StockItem
from orders.models import Order, OrderEvent, OrderItem
from orders.tasks import mail_customer


@pytest.fixture
def order(db: None) -> Order:
    """An order as rows: a mail only reads it."""
    user = User.objects.create_user("ann@example.com", first_name="Ann", last_name="Smith")
    order = Order.objects.create(
        number="100123",
        user=user,
        total_amount=Decimal("59.97"),
        currency="USD",
        shipping_address_line1="1 Main Street",
        shipping_address_line2="Flat 2",
        shipping_city="Springfield",
        shipping_state="IL",
        shipping_postal_code="62701",
        shipping_country="USA",
    )
    product = Product.objects.create(name="Salt & Pepper Set", slug="salt-and-pepper", price=Decimal("19.99"))
    item = StockItem.objects.create(sku="SALT-1", name="Salt & Pepper Set")
    OrderItem.objects.create(
        order=order,
        product=product,
        variant=Variant.objects.create(product=product, stock_item=item),
        sku="SALT-1",
        product_name="Salt & Pepper Set",
        quantity=3,
        unit_price=Decimal("19.99"),
        subtotal=Decimal("59.97"),
    )
    return order


def send(order: Order, kind: str) -> None:
    mail_customer(event_id=7, kind=kind, payload={"order_id": order.pk})


@pytest.mark.parametrize(
    ("kind", "subject", "news"),
    [
        ("order.placed", "Your order 100123 has reached us", "your order has reached us."),
        ("order.confirmed", "Your order 100123 is confirmed", "its articles are set aside for you."),
        ("order.shipped", "Your order 100123 is on its way", "your order has left our warehouse."),
        ("order.delivered", "Your order 100123 has been delivered", "your order has been delivered."),
        ("order.cancelled", "Your order 100123 is cancelled", "your order is cancelled, and nothing will be shipped."),
    ],
)
def test_each_step_of_an_order_has_its_mail(order: Order, kind: str, subject: str, news: str) -> None:
    send(order, kind)

    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    assert (message.subject, message.to) == (subject, ["ann@example.com"])
    html = str(message.alternatives[0][0])
    assert news in message.body
    assert news in html
    assert "3 x Salt & Pepper Set (SALT-1)   59.97 USD" in message.body
    assert "Salt &amp; Pepper Set" in html
    assert "19.99" in html
    for body in (message.body, html):
        assert "59.97 USD" in body
        assert all(part in body for part in ("1 Main Street", "Flat 2", "62701 Springfield", "IL", "USA"))


def test_a_mail_about_an_order_reads_well_as_text(order: Order) -> None:
    send(order, "order.shipped")

    assert mail.outbox[0].body == (
        "Hello Ann,\n\nyour order has left our warehouse.\n\n"
        "Order 100123\n  3 x Salt & Pepper Set (SALT-1)   59.97 USD\n  Total   59.97 USD\n\n"
        "Shipping address\n  1 Main Street\n  Flat 2\n  62701 Springfield\n  IL\n  USA\n\n--\nShop\n"
    )


def test_the_mail_about_a_cancelled_order_gives_the_reason(order: Order) -> None:
    OrderEvent.objects.create(
        order=order, event="cancelled", from_status="pending", to_status="cancelled", actor="system", note="Too late."
    )

    send(order, "order.cancelled")

    assert "nothing will be shipped. Reason: Too late." in mail.outbox[0].body


def test_each_step_is_mailed_once(order: Order) -> None:
    for kind in ("order.placed", "order.placed", "order.confirmed"):
        send(order, kind)

    assert [message.subject for message in mail.outbox] == [
        "Your order 100123 has reached us",
        "Your order 100123 is confirmed",
    ]


@pytest.mark.parametrize("change", [{"deleted_at": Now()}, {}])
def test_nothing_is_mailed_about_a_deleted_order_or_to_an_anonymised_customer(
    order: Order, change: dict[str, Any]
) -> None:
    if change:
        Order.objects.filter(pk=order.pk).update(**change)
    else:
        User.objects.update(anonymised_at=Now())

    send(order, "order.placed")

    assert mail.outbox == []
