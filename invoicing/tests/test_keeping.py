"""Documents are kept as they are until their years are over, and `verify_invoices` sees every damage."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from pytest_django import Settings

from database.days import today
from invoicing import services, tasks
from invoicing.invariants import invariants
from invoicing.models import Counter, Invoice, InvoiceFile, end_of_keeping
from invoicing.tests.factories import SELLER, assert_sound, documents, issue, verify
from orders.tests.returns import ask, ids, receive_back, shipped

pytestmark = pytest.mark.django_db


def sample() -> tuple[Invoice, Invoice]:
    """An invoice and a credit note with their PDFs."""
    order = shipped(2)
    [invoice] = issue(order)
    receive_back(order, ask(order, {ids(order)[0]: 1}))
    [note] = issue(order)
    for row in (invoice, note):
        services.file_of(row.pk)
    return invoice, note


def write(sql: str, *params: int) -> None:
    """What no trigger would let happen."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        for table in ("invoicing_invoice", "invoicing_invoicefile"):
            cursor.execute(f"alter table {table} disable trigger user")
        cursor.execute(sql, params)
        for table in ("invoicing_invoice", "invoicing_invoicefile"):
            cursor.execute(f"alter table {table} enable trigger user")


@pytest.mark.parametrize(
    "change",
    [
        lambda: Invoice.objects.update(total=1, net=1),
        lambda: InvoiceFile.objects.update(content=b""),
        lambda: InvoiceFile.objects.all().delete(),
        lambda: Invoice.objects.filter(kind="credit_note")._raw_delete("default"),
    ],
)
def test_nobody_changes_or_deletes_what_is_kept(change: Callable[[], Any]) -> None:
    sample()
    before = documents()
    with pytest.raises((InternalError, IntegrityError), match="is append-only"), transaction.atomic():
        change()
    assert documents() == before


def test_what_is_kept_no_longer_goes_with_its_file_and_its_last_credit_note() -> None:
    invoice, note = sample()
    sample()
    tasks.delete_old_invoices(timestamp=0)
    assert Invoice.objects.count() == 4
    write("update invoicing_invoice set kept_until = '2020-12-31' where id = %s", invoice.pk)
    write("update invoicing_invoicefile set kept_until = '2020-12-31' where invoice_id <= %s", note.pk)
    assert services.delete_old() == 0
    write("update invoicing_invoice set kept_until = '2020-12-31' where id = %s", note.pk)
    assert services.delete_old() == 2
    assert not InvoiceFile.objects.filter(pk__in=(invoice.pk, note.pk)).exists()
    assert (Invoice.objects.count(), InvoiceFile.objects.count()) == (2, 2)


def test_years_are_counted_from_the_end_of_the_year(settings: Settings) -> None:
    assert end_of_keeping(date(2026, 1, 1), 10) == date(2036, 12, 31)
    for name, value in SELLER.items():
        setattr(settings, name, value)
    settings.INVOICE_YEARS = 6
    [invoice] = issue(shipped(1))
    assert invoice.kept_until == date(today().year + 6, 12, 31)


def note_says(path: str, value: str) -> str:
    """A statement after which the document of a credit note says something else."""
    return note_has(f"document = jsonb_set(document, '{{{path}}}', '{value}')")


def note_has(columns: str) -> str:
    """A statement after which the columns of a credit note say something else."""
    return f"update invoicing_invoice set {columns} where kind = 'credit_note'"  # noqa: S608  # a test's own


GAP = "numbers have no gap"
SAYS = "a document says what its columns say"
SUMS = "totals are those of the lines, and of the tax rates"
LINES = "credit notes are within each line of their invoice"
DAMAGES = [
    (GAP, "delete from invoicing_invoicefile; delete from invoicing_invoice where kind = 'credit_note'"),
    (GAP, note_has("serial = 2, number = 'C' || year || '-000002'")),
    (GAP, "update invoicing_counter set last = 2 where kind = 'invoice'"),
    (GAP, "delete from invoicing_counter"),
    ("a number is made of its kind, year and serial", note_has("number = 'C1'")),
    (SAYS, note_has("total = 9, net = 9")),
    (SAYS, note_has("supplied_on = '2020-01-01'")),
    (SUMS, note_says("lines,0,net", '"9"')),
    (SUMS, note_says("taxes,0,tax", '"9"')),
    ("credit notes are within their invoice", note_has("total = 21, net = 21")),
    (LINES, note_says("lines,0,total", '"21"')),
    (LINES, note_says("lines,0,key", '"line:0"')),
    ("a credit note is of the order and the currency of its invoice", note_has("currency = 'EUR'")),
    ("a PDF is the one that was made", "update invoicing_invoicefile set content = content || 'x'::bytea"),
    (
        "each document has its PDF an hour later",
        "delete from invoicing_invoicefile; update invoicing_invoice set issued_at = now() - interval '2 hours'",
    ),
]


@pytest.mark.parametrize(("invariant", "damage"), DAMAGES)
def test_a_damage_is_seen(invariant: str, damage: str) -> None:
    sample()
    assert_sound()
    write(damage)
    out, error = verify()
    assert f"{invariant}: " in out
    assert error.endswith(" violations.")


def test_numbers_that_do_not_rise_and_an_invoice_that_was_not_taken_back_are_seen() -> None:
    sample()
    [later] = issue(shipped(1))
    write("update invoicing_invoice set issued_at = now() - interval '1 minute' where id = %s", later.pk)
    assert "numbers and moments rise together: " in verify()[0]
    first = Invoice.objects.earliest("pk")
    write("update invoicing_invoice set order_id = %s, reference = 'x' where id = %s", first.order_id, later.pk)
    assert f"an invoice whose place another has taken is credited in full: {first.number}" in verify()[0]


def test_every_invariant_has_a_damage() -> None:
    tried = {invariant for invariant, _ in DAMAGES}
    assert {*invariants()} - tried == {
        "numbers and moments rise together",
        "an invoice whose place another has taken is credited in full",
    }


def test_years_whose_documents_are_gone_are_not_missed() -> None:
    sample()
    Counter.objects.create(kind="invoice", year=today().year - 11, last=7)
    assert_sound()
    Counter.objects.create(kind="invoice", year=today().year - 10, last=7)
    assert "numbers have no gap: invoice" in verify()[0]
