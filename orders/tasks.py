"""The background work of orders: mails to customers, expiry of pending orders, and figures for staff."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from accounts.models import User
from database import days as calendar
from events import mails
from events.actors import WORKER
from orders import figures, services
from orders.breakdown import breakdown_of
from orders.mailed_parcels import parcels_in_mail
from orders.models import Order, Return
from orders.tokens import link_to

# The ways in which an order ends before it has left. Customers are told of these also when the order is deleted by now.
ENDS = ("order.cancelled", "order.deleted")
# What is told of parcels.
SHIPMENTS = ("order.shipped", "order.parcel_shipped", "order.parcel_tracked")
# What a mail about a line that has changed tells as the event has it.
CHANGE_TOLD = ("line", "replaced_by", "message")


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_customer(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail the customer or the guest about an event of an order: `order.shipped` sends `mail/order_shipped`.

    Nobody has confirmed that the address belongs to the buyer, so no mail holds what the buyer typed. A guest's has the
    link that opens the order. To the customer an order that was deleted is a cancelled one. An order that was cancelled
    before it was deleted is not mailed twice. Nothing but its end is sent about a deleted order, and nothing to a
    customer who was anonymised, nor about a parcel that did not go after all.
    """
    order = Order.objects.select_related("user").filter(pk=payload["order_id"]).first()
    if order is None or is_forgotten(order.user) or (order.deleted_at and kind not in ENDS):
        return
    if kind == "order.deleted" and order.status == Order.Status.CANCELLED:
        return
    template = "order_cancelled" if kind in ENDS else kind.replace(".", "_")
    lines = list(order.order_items.all())
    context: dict[str, Any] = {
        "order": order,
        "lines": lines,
        "breakdown": breakdown_of(order, lines),
        "link": "" if order.user else link_to(order.pk, order.number),
        "terms_url": settings.TERMS_URL,
        "withdrawal_instructions": settings.WITHDRAWAL_INSTRUCTIONS,
    }
    context |= told_of(kind, payload)
    if kind in SHIPMENTS:
        context["parcels"] = parcels_in_mail(kind, payload, order, lines)
        if context["parcels"] is None:
            return
    mails.send_once(f"{kind}:{event_id}", template, context, to=[order.contact_email])


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_about_return(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail the customer or the guest about goods that come back: `order.withdrawn` sends `mail/order_withdrawn`.

    As `mail_customer`: no mail holds what the buyer typed, and nothing is sent to a customer who was anonymised.
    """
    asked = Return.objects.select_related("order__user").filter(pk=payload["return_id"]).first()
    if asked is None or is_forgotten(asked.order.user):
        return
    order = asked.order
    context = {
        "order": order,
        "asked": asked,
        "lines": [row for row in asked.lines.select_related("order_item") if row.quantity],
        "refund": asked.refund_items + asked.refund_shipping + order.total_amount * 0,
        "requested_on": calendar.day_of(asked.requested_at),
        "message": payload.get("message", ""),
        "return_address": settings.RETURN_ADDRESS,
        "link": "" if order.user else link_to(order.pk, order.number),
    }
    mails.send_once(f"{kind}:{event_id}", kind.replace(".", "_"), context, to=[order.contact_email])


def told_of(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a mail about a lost line, or about a change, tells of it. What is owed is told without its sign."""
    if kind == "order.line_lost":
        return {"lost": payload["line"], "message": payload["message"]}
    if kind == "order.changed":
        return {"changed": payload["changed"]}
    if kind == "order.line_changed":
        owed = Decimal(payload["owed"])
        change = {"comes_off": owed if owed > 0 else None, "comes_on": -owed if owed < 0 else None}
        return change | {"replaced_by": None, **{name: payload[name] for name in payload if name in CHANGE_TOLD}}
    return {}


# A worker that dies, or a lock that is not to be had, is tried again: nobody would ask for it later.
@app.task(retry=RetryStrategy(max_attempts=10, exponential_wait=3))
def adopt_orders(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Bring the orders that were placed by guests with an email to the account whose email was just confirmed."""
    services.adopt_orders(user_id=payload["user_id"], actor=WORKER)


def is_forgotten(user: User | None) -> bool:
    """Whether a customer was anonymised. A guest has no account to forget."""
    return user is not None and user.anonymised_at is not None


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="cancel_overdue_orders")
def cancel_overdue_orders(timestamp: int) -> None:
    """Cancel orders that stayed pending for too long, which gives their stock back."""
    while services.expire_pending_orders(actor=WORKER):
        pass


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="add_up_figures")
def add_up_figures(timestamp: int) -> None:
    """Add up what the home page of staff shows of sales and stock beyond today."""
    figures.refresh()
