"""The background work of payments: calls, notifications, changes of orders, mails, and the clock."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from events import mails
from orders.models import Order
from orders.tasks import is_forgotten
from orders.tokens import link_to, page_of
from payments import services
from payments.models import Payment
from payments.providers.calls import patient
from payments.providers.snapshot import ProviderRefused, ProviderUnknown
from payments.words import money

# What gets no answer is asked again by the reconciler, at the latest after a minute.
QUEUE = "payments"
# After an error of ours.
AGAIN = RetryStrategy(max_attempts=10, exponential_wait=3)
FAILED = "payment.failed"


@app.task(queue=QUEUE, retry=AGAIN)
def carry_out(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Make the call that was written down, unless somebody made it meanwhile."""
    with patient():
        services.carry_on([payload["operation_id"]])


@app.task(queue=QUEUE, retry=AGAIN)
def look_into(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Look at the payment that a notification speaks of."""
    with patient():
        try:
            services.look_into(payload["notification_id"])
        except (ProviderUnknown, ProviderRefused):
            return  # it stays in the inbox


@app.task(queue=QUEUE, retry=AGAIN)
def settle_order(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Let the money follow an order that was changed. The calls are jobs of their own."""
    services.settle_order(payload["order_id"])


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_buyer(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail the buyer about money: `payment.refunded` sends `mail/payment_refunded`.

    As the mails about orders: nothing that the buyer typed stands in one, and nothing is sent to a customer who was
    anonymised. What another mail says at the same moment is not told twice (`is_told`).
    """
    payment = Payment.objects.select_related("order__user").get(pk=payload["payment_id"])
    order = payment.order
    if is_forgotten(order.user) or not is_told(kind, payload, payment, order):
        return
    context = {
        "order": order,
        "payment": payment,
        "amount": money(Decimal(payload["amount"]), payment.currency),
        "lines": refunded_lines(payload, order),
        "is_off": order.is_given_up,
        "link": "" if order.user or order.deleted_at or kind == FAILED else link_to(order.pk, order.number),
        "pay_again": page_of(order),
    }
    # However often a buyer tries, one mail says that it did not go through.
    key = f"{kind}:order:{order.pk}" if kind == FAILED else f"{kind}:{event_id}"
    mails.send_once(key, kind.replace(".", "_"), context, to=[order.contact_email])


def is_told(kind: str, payload: Mapping[str, Any], payment: Payment, order: Order) -> bool:
    """Whether the buyer is mailed about an event of a payment.

    An order that the money has confirmed has a mail that says so. Money for an order that is off goes back at once, and
    the mail about that tells it. Who is trying again, or has paid by now, needs not be told that it failed.
    """
    if kind == "payment.paid":
        return not (payload.get("confirmed") or order.is_given_up or payment.review in Payment.MISMATCHES)
    if kind == FAILED:
        unpaid = order.payment_status == "unpaid" and not order.payment_open
        return unpaid and order.status == Order.Status.PENDING and not order.is_given_up
    return True


def refunded_lines(payload: Mapping[str, Any], order: Order) -> list[tuple[int, Any]]:
    """The units and lines of the order that a refund is for; none where it is for no lines."""
    units = {int(line_id): number for line_id, number in payload.get("lines", {}).items()}
    return [(units[line.pk], line) for line in order.order_items.filter(pk__in=units)] if units else []


@app.periodic(cron="* * * * *")
@app.task(queue=QUEUE, queueing_lock="reconcile_payments")
def reconcile(timestamp: int) -> None:
    """Finish what was left half done, and look at the payments whose time has come."""
    with patient():
        services.reconcile()


@app.periodic(cron="41 2 * * *")
@app.task(queue=QUEUE, queueing_lock="compare_payments")
def compare(timestamp: int) -> None:
    """Compare the books of the providers with ours."""
    with patient():
        services.compare()
