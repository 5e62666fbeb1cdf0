"""The background work of orders: mails to customers, expiry of pending orders, and figures for staff."""

from typing import Any

from procrastinate.contrib.django import app

from events import mails
from events.actors import WORKER
from orders import figures, services
from orders.models import Order


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_customer(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail the customer about an event of an order: `order.shipped` sends the template `mail/order_shipped`.

    Nothing is sent about an order that has been deleted, nor to a customer who has been anonymised.
    """
    order = Order.objects.visible().select_related("user").filter(pk=payload["order_id"]).first()
    if order is None or order.user.anonymised_at:
        return
    context: dict[str, Any] = {"order": order, "user": order.user, "lines": order.order_items.all()}
    if kind == "order.line_lost":
        context["lost"] = payload["line"]
        context["message"] = payload["message"]
    mails.send_once(f"{kind}:{event_id}", kind.replace(".", "_"), context, to=[order.user.email])


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
