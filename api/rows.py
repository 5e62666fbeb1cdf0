"""Rows into and out of hand-written statements."""

from collections.abc import Iterable
from typing import Any

from django.db import connection


def fetch_rows(sql: str, params: dict[str, Any]) -> list[Any]:
    """All rows of a statement. Timestamps are in UTC, as connections are."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[Any] = cursor.fetchall()
    return rows


def array(values: Iterable[object]) -> str:
    """An array literal, for a parameter that the statement casts: `%s::bigint[]`.

    psycopg would look at each element of a list, and types numbers by the largest of them, so that a statement is
    prepared for each such type anew.
    """
    return "{" + ",".join(map(element, values)) + "}"


def element(value: object) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    return text if text.isdigit() else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
