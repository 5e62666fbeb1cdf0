"""Rows of one hand-written statement, read the fast way."""

from typing import Any

from django.db import connection
from psycopg.types.datetime import TimestamptzLoader


def fetch_rows(sql: str, params: dict[str, Any]) -> list[Any]:
    """All rows. Timestamps are in UTC, as connections are.

    They are read by psycopg's compiled loader. Django's own is Python and costs 5 microseconds for each: a fifth of
    the time of a page of twenty products.
    """
    with connection.cursor() as cursor:
        cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
        cursor.execute(sql, params)
        rows: list[Any] = cursor.fetchall()
    return rows
