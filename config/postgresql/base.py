"""Django's backend without what it costs to go through psycopg's careful side. `ENGINE` names this package.

Timestamps are read by psycopg's compiled loader. Django's own is Python and costs 5 microseconds for each: a fifth of
the time of a page of products. It would set another time zone than that of the connection, and ours are all in UTC.

A prepared statement is sent, and a transaction begun and ended, by one call of libpq each. psycopg's own way can wait
without blocking, which a thread does not need: it costs a page of products 8 % more, an order 5.

And a refusal leaves the prepared statements alone. psycopg forgets all of them at each rollback, since one of them may
be about a table that was made and undone in it. We make none there, but refuse orders all day: each refusal had
the next requests parse and plan everything anew (a refusal after a sell-out took 3.2 ms then, 1.7 now).
"""

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
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


class Cursor(base.CursorMixin, psycopg.Cursor[Any]):
    """psycopg's, with a short way for statements that it has prepared on this connection (after the second time)."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        connection, wire = self._conn, self._conn.pgconn
        if options or connection._pipeline or self.closed:
            return super().execute(query, params, **options)
        self._reset()
        self._tx = Transformer(self)
        statement = self._convert_query(query, params)
        names, key = connection._prepared._names, (statement.query, statement.types)
        if key not in names:
            return super().execute(query, params)
        names.move_to_end(key)  # the one that was not used for longest is forgotten first
        if not connection.autocommit and wire.transaction_status == TransactionStatus.IDLE:
            check(wire, wire.exec_(b"BEGIN"))
        values: Any = statement.params  # None among them is NULL, which the stubs do not know
        result = wire.exec_prepared(names[key], values, statement.formats, self.format)
        check(wire, result)
        self._set_results([result])
        return self


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if params["cursor_factory"] is base.ServerBindingCursor:
            params["cursor_factory"] = Cursor
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.adapters.register_loader("timestamptz", TimestamptzLoader)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        # Django's asks the loader for its time zone each time, which the compiled one does not tell.
        assert self.connection is not None  # noqa: S101  # ensure_connection() comes before
        if name is None:
            return self.connection.cursor()
        return self.connection.cursor(name, scrollable=False, withhold=self.connection.autocommit)

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
