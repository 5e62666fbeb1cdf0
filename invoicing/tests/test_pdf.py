"""The PDF of a document: all that it says, on as many pages as it takes, the same bytes each time."""

from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

import pytest

from invoicing.models import Invoice
from invoicing.pdf import pdf_of
from invoicing.pdf.letters import readable
from invoicing.tests.factories import SELLER
from invoicing.tests.reading import pages_of

FIGURES = {"tax_name": "VAT", "tax_rate": "19", "net": "21.00", "tax": "3.99", "total": "24.99"}
LINE = FIGURES | {"key": "line:1", "kind": "article", "sku": "MUG", "name": "Mug", "quantity": 2}
LINE |= {"unit_price": "12.50", "discount": "4.00"}
DOCUMENT: dict[str, Any] = {
    "seller": {
        "name": SELLER["SHOP_LEGAL_NAME"],
        "address": SELLER["SHOP_LEGAL_ADDRESS"],
        "vat_id": SELLER["SHOP_VAT_ID"],
        "footer": SELLER["SHOP_LEGAL_FOOTER"],
    },
    "buyer": {
        "name": "Žofie Ångström",
        "company": "Smith KG",
        "address": ["Ring 5", "1010 Wien", "Austria"],
        "country_code": "AT",
        "vat_id": "ATU13585627",
    },
    "order_number": "100501",
    "ordered_on": "2026-02-01",
    "supplied_on": "2026-03-02",
    "is_supplied": True,
    "prices_include_tax": False,
    "reverse_charge": False,
    "has_taxes": True,
    "words": [],
    "credits": None,
    "reason": "",
    "lines": [LINE],
    "taxes": [FIGURES],
    "net": "21.00",
    "tax": "3.99",
    "total": "24.99",
}


def pages(kind: str = "invoice", **changes: Any) -> list[list[str]]:
    return pages_of(pdf_of(document(kind, **changes)))


def document(kind: str = "invoice", **changes: Any) -> Invoice:
    return Invoice(
        kind=kind,
        number="2026-000017" if kind == "invoice" else "C2026-000003",
        issued_at=datetime(2026, 3, 3, 12, tzinfo=UTC),
        supplied_on=date(2026, 3, 2),
        currency="EUR",
        document=deepcopy(DOCUMENT) | changes,
    )


def test_an_invoice_shows_all_that_it_says() -> None:
    [page] = pages()
    assert page == [
        *("Verano Trading GmbH", "Kastanienallee 1", "10435 Berlin", "Germany", "VAT id DE136695976"),
        *("Number", "2026-000017", "Date of issue", "3 March 2026"),
        *("Order", "100501", "Date of order", "1 February 2026", "Date of supply", "2 March 2026"),
        *("Smith KG", "Žofie Ångström", "Ring 5", "1010 Wien", "Austria", "VAT id ATU13585627"),
        "Invoice 2026-000017",
        *("Article", "Units", "Unit price", "Discount", "Net", "Tax", "Tax amount", "Total"),
        *("Mug (MUG)", "2", "12.50", "4.00", "21.00", "VAT 19 %", "3.99", "24.99"),
        *("Tax rate", "Net", "Tax", "Total"),
        *("VAT 19 %", "21.00", "3.99", "24.99"),
        *("All", "21.00", "3.99", "24.99"),
        "Total 24.99 EUR",
        "Amtsgericht Charlottenburg HRB 12345",
        "2026-000017 · Page 1 of ",
        "1",
    ]


def test_a_shop_without_taxes_shows_none_and_a_payment_is_no_supply() -> None:
    [page] = pages(has_taxes=False, is_supplied=False)
    assert not {text for text in page if "Tax" in text or "Net" in text or "%" in text}
    assert "Date of payment" in page
    assert "Date of supply" not in page


def test_the_law_has_its_words() -> None:
    [page] = pages(words=["Reverse charge: the buyer owes the tax."], prices_include_tax=True)
    assert "Reverse charge: the buyer owes the tax." in page
    assert "Unit prices and discounts include the tax." in page


def test_a_credit_note_names_its_invoice_and_says_why() -> None:
    money = LINE | {"quantity": None, "unit_price": None, "discount": "0.00"}
    credits = {"number": "2026-000017", "issued_on": "2026-03-01"}
    [page] = pages("credit_note", credits=credits, lines=[money], reason="Goods have come back.")
    assert "Credit note C2026-000003" in page
    place = page.index("Of invoice")
    assert page[place : place + 4] == ["Of invoice", "2026-000017", "Issued on", "1 March 2026"]
    assert page[page.index("Article") :][:5] == ["Article", "Units", "Net", "Tax", "Tax amount"]
    assert "Goods have come back." in page


def test_many_lines_go_on_under_the_same_heading_with_pages_that_count() -> None:
    lines = [LINE | {"name": f"Mug {place} " + "of a very long name " * 9} for place in range(60)]
    found = pages(lines=lines)
    assert len(found) > 3
    for number, page in enumerate(found, 1):
        assert page[-2:] == [f"2026-000017 · Page {number} of ", str(len(found))]
        assert "Amtsgericht Charlottenburg HRB 12345" in page
    for page in found[1:]:
        assert page[0] == "Verano Trading GmbH · Invoice 2026-000017"
    of_lines = [page for page in found if any(text.startswith("Mug ") for text in page)]
    assert all("Unit price" in page for page in of_lines)
    text = " ".join(text for page in found for text in page)
    assert [f"Mug {place} of" in text for place in range(60)] == [True] * 60


def test_what_the_font_does_not_have_is_written_as_it_is_spoken() -> None:
    names = ["王小明", "שלום", "مرحبا بك", "a\u0301\u0489 \u200b\U0001f44d", "x" * 200, "\ue000"]
    buyer = DOCUMENT["buyer"] | {"name": "", "company": "", "vat_id": "", "address": names}
    [page] = pages(buyer=buyer, lines=[LINE | {"name": "王" * 60}])
    assert page[page.index("2 March 2026") + 1 :][:4] == ["WangXiaoMing", "slvm", "mrhb bk", "á :thumbsup:"]
    known = {ord(letter) for letter in "abc? "}
    assert readable("äb\u0301ć\t \ue000", known) == "abc "
    assert [readable(text, known) for text in ("", "\ue000", "\U00012000")] == ["", "?", "?"]


def test_the_same_document_makes_the_same_bytes() -> None:
    lines = [LINE] * 30
    assert pdf_of(document(lines=lines)) == pdf_of(document(lines=lines))
    assert pdf_of(document(lines=lines)) != pdf_of(document(lines=lines[1:]))


@pytest.mark.parametrize("text", ["{nb}", "**bold**", "(\\", "<b>&amp;"])
def test_what_means_something_elsewhere_is_text_here(text: str) -> None:
    [page] = pages(lines=[LINE | {"name": text, "sku": ""}])
    assert page[page.index("Total") + 1] == text
