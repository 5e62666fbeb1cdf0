"""Preparing a database for the shop: its schema, its extensions, and what each connection of the role starts with."""

from django.conf import settings
from django.db import DatabaseError, connections
from psycopg import sql

# Of PostgreSQL's own: parts of words, and constraints that compare numbers and texts beside ranges.
EXTENSIONS = ("pg_trgm", "btree_gist")


class PreparationFailed(Exception):
    """The role lacks a right. The message says what a superuser must do."""


def prepare(using: str = "default") -> None:
    """Make the database of this alias ready for `migrate`, and for this role. Repeating it changes nothing.

    A role that may not create a schema finds it there and sets its own defaults alone.

    The search path and the time-outs are set on the role within this database: start-up options are refused by
    pgbouncer, and without the schema in the path Django would put its tables silently into `public`.
    """
    connection = connections[using]
    schema = sql.Identifier(settings.DATABASE_SCHEMA)
    with connection.cursor() as cursor:
        cursor.execute("select current_user, current_database()")
        role, database = map(sql.Identifier, cursor.fetchone())
        defaults = {
            "search_path": f"{settings.DATABASE_SCHEMA}, public",
            "statement_timeout": f"{settings.DATABASE_STATEMENT_TIMEOUT_MS}ms",
            "lock_timeout": f"{settings.DATABASE_LOCK_TIMEOUT_MS}ms",
            "idle_in_transaction_session_timeout": "60s",
        }
        raw = cursor.cursor
        try:
            cursor.execute("select to_regnamespace(quote_ident(%s)) is null", [settings.DATABASE_SCHEMA])
            if cursor.fetchone()[0]:
                raw.execute(sql.SQL("create schema if not exists {}").format(schema))
            for extension in EXTENSIONS:
                raw.execute(
                    sql.SQL("create extension if not exists {} schema public").format(sql.Identifier(extension))
                )
            for name, value in defaults.items():
                values = sql.SQL(", ").join(sql.Literal(part) for part in value.split(", "))
                raw.execute(
                    sql.SQL("alter role {} in database {} set {} to {}").format(
                        role, database, sql.Identifier(name), values
                    )
                )
        except DatabaseError as error:
            raise PreparationFailed(
                f"{error}\nThe role needs CREATE on the database; "
                f"{' and '.join(EXTENSIONS)} can also be created by a superuser."
            ) from error
    connection.close()  # the next one begins with what was set on the role
