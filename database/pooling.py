"""Does a prepared statement outlive its transaction? Through a pooler in transaction mode it does not.

There the next transaction of a client is another server connection's, which does not know the statement, or knows
another one by its name: then the wrong statement is carried out. A pooler does not say that it is one, so this tries.
"""

from contextlib import closing
from typing import Any

from django.db import connections
from psycopg.errors import DuplicatePreparedStatement, InvalidSqlStatementName, ProtocolViolation, error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

NAME = b"shop_trial"
ROUNDS = 3
LOST = (DuplicatePreparedStatement, InvalidSqlStatementName, ProtocolViolation)


def keeps_prepared_statements(alias: str) -> bool:
    """Whether two clients each find the statement again that they have prepared under one name.

    A pooler lends the server connection that was used last, so the second client gets the first one's, and is told that
    the name is taken. Where others come in between, one of them soon does not find its own statement. A pooler in
    session mode, and pgbouncer from 1.21 on with max_prepared_statements, pass.
    """
    clients = [connections[alias].copy() for _ in range(2)]
    with closing(clients[0]), closing(clients[1]):
        wires: list[PGconn] = []
        try:
            for number, client in enumerate(clients):
                client.connect()
                wires.append(client.connection.pgconn)
                ask(wires[-1].prepare(NAME, b"select %d" % number))
            answers = [ask(wire.exec_prepared(NAME, [])) for _ in range(ROUNDS) for wire in wires]
            return answers == [b"0", b"1"] * ROUNDS
        except LOST:
            return False
        finally:
            for wire in wires:
                wire.exec_(b"deallocate " + NAME)


def ask(result: Any) -> bytes | None:
    """The value of an answer, or its error."""
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        raise error_from_result(result)
    value: bytes | None = result.get_value(0, 0)
    return value
