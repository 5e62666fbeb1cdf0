"""Documents are mailed to their buyers, once, with the PDF."""

from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from accounts.leaving import anonymise_user
from config.subscriptions import SUBSCRIPTIONS
from events.actors import COMMAND
from events.models import Event
from invoicing.models import Invoice, InvoiceFile
from invoicing.tasks import mail_document
from invoicing.tests.factories import issue
from orders import services
from orders.models import Order
from orders.services import Buyer
from orders.tests.factories import STAFF, buyer_of, make_article, make_order
from orders.tests.test_terms import order_of
from orders.tokens import link_to

pytestmark = pytest.mark.django_db


def send() -> list[EmailMultiAlternatives]:
    """The mails that follow from the documents so far, also when their jobs run twice."""
    mail.outbox.clear()
    events = Event.objects.filter(kind__in=("invoice.issued", "credit_note.issued")).order_by("id")
    for event in [*events, *events]:
        assert SUBSCRIPTIONS[event.kind] == [mail_document]
        mail_document(event_id=event.pk, kind=event.kind, payload=event.payload)
    sent: list[Any] = mail.outbox
    return sent


def test_an_invoice_and_its_credit_note_are_mailed_once_each() -> None:
    order = make_order(status="confirmed")
    [invoice] = issue(order)
    services.cancel_order(order_id=order.pk, actor=STAFF)
    [note] = issue(order)

    first, second = send()

    assert first.subject == f"Invoice {invoice.number} for your order {order.number}"
    assert second.subject == f"Credit note {note.number} for your order {order.number}"
    for message, row in ((first, invoice), (second, note)):
        assert message.to == [buyer_of(order).email]
        [(name, content, media_type)] = message.attachments
        assert (name, media_type) == (row.file_name, "application/pdf")
        assert content == bytes(InvoiceFile.objects.get(pk=row.pk).content)
        html = str(message.alternatives[0][0])
        for body in (str(message.body), html):
            assert row.number in body
            assert "20.00 USD" in body
            assert "Bo Smith" not in body
    assert f"a part of invoice {invoice.number}" in second.body
    assert second.attachments[0][0] == f"credit-note-{note.number}.pdf"


def test_a_guest_has_the_link_to_the_order() -> None:
    placed = order_of(Buyer(None, "guest@example.com"), {make_article(stock=5): 1})
    issue(placed.id)
    [message] = send()
    assert message.to == ["guest@example.com"]
    assert link_to(placed.id, placed.number) in message.body


def test_a_customer_who_was_forgotten_gets_none_and_the_invoice_stays() -> None:
    order = make_order(status="delivered")
    [invoice] = issue(order)
    anonymise_user(user_id=buyer_of(order).pk, actor=COMMAND)
    assert send() == []
    assert Order.objects.get().recipient_name == ""
    assert Invoice.objects.get() == invoice
    assert Invoice.objects.get().document["buyer"]["name"] == "Bo Smith"
