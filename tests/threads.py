"""Things at the same moment, each in a thread with a database connection of its own, and without sleeping."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from django.db import connection

from database.transactions import run_unit

T = TypeVar("T")


def apart(work: Callable[[], object]) -> Any:
    """What it returned or raised, in a thread whose connection is closed behind it."""
    try:
        return work()
    except Exception as error:  # what was raised is what the test is about
        return error
    finally:
        connection.close()


def at_once(works: Sequence[Callable[[], object]]) -> list[Any]:
    """What each returned or raised, in the order given. All have their connection and begin on a barrier."""
    barrier = threading.Barrier(len(works), timeout=30)

    def begin(work: Callable[[], object]) -> object:
        connection.ensure_connection()
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(apart, [partial(begin, work) for work in works]))


def overtaken(first: Callable[[], object], second: Callable[[], T]) -> Any:
    """What `second` returned or raised, which waited for a lock of `first`, and went on when that had committed."""

    with ThreadPoolExecutor(1) as pool:

        def lock_and_let_wait() -> Future[Any]:
            first()
            future = pool.submit(apart, partial(run_unit, second))
            wait_until_blocked()
            return future

        return run_unit(lock_and_let_wait).result(20)


def wait_until_blocked() -> None:
    """Return as soon as a transaction of this database waits for a lock."""
    for _ in range(2000):
        with connection.cursor() as cursor:
            # Within a transaction it would be told of the connections that there were when it first asked.
            cursor.execute("select pg_stat_clear_snapshot()")
            cursor.execute(
                """
                select exists (
                    select from pg_locks where not granted
                    and pid in (select pid from pg_stat_get_activity(null) where datid = (
                        select oid from pg_database where datname = current_database()
                    ))
                )
                """
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.005)
    raise AssertionError("nobody waits for a lock")
