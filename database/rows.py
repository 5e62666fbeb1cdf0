"""Rows into and out of hand-written statements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet


@dataclass(frozen=True, slots=True)
class Alongside:
    """A part of a WITH clause, and its parameters, that another app puts into a statement of its own.

    `condition` is an expression over that part. If it is false, the unit of work is undone with `refusal`.
    """

    part: str
    params: dict[str, object]
    condition: str
    refusal: Exception


DELETE_BATCH = 2_000
WRITTEN_AS_SHOWN = (int, float, Decimal, date, timedelta, UUID)


def fetch_rows(sql: str, params: Mapping[str, object]) -> list[Any]:
    """All rows of a statement that casts each of its values: `%(id)s::bigint`. Timestamps are in UTC.

    Every value travels as text, so that a statement has one plan, whatever the size of a number; and by the short way
    of our database backend.
    """
    rows: list[Any] = connection.fetch_rows(sql, texts_of(params))  # type: ignore[attr-defined]  # our backend's
    return rows


def fetch_together(*statements: tuple[str, Mapping[str, object]]) -> list[list[Any]]:
    """The rows of each of several statements that need nothing of one another's answers: in one round trip.

    Each is a statement of its own, with its own snapshot, and sees what those before it did.
    """
    asked = [(sql, texts_of(params)) for sql, params in statements]
    rows: list[list[Any]] = connection.fetch_together(asked)  # type: ignore[attr-defined]  # our backend's
    return rows


def hidden(name: str, type_: str) -> str:
    """A parameter of a statement inside a sub-select of its own, where the planner does not see its value.

    PostgreSQL plans a prepared statement anew for each value as long as a plan that knows the value looks cheaper than
    one for all values. It cannot look into a sub-select, so the statement soon keeps one plan. This saves 0.25 ms of
    planning for each lock on stock, and rows that were waited for have less to be set up once more.
    """
    return f"(select %({name})s::{type_})"


def texts_of(params: Mapping[str, object]) -> dict[str, str | None]:
    """The parameters of a statement as texts."""
    return {name: text_of(value) for name, value in params.items()}


def text_of(value: object) -> str | None:
    """A value as PostgreSQL reads it where a statement says its type."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, WRITTEN_AS_SHOWN):
        return str(value)
    if isinstance(value, list):
        return array(value)
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"{type(value).__name__} has no text for PostgreSQL.")


def array(values: Iterable[object]) -> str:
    """An array literal, for a parameter that the statement casts: `%s::bigint[]`."""
    return "{" + ",".join(map(element, values)) + "}"


def element(value: object) -> str:
    """One element of an array literal."""
    if value is None:
        return "NULL"
    text = str(value)
    return text if text.isdigit() else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def delete_in_batches(rows: QuerySet[Model]) -> int:
    """Delete many rows a few at a time, so that no statement runs long; returns how many."""
    total = 0
    while True:
        deleted, _ = rows.filter(pk__in=rows.values("pk")[:DELETE_BATCH]).delete()
        total += deleted
        if deleted < DELETE_BATCH:
            return total
