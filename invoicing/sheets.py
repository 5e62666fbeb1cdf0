"""The invoices and credit notes of a period as a table for the bookkeeper, with the sums of each tax rate."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from database.days import day_of, first_moment, last_moment
from invoicing.models import Invoice
from staff.spreadsheets import as_csv

COLUMNS = (
    *("Number", "Kind", "Issued on", "Supplied on", "Order", "Of invoice", "Buyer", "Country", "VAT id", "Currency"),
    *("Net", "Tax", "Total"),
)


def sheet_of(since: date, until: date) -> str:
    """The documents that were issued on these days of the shop, as CSV. What a credit note takes back has a minus."""
    issued = Invoice.objects.filter(issued_at__gte=first_moment(since), issued_at__lte=last_moment(until))
    # A year of documents is read twice rather than kept.
    taxes = issued.values_list("document__taxes", flat=True).iterator()
    rates = sorted(
        {(Decimal(tax["tax_rate"]), tax["tax_name"]) for of_one in taxes for tax in of_one},
        key=lambda rate: (-rate[0], rate[1]),
    )
    documents = issued.select_related("order", "credits").order_by("issued_at", "id").iterator()
    named = [f"{name} {rate} %".strip() for rate, name in rates]
    columns = [*COLUMNS, *(f"{what} {name}" for name in named for what in ("Net", "Tax"))]
    return as_csv(columns, (list(cells_of(row, rates)) for row in documents))


def cells_of(row: Invoice, rates: list[tuple[Decimal, str]]) -> Iterator[Any]:
    """The cells of one document. A rate that it does not have is 0."""
    sign, document, nothing = -1 if row.is_credit_note else 1, row.document, row.total * 0
    buyer = document["buyer"]
    yield from (row.number, row.get_kind_display(), day_of(row.issued_at), row.supplied_on, row.order.number)
    yield row.credits.number if row.credits else ""
    yield from (buyer["company"] or buyer["name"], buyer["country_code"], buyer["vat_id"], row.currency)
    # What is added lets no nothing have a minus.
    yield from (sign * amount + nothing for amount in (row.net, row.tax, row.total))
    by_rate = {(Decimal(tax["tax_rate"]), tax["tax_name"]): tax for tax in document["taxes"]}
    for rate in rates:
        for what in ("net", "tax"):
            yield sign * Decimal(by_rate[rate][what]) + nothing if rate in by_rate else nothing
