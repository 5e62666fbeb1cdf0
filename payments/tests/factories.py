"""What tests of payments need: orders that are paid by hand, and what a provider would say of a payment."""

from decimal import Decimal
from typing import Any

from django.core.management import call_command

from database.money import in_places
from events.models import Event
from orders.models import Order
from orders.tests.factories import STAFF, assert_sound, make_order
from payments import services
from payments.models import Operation, Payment
from payments.providers.snapshot import Captured, Refunded, Snapshot
from payments.services.applying import apply


def begun(order: Order | None = None) -> Payment:
    """A payment by hand that is open, of an order of 20.00."""
    payment_id, operations, _ = services.begin_payment(
        order_id=(order or make_order()).pk, provider="manual", actor=STAFF
    )
    services.carry_on(operations)
    return Payment.objects.get(pk=payment_id)


def paid(order: Order | None = None) -> Payment:
    """A payment by hand whose money has come."""
    payment = begun(order)
    services.carry_on(services.capture_payment(order_id=payment.order_id, payment_id=payment.pk, actor=STAFF))
    payment.refresh_from_db()
    return payment


def carried_out() -> None:
    """Do what the worker does with the operations that were written down, and with changes of orders."""
    for event in Event.objects.filter(kind__startswith="order.").order_by("id"):
        if "order_id" in event.payload:
            services.settle_order(event.payload["order_id"])
    services.carry_on(Operation.objects.unknown().values_list("pk", flat=True))


def refund(payment: Payment, **words: Any) -> None:
    """Staff give money back."""
    told: dict[str, Any] = {"order_id": payment.order_id, "payment_id": payment.pk, "actor": STAFF}
    services.carry_on(services.refund_payment(**told | words))


def said(payment: Payment, state: Any = "paid", **members: Any) -> Snapshot:
    """What a provider says of a payment: all of it was taken, unless something else is said."""
    captures = (Captured("c1", payment.amount),) if state == "paid" else ()
    return Snapshot(
        **{
            "ref": payment.provider_ref or "p1",
            "state": state,
            "amount": payment.amount,
            "currency": payment.currency,
            "captures": captures,
            "payment_id": payment.pk,
        }
        | members
    )


def hear(payment: Payment, state: Any = "paid", **members: Any) -> list[int]:
    """Let the shop hear what a provider says of a payment."""
    return apply(payment.pk, said(payment, state, **members))


def back(amount: str, ref: str = "r1", state: Any = "done", operation_id: int | None = None) -> Refunded:
    """A refund as a provider has it."""
    return Refunded(ref, Decimal(amount), state, operation_id=operation_id)


def figures(payment: Payment) -> tuple[str, str, str, str]:
    """The state of a payment, what came and went back, and what its order says."""
    payment.refresh_from_db()
    order = Order.objects.get(pk=payment.order_id)
    return payment.state, str(in_places(payment.captured)), str(in_places(payment.refunded)), order.payment_status


def status_of(payment: Payment) -> str:
    """The status of the order of a payment."""
    return Order.objects.get(pk=payment.order_id).status


def assert_money_sound() -> None:
    """Every invariant of money, stock and orders holds; the commands name what does not, and fail."""
    call_command("verify_payments", verbosity=0)
    assert_sound()
