"""Django's backend, which reads timestamps by psycopg's compiled loader. `ENGINE` names this package.

Django's own loader is Python and costs 5 microseconds for each timestamp: a fifth of the time of a page of products.
It would set another time zone than that of the connection, and ours are all in UTC.
"""

from typing import Any

from django.db.backends.postgresql import base
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
