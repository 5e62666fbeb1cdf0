"""Work that makes the database read a large part of a table, and that anybody may ask for: it must not delay orders.

It is carried out in a lane of its own, of EXPENSIVE_REQUESTS_AT_ONCE threads in each web process (config/lanes.py). A
request that comes to such work in another thread leaves that thread at once by MoveToLane, and begins anew in the lane.
So whoever waits for the lane holds no thread that an order needs. The statements of such work have a time-out of their
own, and whoever asks for it may be charged for it beforehand (api/throttles.py).

Where nothing has opened a lane (commands, tests, other web servers) the work is done where it is asked for.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import get_ident

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg import errors

from database.refusals import Busy

# The threads of this process's lane; None where there is none.
_lane: set[int] | None = None
_charge: ContextVar[Callable[[], None] | None] = ContextVar("charge", default=None)


class MoveToLane(BaseException):
    """This request belongs into the lane. No error: nothing but the web worker handles it."""


def open_lane() -> None:
    """From now on expensive work of this process is done in the threads that join the lane."""
    global _lane
    _lane = set()


def join_lane() -> None:
    """This thread is one of the lane."""
    assert _lane is not None  # noqa: S101  # open_lane() comes before
    _lane.add(get_ident())


@contextmanager
def charged_by(charge: Callable[[], None]) -> Iterator[None]:
    """Call `charge`, which may refuse it, before expensive work inside of the block begins."""
    token = _charge.set(charge)
    try:
        yield
    finally:
        _charge.reset(token)


def enter_lane() -> None:
    """Go on in a thread of the lane, or where there is no lane. Raises MoveToLane in any other thread."""
    if _lane is None or get_ident() not in _lane:
        if charge := _charge.get():
            charge()
        if _lane is not None:
            raise MoveToLane


@contextmanager
def expensive_work() -> Iterator[None]:
    """Do the work of the block in the lane, with a time-out for each of its statements.

    Raises MoveToLane outside of the lane. Refuses Busy when a statement takes too long.
    """
    enter_lane()
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"set local statement_timeout = {settings.EXPENSIVE_STATEMENT_TIMEOUT_MS}")
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, errors.QueryCanceled):
            raise Busy("This takes too long at the moment; ask for less, or try again.") from error
        raise
