"""The worker process. It runs jobs, the dispatcher and webhooks, and waits for the database while that is away.

Mails have a queue and threads of their own, and so have calls of providers of payments, and webhooks: however long
another server keeps them waiting, and however many there are, orders and holds expire in time, failed jobs are tried
again, and events find their jobs.

After SIGTERM or SIGINT the worker ends when its running jobs have ended. The jobs of a worker that was killed are
queued again by events.tasks.retry_stalled_jobs, once the worker's heartbeat has been missing for half a minute.
"""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
from django.db import connections
from procrastinate.contrib.django import app, connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.job_context import JobContext
from procrastinate.middleware import AsyncCallNext
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool

from config.checks import check_currency, check_taxes
from config.jobs import QUEUES, in_its_thread, in_its_time
from config.loading import load_everything
from config.subscriptions import SUBSCRIPTIONS
from database.checks import check_at_start
from events import dispatcher, mails
from events.mail_server import pause
from events.schedule import go_by_shop_time
from events.tasks import HEARTBEAT_SECONDS, STALLED_SECONDS
from events.webhooks import loop as webhook_loop

logger = logging.getLogger(__name__)

FETCH_SECONDS = 2.0


def run_worker(concurrency: int, mail_concurrency: int, payment_concurrency: int, webhook_concurrency: int) -> None:
    """Work until SIGTERM or SIGINT, with the release that is there now.

    Raises ImproperlyConfigured for a database that is set up in a wrong way.
    """
    check_at_start(check_currency, check_taxes)
    connections.close_all()  # this thread has nothing more to ask
    load_everything()
    go_by_shop_time()
    queues = dict(zip(QUEUES, (concurrency, mail_concurrency, payment_concurrency), strict=True))
    asyncio.run(work(queues, webhook_concurrency))


async def work(queues: Mapping[str, int], webhooks: int) -> None:
    """Run so many jobs of each queue at once, the dispatcher, and so many webhooks at once, until a signal or an error.

    Then all of them are ended in order.
    """
    loop = asyncio.get_running_loop()
    # A thread for each job, the dispatcher, and the webhooks: each keeps a database connection.
    loop.set_default_executor(ThreadPoolExecutor(sum(queues.values()) + 2, thread_name_prefix="worker"))
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    stop = threading.Event()
    dispatching: asyncio.Future[Any] = loop.run_in_executor(None, dispatcher.run, SUBSCRIPTIONS, stop)
    delivering: asyncio.Future[Any] = loop.run_in_executor(None, webhook_loop.run, webhooks, stop)
    working: asyncio.Future[Any] = asyncio.create_task(run_jobs(queues, stop))
    stopping: asyncio.Future[Any] = asyncio.create_task(told.wait())
    try:
        # These end by themselves only through an error, and then the whole process must end.
        await asyncio.wait({dispatching, delivering, working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        stopping.cancel()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        await asyncio.gather(dispatching, delivering)


async def run_jobs(queues: Mapping[str, int], stop: threading.Event) -> None:
    """Run jobs until `stop` is set. When the database has been away, the queues are opened again with new connections.

    A cancellation alone does not end this: when the database is away at the same time, the database's error arrives
    here in place of the cancellation.
    """
    while not stop.is_set():
        try:
            async with AsyncConnectionPool(
                kwargs=connector_params(),
                min_size=1,
                max_size=sum(queues.values()) + 2 * len(queues),  # each queue's listener keeps one
                timeout=5,
                open=False,
                check=AsyncConnectionPool.check_connection,
            ) as pool:
                await pool.wait(timeout=3)
                await run_jobs_until_failure(pool, queues)
        except (psycopg.Error, ConnectorException) as error:
            logger.warning("the worker waits for the database: %s", type(error.__cause__ or error).__name__)
        await asyncio.sleep(1)


async def run_jobs_until_failure(pool: AsyncConnectionPool, queues: Mapping[str, int]) -> None:
    """Run jobs over the connections of this pool, until cancelled or until the database goes away.

    The queues end together: the one that meets the database's error first ends the others.
    """
    connector = PsycopgConnector()
    with app.replace_connector(connector):
        await connector.open_async(pool)
        ending = asyncio.Event()
        mail_waits = [partial(when_the_server_answers, ending)]
        workers = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=[queue],
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=FETCH_SECONDS,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=STALLED_SECONDS,
                    delete_jobs="successful",
                    task_middleware=[*app.worker_defaults.get("task_middleware", []), in_its_thread],
                    worker_middleware=[*(mail_waits if queue == mails.QUEUE else []), in_its_time],
                )
            )
            for queue, concurrency in queues.items()
        ]
        try:
            await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.set()
            for worker in workers:
                worker.cancel()
            ends = await asyncio.gather(*workers, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end


async def when_the_server_answers(
    ending: asyncio.Event, call_next: AsyncCallNext, context: JobContext, worker: Worker
) -> Any:
    """Let a mail wait, without a thread, while the mail server is left alone.

    A mail holds nothing up: when the queues end it has not been sent, and is retried.
    """
    while seconds := pause.seconds_left():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), seconds)
            raise mails.NotSent("The worker ended while the mail server did not answer.")
    return await call_next()
