"""System checks of the database: the shop lives in its own schema, and finds again what it has prepared.

Django runs them before it migrates; web and worker run the second when they start, with those that others bring.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

from database.pooling import keeps_prepared_statements

logger = logging.getLogger(__name__)


@register(Tags.database)
def check_schema(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to migrate or serve in a wrong schema: the tables would land in `public` without a word."""
    errors: list[CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute("select current_schema()")
            schema = cursor.fetchone()[0]
        if schema != settings.DATABASE_SCHEMA:
            errors.append(
                Error(
                    f"Database {alias!r} works in schema {schema!r}, not in {settings.DATABASE_SCHEMA!r}.",
                    hint="Run `manage.py prepare_database` once, then connect again.",
                    id="config.E001",
                )
            )
    return errors


@register(Tags.database)
def check_prepared_statements(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to prepare statements through a pooler in transaction mode: they would be lost, or taken for others."""
    return [
        Error(
            f"DATABASE_PREPARE_THRESHOLD must be 0: database {alias!r} is reached through a pooler that gives each "
            "transaction another connection, where prepared statements are lost or taken for one another.",
            id="config.E002",
        )
        for alias in databases or []
        if connections[alias].settings_dict["OPTIONS"]["prepare_threshold"] is not None
        and not keeps_prepared_statements(alias)
    ]


Check = Callable[..., Sequence[CheckMessage]]


def check_at_start(*others: Check) -> None:
    """Refuse to serve (ImproperlyConfigured) through a pooler that loses prepared statements, and what others refuse.

    A database that does not answer now is left out, since the shop can be started before it.
    """
    for alias in connections:
        try:
            checks: list[Check] = [check_prepared_statements, *others]
            errors = [error for check in checks for error in check(databases=[alias])]
        except (DatabaseError, psycopg.Error) as error:
            logger.warning("database %s not tried at the start: %s", alias, type(error.__cause__ or error).__name__)
            continue
        if errors:
            raise ImproperlyConfigured(" ".join(filter(None, (str(errors[0].msg), errors[0].hint))))
