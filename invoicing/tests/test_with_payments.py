"""What payments say of an order is what its invoice and its credit notes hear: nothing is credited twice."""

from decimal import Decimal

import pytest
from pytest_django import Settings

from config.subscriptions import SUBSCRIPTIONS
from events.models import Event
from invoicing import tasks
from invoicing.models import Invoice
from invoicing.tests.factories import SELLER, assert_sound
from orders.services import change_line
from orders.tests.factories import STAFF, make_order
from payments import services
from payments.models import Operation
from payments.tests.factories import assert_money_sound, begun, carried_out, paid, refund

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, Decimal]]:
    """What each document was issued for, and what it comes to, after all jobs have run."""
    for event in Event.objects.order_by("id"):
        if tasks.follow_order in SUBSCRIPTIONS.get(event.kind, ()):
            tasks.follow_order(event_id=event.pk, kind=event.kind, payload=event.payload)
    return list(Invoice.objects.order_by("id").values_list("reference", "total"))


def test_money_and_goods_of_an_order_are_told_once_each(settings: Settings) -> None:
    for name, value in SELLER.items():
        setattr(settings, name, value)
    order = make_order()
    first = begun(order)
    part = {"order_id": order.pk, "payment_id": first.pk, "amount": Decimal("5.00")}
    services.carry_on(services.capture_payment(**part, actor=STAFF))  # type: ignore[arg-type]  # of several types
    assert told() == []

    rest = paid(order)
    assert told() == [("order", Decimal("20.00"))]

    refund(rest, amount=Decimal("3.00"), reason="It came late.")
    gift = Operation.objects.get(kind="refund")
    assert told()[1:] == [(f"refund:{gift.pk}", Decimal("3.00"))]

    change_line(order_id=order.pk, line_id=order.order_items.get().pk, quantity=1, actor=STAFF)
    carried_out()
    carried_out()
    change = order.revisions.get()
    assert told()[2:] == [(f"revision:{change.pk}", Decimal("10.00"))]
    assert sum(operation.amount or 0 for operation in Operation.objects.filter(kind="refund", state="done")) == 13
    assert_sound()
    assert_money_sound()
