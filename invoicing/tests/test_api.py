"""Invoices over HTTP: whoever sees the order reads them, and the PDF is the one that was made first."""

import hashlib
from typing import Any

import pytest
from rest_framework.test import APIClient

from invoicing.models import Invoice, InvoiceFile
from invoicing.tests.factories import issue
from invoicing.tests.reading import pages_of
from orders.services import Buyer
from orders.tests.clients import ORDERS, client_of
from orders.tests.factories import buyer_of, make_article, make_order, make_user
from orders.tests.returns import ask, ids, receive_back, shipped
from orders.tests.test_terms import order_of
from orders.tokens import token_of

pytestmark = pytest.mark.django_db


def get(client: Any, invoice: Invoice, end: str = "", **headers: str) -> Any:
    return client.get(f"{ORDERS}/{invoice.order_id}/invoices/{invoice.pk}{end}", headers=headers)


def test_a_buyer_reads_the_documents_of_an_order() -> None:
    order = shipped(2)
    client = client_of(buyer_of(order))
    assert client.get(f"{ORDERS}/{order.pk}/invoices").json() == []
    [invoice] = issue(order)
    receive_back(order, ask(order, {ids(order)[0]: 1}))
    [note] = issue(order)
    rows = client.get(f"{ORDERS}/{order.pk}/invoices/").json()
    assert [(row["number"], row["kind"], row["total"], row["currency"]) for row in rows] == [
        (invoice.number, "invoice", "20.00", "USD"),
        (note.number, "credit_note", "10.00", "USD"),
    ]
    assert rows[0]["url"] == f"{ORDERS}/{order.pk}/invoices/{invoice.pk}/pdf"
    document = get(client, note).json()
    assert document["credits"] == {"number": invoice.number, "issued_on": invoice.issued_at.date().isoformat()}
    assert (document["order_number"], document["reason"]) == (order.number, "Goods have come back.")
    assert [(line["quantity"], line["total"], line["unit_price"]) for line in document["lines"]] == [
        (1, "10.00", "10.00")
    ]
    assert "key" not in document["lines"][0]
    assert (document["net"], document["tax"], document["total"]) == ("10.00", "0.00", "10.00")


def test_the_pdf_is_a_file_with_an_etag_and_is_made_once() -> None:
    order = make_order(status="shipped")
    [invoice] = issue(order)
    client = client_of(buyer_of(order))
    answer = get(client, invoice, "/pdf", Accept="application/pdf")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="invoice-{invoice.number}.pdf"'
    assert f"Invoice {invoice.number}" in pages_of(answer.content)[0]
    file = InvoiceFile.objects.get()
    assert (bytes(file.content), file.sha256) == (answer.content, hashlib.sha256(answer.content).hexdigest())
    again = get(client, invoice, "/pdf", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert get(client, invoice, "/pdf").content == answer.content
    assert InvoiceFile.objects.get() == file


def test_who_asks_for_pdf_alone_is_refused_in_json() -> None:
    order = make_order()
    client = client_of(buyer_of(order))
    answer = client.get(f"{ORDERS}/{order.pk}/invoices/7/pdf", headers={"Accept": "application/pdf"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"


def test_a_guest_reads_them_by_the_token_of_the_order_and_strangers_do_not() -> None:
    placed = order_of(Buyer(None, "guest@example.com"), {make_article(stock=5): 1})
    [invoice] = issue(placed.id)
    guest = APIClient()
    for end in ("", "/pdf"):
        assert get(guest, invoice, end).status_code == 401
        assert get(guest, invoice, end, **{"X-Order-Token": "wrong"}).status_code == 404
        shown = {"X-Order-Token": token_of(placed.id, placed.number)}
        assert get(guest, invoice, end, **shown).status_code == 200
        assert get(client_of(make_user()), invoice, end).status_code == 404
    other = make_order(status="shipped")
    [foreign] = issue(other)
    answer = client_of(buyer_of(other)).get(f"{ORDERS}/{other.pk}/invoices/{invoice.pk}")
    assert answer.status_code == 404
    assert get(client_of(buyer_of(other)), foreign).status_code == 200
