"""Units of work: a durable transaction, begun in a service, repeated as a whole when the database asks for it."""

import functools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction
from psycopg import errors

from database.refusals import Busy

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS = 4
# After so many seconds a unit is not tried again: waiting for a lock that is never released would occupy the thread.
PATIENCE = 3.0
# A transaction with one of these errors can succeed when it runs again. PostgreSQL reports a lock time-out as
# QueryCanceled when it strikes just as the first of two locks is granted (the place in the queue, then the row).
TRANSIENT = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable, errors.QueryCanceled)


class Overtaken(Exception):
    """Another transaction came between two statements of this unit that belong together: the unit has to run again."""


_inside_unit: ContextVar[bool] = ContextVar("inside_unit", default=False)
_beginning: ContextVar[Callable[[], None] | None] = ContextVar("beginning", default=None)


@contextmanager
def begin_units_with(work: Callable[[], None]) -> Iterator[None]:
    """Let every unit of work of this block begin with `work`, in the unit's transaction."""
    token = _beginning.set(work)
    try:
        yield
    finally:
        _beginning.reset(token)


@contextmanager
def one_moment() -> Iterator[None]:
    """Let all statements of this block see the database as it is at the first of them; they only read.

    What is read by several statements would otherwise be of several moments. Within a transaction that has begun it is
    whatever that transaction sees.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read, read only")
        yield


def run_unit(work: Callable[[], T]) -> T:
    """Run `work` in a durable transaction. Deadlocks, serialization failures, time-outs and Overtaken run it again.

    `work` must be repeatable: what it did in the database is undone before it runs again. After ATTEMPTS, or when
    PATIENCE is over, it is Busy.
    """
    started = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic(durable=True):
                # Not for what is done after the commit, which has units of its own.
                token = _inside_unit.set(True)
                try:
                    if (begin := _beginning.get()) is not None:
                        begin()
                    return work()
                finally:
                    _inside_unit.reset(token)
        except (OperationalError, Overtaken) as error:
            overtaken = isinstance(error, Overtaken)
            if not overtaken and not isinstance(error.__cause__, TRANSIENT):
                raise
            # A unit that was overtaken holds and awaits no lock. Its next attempt sees the change that came between, so
            # it may run even when PATIENCE is over.
            patient = overtaken or time.monotonic() - started < PATIENCE
            if attempt == ATTEMPTS or not patient or connection.in_atomic_block:
                raise Busy("Too many changes to the same records at once; try again.") from error
        time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311  # jitter, not a secret
    raise AssertionError("unreachable: the last attempt returns or raises")


def unit_of_work(function: Callable[P, T]) -> Callable[P, T]:
    """Make a service verb a unit of its own: when it returns, what it did is on disk.

    Called inside an idempotent request (api.idempotency), which has begun the unit, it joins that one.
    """

    @functools.wraps(function)
    def unit(*args: P.args, **kwargs: P.kwargs) -> T:
        if _inside_unit.get():
            return function(*args, **kwargs)
        return run_unit(lambda: function(*args, **kwargs))

    return unit
