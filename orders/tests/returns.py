"""What tests of returns need: orders that have left, and what stands in their returns."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from orders import services
from orders.models import Order, Return
from orders.services import Asked
from orders.tests.factories import STAFF, make_article, make_user, place


def shipped(*quantities: int, price: str = "10.00", delivered: bool = False) -> Order:
    """An order that has left, with so many units of one fresh article each."""
    placed = place(make_user(), {make_article(stock=20, price=price): units for units in quantities})
    steps = ["confirmed", "shipped", "delivered"]
    for step in steps if delivered else steps[:2]:
        services.set_status(order_id=placed.id, status=step, actor=STAFF)
    return Order.objects.get(pk=placed.id)


def ids(order: Order) -> list[int]:
    return list(order.order_items.values_list("pk", flat=True))


def wishes(units: dict[int, int]) -> dict[int, Asked]:
    return {line_id: Asked(quantity) for line_id, quantity in units.items()}


def ask(order: Order, units: dict[int, int], **words: Any) -> int:
    return services.ask_return(order_id=order.pk, lines=wishes(units), actor=STAFF, **words)


def receive_back(order: Order, return_id: int, **goods: Any) -> Return:
    services.receive_return(order_id=order.pk, return_id=return_id, actor=STAFF, **goods)
    return Return.objects.get(pk=return_id)


def give_back(order: Order, units: dict[int, int]) -> Decimal:
    """Units that come back, and what they are worth."""
    worth: Decimal = receive_back(order, ask(order, units)).refund_items
    return worth


def delivered_days_ago(order: Order, days: int) -> None:
    """Have the history say that the order was delivered on an earlier day. The trigger would refuse it."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table orders_orderevent disable trigger user")
        cursor.execute(
            "update orders_orderevent set at = %s where order_id = %s and event = 'delivered'",
            [timezone.now() - timedelta(days=days), order.pk],
        )
        cursor.execute("alter table orders_orderevent enable trigger user")


def step_of(order: Order) -> tuple[str, str, str, str]:
    """The last step in the history: event, status, actor and words."""
    step = order.history.last()
    assert step is not None
    return step.event, step.to_status, step.actor, step.note
