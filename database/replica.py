"""Reading reports from the replica, and from the primary while the replica is away.

Whoever asks waits for a replica that does not answer for PROBE_SECONDS at most. After that this process leaves it alone
for PAUSE_SECONDS, so that one request pays for the failure and not all of them.
"""

import logging
import time
from collections.abc import Callable
from threading import Timer
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connections

from database.deadlines import end_of_wire

R = TypeVar("R")

PROBE_SECONDS = 2.0
PAUSE_SECONDS = 30.0
# Statements that are too slow, or wrong, would be so on the primary. A replica may lack what a migration has just made.
SAME_ON_THE_PRIMARY = "57014"
NOT_THERE_YET = ("42P01", "42703")

logger = logging.getLogger(__name__)


class Pause:
    """Until when this process leaves the replica alone, by time.monotonic()."""

    until = 0.0


def serving() -> str:
    """The alias of the database that reports are read from now: the replica if it answers, else the primary.

    Within a transaction it is the database of the transaction.
    """
    using: str = settings.REPORTS_DATABASE
    if using == "default" or connections[using].in_atomic_block:
        return using
    return using if answers() else "default"


def answers() -> bool:
    """Whether the replica answers, after PROBE_SECONDS at most. While it is left alone nothing is asked."""
    if time.monotonic() < Pause.until:
        return False
    connection = connections[settings.REPORTS_DATABASE]
    try:
        connection.ensure_connection()
        clock = Timer(PROBE_SECONDS, end_of_wire, [connection.connection.pgconn])
        clock.daemon = True
        clock.start()
        try:
            with connection.cursor() as cursor:
                cursor.execute("select 1")
        finally:
            clock.cancel()
    except (OperationalError, InterfaceError) as error:
        leave_alone(error)
        return False
    return True


def leave_alone(error: Exception) -> None:
    """Note that the replica has failed: reports read the primary for a while."""
    Pause.until = time.monotonic() + PAUSE_SECONDS
    connections[settings.REPORTS_DATABASE].close()
    logger.warning("replica unavailable, reports read the primary for %d s: %s", PAUSE_SECONDS, one_line(error))


def one_line(error: Exception) -> str:
    """The words of an error on one line."""
    return " ".join(str(error).split())


def read(work: Callable[[str], R]) -> R:
    """What `work` reads from the database of this alias: from the replica, and from the primary if that fails."""
    using = serving()
    try:
        return work(using)
    except (DatabaseError, InterfaceError) as error:
        if using == "default" or connections[using].in_atomic_block or not is_of_the_replica(error):
            raise
        leave_alone(error)
    return work("default")


def is_of_the_replica(error: Exception) -> bool:
    """Whether an error says that the replica is away or behind, and not that a statement is slow or wrong."""
    state = getattr(error.__cause__, "sqlstate", None)
    if isinstance(error, OperationalError | InterfaceError):
        return state != SAME_ON_THE_PRIMARY
    return state in NOT_THERE_YET
