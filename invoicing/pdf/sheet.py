"""What is printed of a document, from top to bottom: who, whom, what, how much, and why."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from database.days import day_of
from invoicing.documents import Json
from invoicing.models import Invoice
from invoicing.pdf.paper import INK, LARGE, LINE, MARGIN, NORMAL, QUIET, SMALL, Paper

# The facts stand beside the address: from here, in mm.
FACTS, FACT_NAME = 115, 32
NAMES = {"net": "Net", "tax": "Tax", "total": "Total"}


def pdf_of(invoice: Invoice) -> bytes:
    """The PDF of a document."""
    paper = Paper(invoice)
    paper.add_page()
    document = invoice.document
    write_head(paper, document)
    write_table(paper, *table_of(invoice))
    write_totals(paper, invoice)
    write_words(paper, document)
    return bytes(paper.output())


def write_head(paper: Paper, document: Json) -> None:
    """Seller, buyer, and the facts of the document."""
    seller, buyer = document["seller"], document["buyer"]
    paper.use(NORMAL, bold=True)
    paper.put(seller["name"])
    paper.use(SMALL, quiet=True)
    for line in seller["address"]:
        paper.put(line)
    if seller["vat_id"]:
        paper.put(f"VAT id {seller['vat_id']}")
    paper.ln(10)
    top = paper.get_y()
    write_facts(paper, facts_of(paper.invoice))
    below = paper.get_y()
    paper.set_xy(MARGIN, top)
    paper.use()
    for line in [buyer["company"], buyer["name"], *buyer["address"]]:
        if line:
            paper.put(line, FACTS - MARGIN - 10)
    if buyer["vat_id"]:
        paper.put(f"VAT id {buyer['vat_id']}", FACTS - MARGIN - 10)
    paper.set_xy(MARGIN, max(below, paper.get_y()) + 10)
    paper.use(LARGE, bold=True)
    paper.put(paper.title_words)
    paper.ln(3)


def facts_of(invoice: Invoice) -> list[tuple[str, str]]:
    """The facts of a document, each with its name."""
    document = invoice.document
    facts = [("Number", invoice.number), ("Date of issue", in_words(day_of(invoice.issued_at)))]
    if document["credits"]:
        facts.append(("Of invoice", document["credits"]["number"]))
        facts.append(("Issued on", in_words(date.fromisoformat(document["credits"]["issued_on"]))))
    facts.append(("Order", document["order_number"]))
    facts.append(("Date of order", in_words(date.fromisoformat(document["ordered_on"]))))
    supply = "Date of supply" if document["is_supplied"] else "Date of payment"
    return [*facts, (supply, in_words(invoice.supplied_on))]


def write_facts(paper: Paper, facts: Sequence[tuple[str, str]]) -> None:
    """Facts in two columns beside the address."""
    for name, fact in facts:
        top = paper.get_y()
        paper.set_xy(FACTS, top)
        paper.use(quiet=True)
        paper.put(name, FACT_NAME)
        paper.set_xy(FACTS + FACT_NAME, top)
        paper.use()
        paper.put(fact)


def table_of(invoice: Invoice) -> tuple[list[tuple[str, float]], list[list[str]]]:
    """The lines of a document: the columns with their widths, and the rows. Columns without a figure are left out."""
    document = invoice.document
    taxed = document["has_taxes"]
    discounted = any(Decimal(line["discount"]) for line in document["lines"])
    priced = any(line["unit_price"] for line in document["lines"])
    columns: list[tuple[str, float, Any, bool]] = [
        ("Article", 58, article, True),
        ("Units", 13, lambda line: str(line["quantity"] or ""), True),
        ("Unit price", 22, lambda line: amount(line["unit_price"]), priced),
        ("Discount", 20, lambda line: amount(line["discount"]), discounted),
        ("Net", 22, lambda line: amount(line["net"]), taxed),
        ("Tax", 18, lambda line: rate(line), taxed),
        ("Tax amount", 20, lambda line: amount(line["tax"]), taxed),
        ("Total", 23, lambda line: amount(line["total"]), True),
    ]
    shown = [(name, width, cell) for name, width, cell, there in columns if there]
    rows = [[cell(line) for _, _, cell in shown] for line in document["lines"]]
    return [(name, width) for name, width, _ in shown], rows


def write_table(paper: Paper, columns: Sequence[tuple[str, float]], rows: Sequence[Sequence[str]]) -> None:
    """A table over all of the width. Its heading stands on each page, and the first column is of words."""
    paper.use(SMALL)
    paper.set_draw_color(*LINE)
    with paper.table(
        col_widths=tuple(width for _, width in columns),
        text_align=("LEFT", *["RIGHT"] * (len(columns) - 1)),
        v_align="TOP",
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="BOLD", color=QUIET),
        line_height=paper.font_size * 1.35,
        padding=(1.2, 1),
    ) as table:
        for cells in ([name for name, _ in columns], *rows):
            row = table.row()
            for cell in cells:
                row.cell(paper.shown(cell))
    paper.ln(4)


def write_totals(paper: Paper, invoice: Invoice) -> None:
    """The sums of each tax rate, and then of all."""
    document, currency = invoice.document, invoice.currency
    if document["has_taxes"]:
        rows = [[rate(tax), *(amount(tax[name]) for name in NAMES)] for tax in document["taxes"]]
        rows.append(["All", *(amount(document[name]) for name in NAMES)])
        write_table(paper, [("Tax rate", 90), *((name, 30) for name in NAMES.values())], rows)
    paper.use(NORMAL + 2, bold=True)
    paper.put(f"Total {amount(document['total'])} {currency}", align="R")
    if document["has_taxes"] and document["prices_include_tax"]:
        paper.use(SMALL, quiet=True)
        paper.put("Unit prices and discounts include the tax.", align="R")
    paper.ln(4)


def write_words(paper: Paper, document: Json) -> None:
    """What the law wants to be said, and why something is taken back."""
    paper.use()
    paper.set_text_color(*INK)
    for words in [*document["words"], document["reason"]]:
        if words:
            paper.put(words)


def article(line: Json) -> str:
    """A line in words: its name and its SKU."""
    return f"{line['name']} ({line['sku']})" if line["sku"] else str(line["name"])


def rate(tax: Json) -> str:
    """A tax in words: "VAT 19 %"."""
    return f"{tax['tax_name']} {tax['tax_rate']} %".strip()


def amount(text: str | None) -> str:
    """An amount for people: "1,234.50"; nothing where there is none."""
    return "" if text is None else f"{Decimal(text):,}"


def in_words(day: date) -> str:
    """A day for people: "3 March 2026"."""
    return f"{day.day} {day:%B %Y}"
