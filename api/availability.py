"""Which errors of a database mean that it does not serve at the moment, and how the log says why."""

import logging

from django.db import InterfaceError, OperationalError
from psycopg import errors

from database.refusals import Busy

logger = logging.getLogger(__name__)

# psycopg does not count these as operational errors, and yet the request can succeed later: this process was frozen in
# a transaction, the server takes no writes for a while, a migration changed a table of a prepared statement, or a
# pooler gave a connection on which this client has not prepared its statements and another one has.
NOT_NOW = (
    errors.IdleInTransactionSessionTimeout,
    errors.ReadOnlySqlTransaction,
    errors.FeatureNotSupported,
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
    errors.InvalidCursorName,
)


def unavailable(exc: BaseException | None) -> Busy | None:
    """The refusal that an error of a database means which does not serve at the moment, with a line in the log."""
    if exc is None or not (isinstance(exc, OperationalError | InterfaceError) or isinstance(exc.__cause__, NOT_NOW)):
        return None
    logger.warning("database unavailable: %s", words_of(exc.__cause__ or exc))
    return Busy("The database is not available at the moment; try again.", code="database_unavailable")


def words_of(error: BaseException) -> str:
    """Kind, SQLSTATE and message of an error of the database, on one line. DETAIL is left out, since it quotes rows.

    While a connection is made, libpq tells what the server said and no SQLSTATE.
    """
    diagnostics = getattr(error, "diag", None)
    state = getattr(error, "sqlstate", None) or "without SQLSTATE"
    message = (diagnostics and diagnostics.message_primary) or str(error)
    return f"{type(error).__name__}, {state}: {' '.join(message.split())}"
