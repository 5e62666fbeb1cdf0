"""Until when a request must be answered, and how its wait for the database is ended from outside.

The time-outs of statements and locks are the server's own. A server that is frozen, or that waits for a lost standby
at a commit, keeps its client waiting for ever. The web worker knows when each request began (config/deadlines.py), and
the worker when each job did (config/jobs.py): they tell the thread, and close the connections of a thread that is late.
"""

import os
import socket
from contextlib import suppress
from threading import get_ident
from time import monotonic
from typing import Any
from weakref import ref

import psycopg

# The shortest time-out that psycopg knows, in seconds.
SHORTEST_CONNECT_TIMEOUT = 2
# Thread: the moment of time.monotonic() at which its request must be answered.
_ends: dict[int, float] = {}
# Thread and alias: the connection, which ends with its thread.
_connections: dict[tuple[int, str], ref[Any]] = {}


def begin(end: float) -> None:
    """This thread's request must be answered at this moment of time.monotonic()."""
    _ends[get_ident()] = end


def finish() -> None:
    """This thread has answered its request."""
    _ends.pop(get_ident(), None)


def connect_timeout(configured: int) -> int:
    """For how many seconds this thread may try to connect; 0 is for ever, as with libpq.

    With a deadline it is half of the time that is left, since a host name can have two addresses. Raises
    psycopg.OperationalError when too little is left.
    """
    end = _ends.get(get_ident())
    if end is None:
        return configured
    left = end - monotonic()
    if left < SHORTEST_CONNECT_TIMEOUT:
        raise psycopg.OperationalError("The deadline leaves no time to connect to the database.")
    most = max(SHORTEST_CONNECT_TIMEOUT, int(left / 2))
    return min(configured, most) if configured > 0 else most


def note_connection(alias: str, connection: Any) -> None:
    """Remember the connection of a thread that has a deadline. Other threads are never interrupted."""
    thread = get_ident()
    if thread in _ends:
        _connections[thread, alias] = ref(connection)


def interrupt(thread: int) -> None:
    """End all waits of a thread for the database: the thread finds its connections closed by the server.

    What the server does with an unfinished statement or commit is then unknown, as when a network fails.
    """
    for (owner, _), noted in list(_connections.items()):
        connection = noted()
        if owner == thread and connection is not None:
            # An OperationalError says that the thread has just closed the connection.
            with suppress(psycopg.OperationalError, OSError):
                end_of_wire(connection.pgconn)


def end_of_wire(wire: Any) -> None:
    """Shut the socket of a connection down that another thread uses.

    The other thread may close it at this moment, and the system may give its number to another file. The copy is the
    connection's own socket if the connection still has that number afterwards.
    """
    number = wire.socket
    with socket.socket(fileno=os.dup(number)) as copy:
        if wire.socket == number:
            copy.shutdown(socket.SHUT_RDWR)
