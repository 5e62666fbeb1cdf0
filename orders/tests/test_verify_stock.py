"""`verify_stock` names what is wrong with stock and orders, fails, and repairs on request."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from catalog.models import Product
from events.actors import COMMAND
from events.models import Event
from events.tests.rewriting import rewriting
from inventory import services as inventory_services
from inventory.models import StockLevel
from orders.models import FulfilmentLine, Order, OrderEvent, OrderItem, Return, ReturnLine
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

LINES = "orders hold exactly what has not left"
PARCELS = "parcels are what left the building"
STATE = "an order says how much of it has left"
COMING = "no more comes back than has left"
RECEIVED = "what was received is in the ledger"
WORTH = "a return pays back what its lines are worth"
CHARGED = "nothing is paid back that was not charged"
TOTAL = "an order's total is that of its lines"
PRODUCT = "a line's product is that of its variant"
SOLD = "inventory knows what is for sale"
HISTORY = "an order's history leads to its status"
EVENTS = "every step of an order has its event"


def verify(*arguments: str) -> tuple[str, str]:
    """What the command prints, and the message that it fails with."""
    out = StringIO()
    try:
        call_command("verify_stock", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def ship_nothing(order: Order) -> None:
    OrderEvent.objects.create(order=order, event="shipped", from_status="pending", to_status="shipped", actor="system")
    told = {"order_id": order.pk}
    Event.objects.create(
        kind="order.shipped", subject=f"order:{order.pk}", payload=told, actor="system", channel="command"
    )
    Order.objects.filter(pk=order.pk).update(status="shipped")


def send_back(line: OrderItem, state: str) -> None:
    back = Return.objects.create(order_id=line.order_id, state=state)
    ReturnLine.objects.create(of=back, order_item=line, quantity=1)


def pay_back(order: Order, items: int, delivery: int) -> None:
    """A return of nothing that pays back so much."""
    back = Return.objects.create(order=order, state="received", refund_items=items, refund_shipping=delivery)
    ReturnLine.objects.create(of=back, order_item=order.order_items.get(), quantity=0, refund=items)


def lose_events(order: Order) -> None:
    with rewriting("events_event"):
        Event.objects.filter(subject=f"order:{order.pk}").delete()


def rewrite_line(order: Order, **columns: Any) -> None:
    with rewriting("orders_orderitem"):
        OrderItem.objects.filter(order=order).update(**columns)


DAMAGES: dict[str, tuple[Callable[[Order], Any], set[str]]] = {
    "a line enlarged after the fact": (
        lambda order: rewrite_line(order, quantity=3, subtotal=30),
        {LINES, TOTAL},
    ),
    "a promise given back behind its back": (
        lambda order: inventory_services.release(reference=order.reference, actor=COMMAND),
        {LINES},
    ),
    "a dead order that still holds": (
        lambda order: Order.objects.filter(pk=order.pk).update(deleted_at=order.order_date),
        {LINES},
    ),
    "shipped in name only": (ship_nothing, {STATE}),
    "partly shipped in name only": (lambda order: Order.objects.update(partly_shipped=True), {STATE}),
    "a parcel enlarged after the fact": (
        lambda order: FulfilmentLine.objects.update(quantity=F("quantity") + 1),
        {LINES, PARCELS, STATE},
    ),
    "more comes back than has left": (lambda order: send_back(order.order_items.get(), "requested"), {COMING}),
    "received in name only": (lambda order: send_back(FulfilmentLine.objects.get().order_item, "received"), {RECEIVED}),
    "more paid back for a line than it cost": (lambda order: pay_back(order, 21, 0), {CHARGED}),
    "a delivery paid back that cost nothing": (lambda order: pay_back(order, 20, 1), {CHARGED}),
    "a return that pays back more than its lines": (
        lambda order: Return.objects.create(order=order, state="received", refund_items=1),
        {WORTH},
    ),
    "paid back for goods that have not come": (
        lambda order: Return.objects.create(order=order, refund_shipping=1),
        {WORTH, CHARGED},
    ),
    "another total": (lambda order: Order.objects.filter(pk=order.pk).update(total_amount=1), {TOTAL}),
    "archived behind its back": (lambda order: Product.objects.update(status="archived"), {SOLD}),
    "a line of another product": (
        lambda order: rewrite_line(order, product_id=F("product_id") + 1),
        {PRODUCT},
    ),
    "a status without history": (
        lambda order: Order.objects.filter(pk=order.pk).update(status="confirmed"),
        {HISTORY},
    ),
    "a step without its event": (
        lose_events,
        {EVENTS},
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_order_turns_its_invariants_red(damage: str) -> None:
    order = make_order()
    for status in ("pending", "shipped", "cancelled"):
        make_order(status=status)
    assert verify() == (f"0 violations: all {len(invariants())} invariants hold.\n", "")
    break_it, expected = DAMAGES[damage]

    break_it(order)

    out, failure = verify()
    assert {line.partition(": ")[0] for line in out.splitlines()} == expected
    assert failure.endswith("violations.")


def invariants() -> dict[str, str]:
    from orders.management.commands.verify_stock import INVARIANTS

    return INVARIANTS


def test_a_repair_is_reported_and_checked_again() -> None:
    make_order()
    StockLevel.objects.update(on_hand=7)

    out, failure = verify("--repair")

    assert failure == ""
    assert "repaired MUG-" in out
    assert out.splitlines()[-1] == f"0 violations: all {len(invariants())} invariants hold."


def test_what_cannot_be_repaired_still_fails() -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(total_amount=1)

    out, failure = verify("--repair")

    assert failure == "1 violations."
    assert out.count(TOTAL) == 2
