"""`manage.py payout_report`: what came and went by day and provider, for the bookkeeper."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from database import days
from payments.payouts import COLUMNS, Payout, left_out, payouts, sheet_of, totals


def day_in(text: str) -> date:
    """A day as it is typed. Ends the command with 2 for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is no day such as 2026-11-30.", returncode=2) from error


def as_table(rows: list[Payout]) -> str:
    """The report as columns of text."""
    table = [list(COLUMNS), *([str(cell) for cell in row.cells] for row in rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(COLUMNS))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join(lines) + "\n"


class Command(BaseCommand):
    """Prints the report. Days are those of SHOP_TIME_ZONE."""

    help = "What was captured, refunded and disputed, and the fees where they are known, by day and provider."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of the command."""
        parser.add_argument("--from", dest="since", metavar="DAY", help="the first day; the first of this month")
        parser.add_argument("--to", dest="until", metavar="DAY", help="the last day, included; today")
        parser.add_argument("--csv", action="store_true", help="for a spreadsheet, without totals")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report. Exits with 2 for what is no day, and for a last day before the first one."""
        today = days.today()
        since = today.replace(day=1) if options["since"] is None else day_in(options["since"])
        until = today if options["until"] is None else day_in(options["until"])
        if until < since:
            raise CommandError("The last day is before the first one.", returncode=2)
        rows = payouts(since, until)
        self.stdout.write(sheet_of(rows) if options["csv"] else as_table([*rows, *totals(rows)]), ending="")
        if count := left_out():
            self.stderr.write(f"{count} payments are left out: their money is of a currency that nobody asked for.")
