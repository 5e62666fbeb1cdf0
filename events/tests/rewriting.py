"""Damage to what is append-only, as somebody with all rights over the database would do it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def rewriting(*tables: str) -> Iterator[None]:
    """Let the block change rows of these tables: their triggers sleep meanwhile."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"alter table {table} disable trigger user")
    yield
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"alter table {table} enable trigger user")
