"""Django's backend without what it costs to go through psycopg's careful side. `ENGINE` names this package.

Timestamps are read by psycopg's compiled loader. Django's own is Python and costs 5 microseconds for each: a fifth of
the time of a page of products. It would set another time zone than that of the connection, and ours are all in UTC.

And a refusal leaves the prepared statements alone. psycopg forgets all of them at each rollback, since one of them may
be about a table that was made and undone in it. We make none there, but refuse orders all day: each refusal had
the next requests parse and plan everything anew (a refusal after a sell-out took 3.2 ms then, 1.7 now).
"""

from typing import Any

from django.db.backends.postgresql import base
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.types.datetime import TimestamptzLoader


class DatabaseWrapper(base.DatabaseWrapper):
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

    def _rollback(self) -> None:
        wire = self.connection and self.connection.pgconn
        # After an error psycopg has lost the name of the statement that failed: then it has to forget them all.
        intact = wire and wire.transaction_status == TransactionStatus.INTRANS
        if not intact or wire.exec_(b"ROLLBACK").status != ExecStatus.COMMAND_OK:
            super()._rollback()  # type: ignore[misc]  # not in the stubs
