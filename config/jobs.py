"""Each job of the worker has a time. One that runs for longer is ended, and is retried or reported as one that failed.

A thread cannot be ended from outside, but what it waits for can. Statements and locks have the time-outs of the role,
and a mail server those of events.mail_server. When a job is late all the same, its thread loses its connections to the
database: the server is silent, or the job goes from statement to statement. A thread that still runs after
GRACE_SECONDS waits for nothing that could be shut. Then the process ends, and its jobs are queued again when its
heartbeat has been missing for a while (events.tasks.retry_stalled_jobs).
"""

import asyncio
import logging
import os
import time
from threading import get_ident
from typing import Any

from django.conf import settings
from procrastinate.job_context import JobContext
from procrastinate.middleware import AsyncCallNext, SyncCallNext
from procrastinate.worker import Worker

from database import deadlines
from database.connections import drop_dead_connections
from events import mails
from events.tasks import HOUSEKEEPING
from payments.tasks import QUEUE as PAYMENTS

logger = logging.getLogger(__name__)

# Each has threads of its own, in the sequence in which the settings of the worker name them.
QUEUES = (HOUSEKEEPING, mails.QUEUE, PAYMENTS)
GRACE_SECONDS = 10.0
LOOK_SECONDS = 0.25
# The thread of each job that has one.
_threads: dict[int | None, int] = {}


def in_its_thread(call_next: SyncCallNext, context: JobContext, worker: Worker) -> Any:
    """Run a job with a connection that lives, in a thread that is known. The connection may have died since the last
    job."""
    deadlines.begin(time.monotonic() + settings.JOB_TIMEOUT_SECONDS)
    _threads[context.job.id] = get_ident()
    try:
        drop_dead_connections()
        return call_next()
    finally:
        del _threads[context.job.id]
        deadlines.finish()


async def in_its_time(call_next: AsyncCallNext, context: JobContext, worker: Worker) -> Any:
    """Run a job, and end it when it takes longer than JOB_TIMEOUT_SECONDS."""
    running = asyncio.ensure_future(call_next())
    try:
        await asyncio.wait([running], timeout=settings.JOB_TIMEOUT_SECONDS)
        if not running.done():
            logger.error("job too long: %s is ended after %d s", context.job.task_name, settings.JOB_TIMEOUT_SECONDS)
            await end(running, context.job.id)
            if running.cancelled():
                raise TimeoutError("The job took too long.")
        return await running
    finally:
        running.cancel()


async def end(running: asyncio.Future[Any], job_id: int | None) -> None:
    """End a job that is late: what its thread waits for, or the job itself where it has no thread."""
    if job_id not in _threads:
        running.cancel()
    latest = time.monotonic() + GRACE_SECONDS
    while not running.done():
        if time.monotonic() > latest:
            logger.critical("a job cannot be ended: the worker ends, and its jobs are queued again")
            logging.shutdown()
            os._exit(1)
        if job_id in _threads:
            deadlines.interrupt(_threads[job_id])
        await asyncio.wait([running], timeout=LOOK_SECONDS)
