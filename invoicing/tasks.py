"""The background work of invoices: documents follow their orders, mails take them to buyers, and old ones go."""

from typing import Any

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from database.days import day_of
from events import mails
from events.actors import WORKER
from events.models import Event
from invoicing import services
from invoicing.models import Invoice
from orders.models import Order
from orders.tasks import is_forgotten
from orders.tokens import link_to

# An order is invoiced when it is paid, or when the first of its goods leave, whichever comes first.
DUE = ("payment.paid", "order.shipped", "order.parcel_shipped")


# Nobody would ask for it later, so a worker that dies, or a lock that is not to be had, is tried again.
@app.task(retry=RetryStrategy(max_attempts=10, exponential_wait=3))
def follow_order(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Issue the invoice and the credit notes that an order has become due for."""
    due_since = None
    if kind in DUE and not (kind == "payment.paid" and waits_for_more(payload["order_id"])):
        due_since = day_of(Event.objects.values_list("at", flat=True).get(pk=event_id))
    services.follow_order(order_id=payload["order_id"], actor=WORKER, due_since=due_since)


def waits_for_more(order_id: int) -> bool:
    """Whether an order is paid in part alone: what is paid in full has been confirmed by that."""
    return Order.objects.filter(pk=order_id, status=Order.Status.PENDING).exists()


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_document(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail a document to the buyer: `invoice.issued` sends `mail/invoice_issued` with the PDF.

    The PDF has the name and the address that the buyer typed, which no other mail has. Nobody gets one for nothing:
    an order that is neither paid nor sent has no invoice.
    """
    invoice = Invoice.objects.select_related("order__user", "credits").filter(pk=payload["invoice_id"]).first()
    if invoice is None or is_forgotten(invoice.order.user):
        return
    order = invoice.order
    context = {
        "invoice": invoice,
        "order": order,
        "link": "" if order.user or order.deleted_at else link_to(order.pk, order.number),
    }
    mails.send_once(
        f"{kind}:{event_id}",
        kind.replace(".", "_"),
        context,
        to=[order.contact_email],
        attachments=[(invoice.file_name, bytes(services.file_of(invoice.pk).content), "application/pdf")],
    )


@app.periodic(cron="30 4 * * *")
@app.task(queueing_lock="delete_old_invoices")
def delete_old_invoices(timestamp: int) -> None:
    """Delete the documents that the law does not ask for any more."""
    services.delete_old()
