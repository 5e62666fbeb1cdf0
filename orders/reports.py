"""How reports read: from the replica where there is one and while it answers, as rows with names."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connections, transaction

from database import replica

R = TypeVar("R")


def fetch(row: Callable[..., R], sql: str, params: Mapping[str, Any]) -> list[R]:
    """All rows of a statement, each as `row` makes it of the columns."""

    def ask(using: str) -> list[R]:
        with connections[using].cursor() as cursor:
            cursor.execute(sql, params)
            return [row(*columns) for columns in cursor]

    return replica.read(ask)


@contextmanager
def patience(seconds: int) -> Iterator[None]:
    """Let each statement of the block take so long. Only for the worker: people do not wait."""
    using = replica.serving()
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("select set_config('statement_timeout', %s, true)", [f"{seconds}s"])
        yield
