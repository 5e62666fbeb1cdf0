"""Staff find invoices, read them, download them, and hand a table to the bookkeeper."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from pytest_django import Settings

from database.days import today
from invoicing.tests.factories import issue
from orders.services import Terms
from orders.tests.factories import make_article, make_order, make_user
from orders.tests.returns import ask, ids, receive_back, shipped
from orders.tests.test_terms import order_of
from pricing.tests.factories import make_method, make_tax_rate

pytestmark = pytest.mark.django_db
LIST = "/admin/invoicing/invoice/"


@pytest.fixture
def desk(staff_pages: Callable[..., Any]) -> Any:
    return staff_pages("order desk")


def listed(desk: Any, query: str) -> list[str]:
    return [row.number for row in desk.get(f"{LIST}?{query}").context_data["cl"].result_list]


def test_invoices_are_found_by_number_order_kind_and_year(desk: Any) -> None:
    order, other = shipped(2), make_order(status="shipped")
    [invoice], [foreign] = issue(order), issue(other)
    receive_back(order, ask(order, {ids(order)[0]: 1}))
    [note] = issue(order)
    assert listed(desk, "") == [note.number, foreign.number, invoice.number]
    assert listed(desk, f"q={note.number.lower()}") == [note.number]
    assert listed(desk, f"q={order.number}") == [note.number, invoice.number]
    assert listed(desk, "kind__exact=credit_note") == [note.number]
    assert len(listed(desk, f"year={today().year}")) == 3
    assert listed(desk, "year=1999") == []
    page = desk.get(LIST).content.decode()
    assert "Bo Smith" in page
    assert f"/admin/orders/order/{order.pk}/change/" in page


def test_an_order_leads_to_its_invoices_and_they_lead_back(desk: Any) -> None:
    order = shipped(2)
    address = f"/admin/orders/order/{order.pk}/change/"
    assert "Invoices</h2>" not in desk.get(address).content.decode()
    [invoice] = issue(order)
    receive_back(order, ask(order, {ids(order)[0]: 1}))
    [note] = issue(order)
    page = desk.get(address).content.decode()
    for row in (invoice, note):
        assert f'href="{LIST}{row.pk}/change/">{row.number}' in page
        assert f'href="{LIST}{row.pk}/pdf/"' in page
    of_invoice = desk.get(f"{LIST}{invoice.pk}/change/").content.decode()
    assert f'href="{LIST}{note.pk}/change/">{note.number}</a> 10.00 USD' in of_invoice
    of_note = desk.get(f"{LIST}{note.pk}/change/").content.decode()
    for text in (f'href="{LIST}{invoice.pk}/change/"', f'href="{address}"', "Goods have come back.", "Bo Smith"):
        assert text in of_note
    pdf = desk.get(f"{LIST}{note.pk}/pdf/")
    assert (pdf.headers["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert desk.get(f"{LIST}999999/pdf/").status_code == 404


def table(desk: Any, **period: object) -> list[list[str]]:
    answer = desk.get(f"{LIST}table/", period)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))


def test_the_bookkeeper_gets_a_table_with_each_rate(desk: Any, settings: Settings) -> None:
    settings.SHOP_TIME_ZONE = "Europe/Berlin"
    make_tax_rate()
    make_method()
    placed = order_of(make_user(), {make_article(stock=5, price="12.50"): 2}, Terms(method="parcel"))
    [invoice] = issue(placed.id)
    order = make_order(status="shipped", price="10.00")
    [untaxed] = issue(order)
    receive_back(order, ask(order, {ids(order)[0]: 1}))
    [note] = issue(order)

    head, *rows = table(desk, since=today(), until=today())

    assert head[-7:] == ["Net", "Tax", "Total", "Net VAT 19 %", "Tax VAT 19 %", "Net 0 %", "Tax 0 %"]
    assert [row[0] for row in rows] == [invoice.number, untaxed.number, note.number]
    assert rows[0][-7:] == ["29.90", "5.68", "35.58", "29.90", "5.68", "0.00", "0.00"]
    assert rows[2][-7:] == ["-10.00", "0.00", "-10.00", "0.00", "0.00", "-10.00", "0.00"]
    assert rows[2][1:6] == ["Credit Note", str(today()), str(today()), order.number, untaxed.number]
    tomorrow = today() + timedelta(days=1)
    assert table(desk, since=tomorrow, until=tomorrow) == [head[:13]]


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ({"since": "2026-02-01", "until": "2026-01-31"}, "A period has one day or more, and a year at most."),
        ({"since": "2026-01-01", "until": "2027-01-02"}, "A period has one day or more, and a year at most."),
        ({"since": "yesterday", "until": "0000-01-01"}, "Enter a valid date."),
        ({"since": "2026-01-01"}, "This field is required."),
    ],
)
def test_a_period_that_is_none_is_refused_and_stays_typed(desk: Any, period: dict[str, str], said: str) -> None:
    page = desk.get(f"{LIST}table/", period)
    assert page.status_code == 200
    assert said in page.content.decode()
    assert f'value="{period["since"]}"' in page.content.decode()
