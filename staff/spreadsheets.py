"""Tables for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Comma-separated values in which no text can act as a formula when a spreadsheet opens them."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([harmless(value) for value in row] for row in rows)
    return file.getvalue()


def harmless(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula: text that looks like one gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
