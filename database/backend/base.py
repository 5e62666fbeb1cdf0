"""Django's backend without what it costs to go through psycopg's careful side. `ENGINE` names this package.

Timestamps are read by psycopg's compiled loader. Django's own is Python and costs 5 microseconds for each: a fifth of
the time of a page of products. It would set another time zone than that of the connection, and ours are all in UTC.

`fetch_rows` is the straight way for the statements that are written by hand (database.rows), and a transaction is ended
by one call of libpq. psycopg's own way can wait without blocking, which a thread does not need, and makes a cursor, a
query and a transformer for each statement: a fifth of the processor time of one product.

And a refusal leaves the prepared statements alone. psycopg forgets all of them at each rollback, since one of them may
be about a table that was made and undone in it. We make none there, but refuse orders all day: each refusal had
the next requests parse and plan everything anew (a refusal after a sell-out took 3.2 ms then, 1.7 now).
"""

import select
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from psycopg._queries import _query2pg_nocache
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.types.datetime import TimestamptzLoader

from database import deadlines

# A prepared statement's name and its values, as libpq takes them. None is NULL, which the stubs do not know.
Call = tuple[bytes, Any]


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
    """A text as libpq takes it. Refuses NUL with DataError."""
    if text is None:
        return None
    if "\x00" in text:  # where C would see the end of it
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return text.encode()


def execute_together(wire: PGconn, calls: Sequence[Call]) -> list[PGresult]:
    """Have prepared statements executed one after the other, with one wait for all of them (libpq's pipeline mode)."""
    results: list[PGresult] = []
    try:
        wire.enter_pipeline_mode()
        for name, values in calls:
            wire.send_query_prepared(name, values)
        wire.pipeline_sync()
        poll = select.poll()
        while True:
            # get_result() would wait too, but holding the interpreter's lock.
            while wire.is_busy():
                poll.register(wire.socket, select.POLLIN | (select.POLLOUT if wire.flush() else 0))
                poll.poll()
                wire.consume_input()
            result = wire.get_result()
            if result is None:  # stands between the statements; and nothing else comes of a lost connection
                if wire.status == ConnStatus.BAD:
                    raise psycopg.OperationalError(wire.get_error_message())
            elif result.status == ExecStatus.PIPELINE_SYNC:
                break
            else:
                results.append(result)
        wire.exit_pipeline_mode()
    except BaseException:
        wire.finish()  # nobody knows what it would answer next
        raise
    return results


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to PostgreSQL, with a short way for hand-written statements.

    `lifts_timeout` is set for commands (manage.py): statements in a transaction have no time-out. It ends with the
    transaction, since a session can be a pooler's, whose next client is the web.
    """

    lifts_timeout = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection of psycopg that reads timestamps with its compiled loader, made within its time."""
        timeout = deadlines.connect_timeout(int(conn_params["connect_timeout"]))
        connection = super().get_new_connection(conn_params | {"connect_timeout": timeout})
        deadlines.note_connection(self.alias, connection)
        connection.adapters.register_loader("timestamptz", TimestamptzLoader)
        self.reader = Transformer(connection)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        # Django's asks the loader for its time zone each time, which the compiled one does not tell.
        """A cursor without Django's setting of the time zone."""
        assert self.connection is not None  # noqa: S101  # ensure_connection() comes before
        if name is None:
            return self.connection.cursor()
        return self.connection.cursor(name, scrollable=False, withhold=self.connection.autocommit)

    def fetch_rows(self, sql: str, texts: Mapping[str, str | None]) -> list[Any]:
        """All rows of one statement with named parameters, each a text that the statement casts or NULL.

        The first times psycopg sends it, until it has prepared it on this connection (DATABASE_PREPARE_THRESHOLD), and
        whenever somebody listens in (execute wrappers, the log of queries). Otherwise it is one call of libpq.
        """
        call = self._call(sql, texts)
        if call is None:
            with self.cursor() as cursor:
                cursor.execute(sql, texts)
                rows: list[Any] = cursor.fetchall()
            return rows
        with self.wrap_database_errors:
            wire = self._begun()
            return self._read(wire, wire.exec_prepared(*call))

    def fetch_together(self, statements: Sequence[tuple[str, Mapping[str, str | None]]]) -> list[list[Any]]:
        """The rows of each statement, as fetch_rows. They travel together, and each sees what those before it did.

        If one fails, those after it are not carried out. Outside of a transaction they travel alone: together they
        would be one.
        """
        calls = [call for sql, texts in statements if (call := self._call(sql, texts))]
        if len(calls) < len(statements) or not self.in_atomic_block:
            return [self.fetch_rows(sql, texts) for sql, texts in statements]
        with self.wrap_database_errors:
            wire = self._begun()
            return [self._read(wire, result) for result in execute_together(wire, calls)]

    def _call(self, sql: str, texts: Mapping[str, str | None]) -> Call | None:
        """How libpq is told to execute this statement, if it may be."""
        raw = self.connection
        if raw is None or self.execute_wrappers or self.queries_logged:
            return None
        key, parameters = compiled(sql)
        prepared = raw._prepared._names
        name = prepared.get(key)
        if name is None:
            return None
        prepared.move_to_end(key)  # the one that was not used for longest is forgotten first
        with self.wrap_database_errors:
            return name, [encoded(texts[parameter]) for parameter in parameters]

    def _begun(self) -> PGconn:
        """The wire of this connection, in a transaction if there is to be one."""
        self.validate_no_broken_transaction()
        assert self.connection is not None  # noqa: S101  # something is prepared on it
        wire: PGconn = self.connection.pgconn
        if not self.connection.autocommit and wire.transaction_status == TransactionStatus.IDLE:
            check(wire, wire.exec_(b"BEGIN"))
        return wire

    def _read(self, wire: PGconn, result: PGresult) -> list[Any]:
        check(wire, result)
        self.reader.set_pgresult(result)
        return self.reader.load_rows(0, result.ntuples, tuple)

    def _set_autocommit(self, autocommit: bool) -> None:
        # psycopg makes a generator of it, only to see that no transaction is open.
        if self.connection and self._wire_in(TransactionStatus.IDLE):
            self.connection._autocommit = autocommit
        else:
            super()._set_autocommit(autocommit)  # type: ignore[misc]  # not in the stubs
        if self.lifts_timeout and not autocommit and self.connection:
            self.connection.execute("set local statement_timeout = 0")

    def _wire_in(self, status: TransactionStatus) -> PGconn | None:
        """The wire of this connection, if that is how its transaction stands."""
        wire: PGconn | None = self.connection and self.connection.pgconn
        return wire if wire and wire.transaction_status == status else None

    def _commit(self) -> None:
        wire = self._wire_in(TransactionStatus.INTRANS)
        if wire is None:
            super()._commit()  # type: ignore[misc]  # not in the stubs
            return
        with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
            check(wire, wire.exec_(b"COMMIT"))

    def _rollback(self) -> None:
        wire = self._wire_in(TransactionStatus.INTRANS)
        # After an error psycopg has lost the name of the statement that failed: then it has to forget them all.
        if wire is None or wire.exec_(b"ROLLBACK").status != ExecStatus.COMMAND_OK:
            super()._rollback()  # type: ignore[misc]  # not in the stubs
