"""The worker process. It runs jobs and the dispatcher, and waits for the database while that is away.

After SIGTERM or SIGINT the worker ends when its running jobs have ended. The jobs of a worker that was killed are
queued again by events.tasks.retry_stalled_jobs, once the worker's heartbeat has been missing for half a minute.
"""

import asyncio
import contextlib
import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from procrastinate.contrib.django import app, connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.job_context import JobContext
from procrastinate.middleware import SyncCallNext
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool

from config.loading import load_everything
from config.subscriptions import SUBSCRIPTIONS
from database.connections import drop_dead_connections
from events import dispatcher
from events.tasks import HEARTBEAT_SECONDS, STALLED_SECONDS

logger = logging.getLogger(__name__)

FETCH_SECONDS = 2.0


def run_worker(concurrency: int) -> None:
    """Work until SIGTERM or SIGINT, with the release that is there now."""
    load_everything()
    asyncio.run(work(concurrency))


async def work(concurrency: int) -> None:
    """Run jobs and the dispatcher until a signal or an error, and end both in order."""
    loop = asyncio.get_running_loop()
    # One thread per job, and one for the dispatcher: each keeps a database connection.
    loop.set_default_executor(ThreadPoolExecutor(concurrency + 1, thread_name_prefix="worker"))
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    stop = threading.Event()
    dispatching: asyncio.Future[Any] = loop.run_in_executor(None, dispatcher.run, SUBSCRIPTIONS, stop)
    working: asyncio.Future[Any] = asyncio.create_task(run_jobs(concurrency, stop))
    stopping: asyncio.Future[Any] = asyncio.create_task(told.wait())
    try:
        # Dispatching and working end by themselves only through an error, and then the whole process must end.
        await asyncio.wait({dispatching, working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        stopping.cancel()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        await dispatching


async def run_jobs(concurrency: int, stop: threading.Event) -> None:
    """Run jobs until `stop` is set. When the database has been away, the queue is opened again with new connections.

    A cancellation alone does not end this: when the database is away at the same time, the database's error arrives
    here in place of the cancellation.
    """
    while not stop.is_set():
        try:
            async with AsyncConnectionPool(
                kwargs=connector_params(),
                min_size=1,
                max_size=concurrency + 2,
                timeout=5,
                open=False,
                check=AsyncConnectionPool.check_connection,
            ) as pool:
                await pool.wait(timeout=3)
                await run_jobs_until_failure(pool, concurrency)
        except (psycopg.Error, ConnectorException) as error:
            logger.warning("the worker waits for the database: %s", type(error.__cause__ or error).__name__)
        await asyncio.sleep(1)


async def run_jobs_until_failure(pool: AsyncConnectionPool, concurrency: int) -> None:
    """Run jobs over the connections of this pool, until cancelled or until the database goes away."""
    connector = PsycopgConnector()
    with app.replace_connector(connector):
        await connector.open_async(pool)
        await app.run_worker_async(
            concurrency=concurrency,
            install_signal_handlers=False,
            fetch_job_polling_interval=FETCH_SECONDS,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_SECONDS,
            delete_jobs="successful",
            task_middleware=[*app.worker_defaults.get("task_middleware", []), with_live_connection],
        )


def with_live_connection(call_next: SyncCallNext, context: JobContext, worker: Worker) -> Any:
    """Run a job with a connection that lives. The thread's connection may have died since the thread's last job."""
    drop_dead_connections()
    return call_next()
