"""Mails about parcels: what left, and where it is followed."""

from typing import Any

import pytest
from django.core import mail

from config.subscriptions import SUBSCRIPTIONS
from events.models import Event
from orders import services
from orders.models import Order
from orders.services import Tracking
from orders.tests.factories import STAFF, make_article, make_user, place

pytestmark = pytest.mark.django_db
DHL = Tracking("DHL", "JD014600", "https://dhl.example/?id=JD014600&lang=en")


@pytest.fixture
def order() -> Order:
    """A confirmed order of three mugs and a pot."""
    articles = make_article(stock=5, sku="MUG", name="Mug"), make_article(stock=5, sku="POT", name="Pot & lid")
    placed = place(make_user(email="ann@example.com"), dict(zip(articles, (3, 1), strict=True)))
    services.confirm_order(order_id=placed.id, actor=STAFF)
    return Order.objects.get(pk=placed.id)


def ship(order: Order, *units: int, tracking: Tracking = DHL) -> int:
    """Send so many units of each line."""
    ids = order.order_items.values_list("pk", flat=True)
    lines = {line_id: quantity for line_id, quantity in zip(ids, units, strict=True) if quantity}
    return services.ship_parcel(order_id=order.pk, actor=STAFF, lines=lines, tracking=tracking)[0]


def deliver_mails() -> list[Any]:
    """Do the jobs of the last event, and answer the mails that were sent."""
    event = Event.objects.latest("pk")
    mail.outbox.clear()
    for task in SUBSCRIPTIONS.get(event.kind, ()):
        task(event_id=event.pk, kind=event.kind, payload=event.payload)
    return list(mail.outbox)


def html_of(message: Any) -> str:
    return str(message.alternatives[0][0])


def test_a_part_that_leaves_is_told_with_its_contents_and_its_link(order: Order) -> None:
    ship(order, 2, 1)

    [message] = deliver_mails()

    assert (message.subject, message.to) == (f"A part of your order {order.number} is on its way", ["ann@example.com"])
    assert message.body.startswith(
        "Hello,\n\na part of your order has left our warehouse. The rest follows.\n\n"
        "DHL JD014600\n  2 x Mug (MUG)\n  1 x Pot & lid (POT)\n"
        f"Follow the parcel: {DHL.tracking_url}\n\nOrder {order.number}\n"
    )
    assert '<a href="https://dhl.example/?id=JD014600&amp;lang=en">Follow the parcel</a>' in html_of(message)
    assert "2 x Mug" in html_of(message)


def test_the_last_part_is_told_with_all_parcels(order: Order) -> None:
    ship(order, 3, 0)
    ship(order, 0, 1, tracking=Tracking("By hand"))

    [message] = deliver_mails()

    assert message.subject == f"Your order {order.number} is on its way"
    assert "all of your order has left our warehouse, in 2 parcels." in message.body
    assert f"DHL JD014600\n  3 x Mug (MUG)\nFollow the parcel: {DHL.tracking_url}\n\nBy hand\n  1 x Pot" in message.body


def test_an_order_that_leaves_whole_without_a_number_is_told_as_before(order: Order) -> None:
    services.ship_order(order_id=order.pk, actor=STAFF)
    [message] = deliver_mails()
    assert message.body.startswith(f"Hello,\n\nyour order has left our warehouse.\n\nOrder {order.number}\n")


def test_how_a_parcel_is_followed_is_told_when_it_becomes_known(order: Order) -> None:
    parcel = ship(order, 1, 0, tracking=Tracking())
    told: dict[str, Any] = {"order_id": order.pk, "parcel_id": parcel, "actor": STAFF}

    services.track_parcel(**told, carrier="DHL")
    assert deliver_mails() == []
    services.track_parcel(**told, tracking_url=DHL.tracking_url)
    [message] = deliver_mails()

    assert message.subject == f"How to follow a parcel of your order {order.number}"
    assert f"DHL\n  1 x Mug (MUG)\nFollow the parcel: {DHL.tracking_url}\n" in message.body
    services.track_parcel(**told, tracking_url="")
    assert deliver_mails() == []


def test_a_parcel_that_did_not_go_after_all_is_not_told(order: Order) -> None:
    parcel = ship(order, 1, 0)
    event = Event.objects.latest("pk")
    services.cancel_parcel(order_id=order.pk, parcel_id=parcel, actor=STAFF, reason="box broken")
    assert deliver_mails() == []
    for task in SUBSCRIPTIONS[event.kind]:
        task(event_id=event.pk, kind=event.kind, payload=event.payload)
    assert mail.outbox == []


def test_whatever_staff_call_a_carrier_is_text_in_a_mail(order: Order) -> None:
    ship(order, 1, 0, tracking=Tracking("<b>DHL</b>", "<i>", "https://dhl.example/'onmouseover='x"))
    [message] = deliver_mails()
    assert "&lt;b&gt;DHL&lt;/b&gt; &lt;i&gt;" in html_of(message)
    assert 'href="https://dhl.example/&#x27;onmouseover=&#x27;x"' in html_of(message)
