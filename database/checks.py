"""System check of the database: does the shop live in its own schema?"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections


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
