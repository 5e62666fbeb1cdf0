"""Django's backend without what it costs to go through psycopg's careful side. `ENGINE` names this package.

Timestamps are read by psycopg's compiled loader. Django's own is Python and costs 5 microseconds for each: a fifth of
the time of a page of products. It would set another time zone than that of the connection, and ours are all in UTC.

`fetch_rows` is the straight way for the statements that are written by hand (api.rows), and a transaction is ended by
one call of libpq. psycopg's own way can wait without blocking, which a thread does not need, and makes a cursor, a
query and a transformer for each statement: a fifth of the processor time of one product.

And a refusal leaves the prepared statements alone. psycopg forgets all of them at each rollback, since one of them may
be about a table that was made and undone in it. We make none there, but refuse orders all day: each refusal had
the next requests parse and plan everything anew (a refusal after a sell-out took 3.2 ms then, 1.7 now).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from psycopg._queries import _query2pg_nocache
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.types.datetime import TimestamptzLoader


def check(wire: PGconn, result: PGresult) -> None:
    """Raise what the server says, or that it fell silent."""
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return
    if result.error_field(DiagnosticField.SQLSTATE):
        raise error_from_result(result)
    # libpq's own words. It calls the connection BAD only when it has read all of it, and a rollback would do for good.
    wire.finish()
    raise psycopg.OperationalError(result.get_error_message())


@lru_cache(maxsize=512)
def compiled(sql: str) -> tuple[tuple[bytes, tuple[int, ...]], list[str]]:
    """The key under which psycopg keeps this statement when all its values are texts, and their names in sequence."""
    query, _, names, _ = _query2pg_nocache(sql.encode(), "utf-8")
    return (query, (0,) * len(names or ())), names or []


def encoded(text: str | None) -> bytes | None:
    if text is None:
        return None
    if "\x00" in text:  # where C would see the end of it
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return text.encode()


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.adapters.register_loader("timestamptz", TimestamptzLoader)
        self.reader = Transformer(connection)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        # Django's asks the loader for its time zone each time, which the compiled one does not tell.
        assert self.connection is not None  # noqa: S101  # ensure_connection() comes before
        if name is None:
            return self.connection.cursor()
        return self.connection.cursor(name, scrollable=False, withhold=self.connection.autocommit)

    def fetch_rows(self, sql: str, texts: Mapping[str, str | None]) -> list[Any]:
        """All rows of one statement with named parameters, each a text that the statement casts or NULL.

        The first times psycopg sends it, until it has prepared it on this connection (DATABASE_PREPARE_THRESHOLD), and
        whenever somebody listens in (execute wrappers, the log of queries). Otherwise it is one call of libpq.
        """
        raw = self.connection
        key, names = compiled(sql)
        heard = self.execute_wrappers or self.queries_logged
        if raw is None or heard or key not in (prepared := raw._prepared._names):
            with self.cursor() as cursor:
                cursor.execute(sql, texts)
                rows: list[Any] = cursor.fetchall()
            return rows
        prepared.move_to_end(key)  # the one that was not used for longest is forgotten first
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            wire = raw.pgconn
            values: Any = [encoded(texts[name]) for name in names]  # None is NULL, which the stubs do not know
            if not raw.autocommit and wire.transaction_status == TransactionStatus.IDLE:
                check(wire, wire.exec_(b"BEGIN"))
            result = wire.exec_prepared(prepared[key], values)
            check(wire, result)
            self.reader.set_pgresult(result)
            return self.reader.load_rows(0, result.ntuples, tuple)

    def _intact(self) -> PGconn | None:
        """The wire of a transaction that can go on."""
        wire: PGconn | None = self.connection and self.connection.pgconn
        return wire if wire and wire.transaction_status == TransactionStatus.INTRANS else None

    def _commit(self) -> None:
        wire = self._intact()
        if wire is None:
            super()._commit()  # type: ignore[misc]  # not in the stubs
            return
        with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
            check(wire, wire.exec_(b"COMMIT"))

    def _rollback(self) -> None:
        wire = self._intact()
        # After an error psycopg has lost the name of the statement that failed: then it has to forget them all.
        if wire is None or wire.exec_(b"ROLLBACK").status != ExecStatus.COMMAND_OK:
            super()._rollback()  # type: ignore[misc]  # not in the stubs
