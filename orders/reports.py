"""How reports read: from the replica where there is one, as rows with names."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from django.conf import settings
from django.db import connections, transaction

R = TypeVar("R")


def fetch(row: Callable[..., R], sql: str, params: Mapping[str, Any]) -> list[R]:
    """All rows of a statement, each as `row` makes it of the columns."""
    with connections[settings.REPORTS_DATABASE].cursor() as cursor:
        cursor.execute(sql, params)
        return [row(*columns) for columns in cursor]


@contextmanager
def patience(seconds: int) -> Iterator[None]:
    """Let each statement of the block take so long. Only for the worker: people do not wait."""
    using = settings.REPORTS_DATABASE
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("select set_config('statement_timeout', %s, true)", [f"{seconds}s"])
        yield
