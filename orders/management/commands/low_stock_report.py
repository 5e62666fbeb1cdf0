"""`manage.py low_stock_report`: what is low or out, for people, spreadsheets and cron."""

import json
import smtplib
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.management.base import BaseCommand, CommandError

from catalog.models import Category
from database.text import normalised_email
from inventory.bands import ALERTING, Band
from inventory.models import Warehouse
from orders.stock_health import LowArticle, low_articles
from staff.spreadsheets import as_csv

COLUMNS = (
    "sku",
    "product",
    "variant",
    "category",
    "band",
    "stock_quantity",
    "on_hand",
    "reserved",
    "reorder_point",
    "reorder_quantity",
)
# The bands that `--fail-on` looks for, and those that `--band` shows. Low includes critical, as everywhere.
FAILING = {
    "out": {Band.OUT_OF_STOCK},
    "critical": {Band.OUT_OF_STOCK, Band.CRITICAL},
    "low": set(ALERTING),
}
SHOWN = {"out_of_stock": {Band.OUT_OF_STOCK}, "critical": {Band.CRITICAL}, "low": {Band.CRITICAL, Band.LOW}}


def cell(article: LowArticle, column: str) -> Any:
    """A value of a table; empty where the article has none."""
    value = getattr(article, column)
    return "" if value is None else value


def addressed(text: str) -> str:
    """An email address as it is written to. Ends the command with 2 for what is none."""
    try:
        return normalised_email(text)
    except ValidationError as error:
        raise CommandError(f"{text!r} is no email address.", returncode=2) from error


def as_table(articles: Sequence[LowArticle]) -> str:
    """The report as columns of text."""
    rows = [COLUMNS, *([str(cell(article, column)) for column in COLUMNS] for article in articles)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines) + "\n"


def to_csv(articles: Sequence[LowArticle]) -> str:
    """The report for a spreadsheet."""
    return as_csv(COLUMNS, ([cell(article, column) for column in COLUMNS] for article in articles))


def as_json(articles: Sequence[LowArticle]) -> str:
    """The report for programs."""
    rows = [{column: getattr(article, column) for column in COLUMNS} for article in articles]
    return json.dumps(rows, indent=2) + "\n"


FORMATS: dict[str, Callable[[Sequence[LowArticle]], str]] = {"table": as_table, "csv": to_csv, "json": as_json}


class Command(BaseCommand):
    """Prints the report, mails it, and fails for cron when something is too low."""

    help = "List the SKUs for sale that are low or out of stock, worst first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options of the command."""
        parser.add_argument("--format", choices=FORMATS, default="table")
        parser.add_argument("--band", choices=SHOWN, help="only this band; low includes critical")
        parser.add_argument("--category", metavar="SLUG", help="only this category and those below it")
        parser.add_argument("--warehouse", metavar="CODE", help="only the stock of this warehouse")
        parser.add_argument(
            "--email", metavar="ADDRESS", action="append", help="send it there and print nothing; may be repeated"
        )
        parser.add_argument(
            "--fail-on", choices=FAILING, help="exit with status 1 when the report lists something this bad or worse"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the report, and print or mail it.

        Exits with 1 for what `--fail-on` names, with 2 for an unknown category or warehouse or what is no address, and
        with 3 when the mail server does not take the mail.
        """
        category, warehouse = options["category"], options["warehouse"]
        addresses = [addressed(address) for address in options["email"] or ()]
        if category is not None and not Category.objects.filter(slug=category).exists():
            raise CommandError(f"There is no category {category}.", returncode=2)
        if warehouse is not None and not Warehouse.objects.with_codes(warehouse).exists():
            raise CommandError(f"There is no warehouse {warehouse}.", returncode=2)
        articles = low_articles(category=category, warehouse=warehouse)
        if options["band"]:
            articles = [article for article in articles if article.band in SHOWN[options["band"]]]
        report = FORMATS[options["format"]](articles)
        if addresses:
            self.send(report, articles, addresses)
        else:
            self.stdout.write(report, ending="")
        if options["fail_on"] and any(article.band in FAILING[options["fail_on"]] for article in articles):
            raise SystemExit(1)

    def send(self, report: str, articles: Sequence[LowArticle], addresses: list[str]) -> None:
        """Mail the report, with a spreadsheet of the articles. Exits with 3 when the mail server does not take it."""
        subject = f"{settings.SHOP_NAME}: {len(articles)} articles are low or out of stock"
        mail = EmailMessage(subject, report, to=addresses)
        mail.attach("low-stock.csv", to_csv(articles), "text/csv")
        try:
            mail.send()
        except (OSError, smtplib.SMTPException) as error:
            raise CommandError(f"The report was not mailed: {' '.join(str(error).split())}", returncode=3) from error
