"""Jobs have a time, and mails have a queue of their own."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as current
from django.db import OperationalError, connection
from procrastinate.contrib.django import app

import payments.tasks
from config import jobs
from config.subscriptions import SUBSCRIPTIONS
from events import mails
from events.tasks import HOUSEKEEPING

CONTEXT: Any = SimpleNamespace(job=SimpleNamespace(id=1, task_name="a task"))
NOBODY: Any = None


def test_each_task_is_in_a_queue_that_is_worked_at_and_what_mails_is_in_that_of_mails() -> None:
    tasks = [task for task in app.tasks.values() if not task.name.startswith("builtin:")]
    assert {task.queue for task in tasks} == {HOUSEKEEPING, mails.QUEUE, payments.tasks.QUEUE}
    mailing = {task.name for task in tasks if task.name.rpartition(".")[2].startswith("mail_")}
    assert {task.name for task in tasks if task.queue == mails.QUEUE} == mailing
    assert {task.name for task in tasks if task.retry_strategy is mails.RETRY} == mailing
    subscribed = {task.name for tasks in SUBSCRIPTIONS.values() for task in tasks}
    paying = {task.name for task in tasks if task.queue == payments.tasks.QUEUE}
    assert subscribed - mailing - paying == {"invoicing.tasks.follow_order", "orders.tasks.adopt_orders"}


def run_job(work: Any) -> Any:
    """Run a job as the worker does: on the loop, and in a thread where it is no coroutine."""

    async def live() -> Any:
        async def call() -> Any:
            if asyncio.iscoroutinefunction(work):
                return await work()
            return await asyncio.to_thread(jobs.in_its_thread, work, CONTEXT, NOBODY)

        return await jobs.in_its_time(call, CONTEXT, NOBODY)

    return asyncio.run(live())


@pytest.fixture
def short(settings: Any) -> None:
    settings.JOB_TIMEOUT_SECONDS = 2.5  # there must be time to connect


def statement(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def one_long_statement() -> None:
    try:
        statement("set statement_timeout = 0")
        statement("select pg_sleep(30)")
    finally:
        connection.close()


def many_short_statements() -> None:
    try:
        while True:
            statement("select pg_sleep(0.01)")
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("job", [one_long_statement, many_short_statements])
def test_a_job_that_runs_for_too_long_is_ended_and_its_thread_is_free(
    job: Any, short: None, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    with pytest.raises(OperationalError):
        run_job(job)

    assert time.monotonic() - began < 10
    # The server still carries out what nobody waits for.
    statement("select pg_terminate_backend(pid, 5000) from pg_stat_activity where query = 'select pg_sleep(30)'")
    assert "job too long: a task is ended" in caplog.text
    assert jobs._threads == {}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("asyncio_")]


def test_a_coroutine_that_runs_for_too_long_is_ended(short: None) -> None:
    async def job() -> None:
        await asyncio.sleep(30)

    with pytest.raises(TimeoutError):
        run_job(job)


@pytest.mark.django_db(transaction=True)
def test_a_job_in_time_is_left_alone() -> None:
    def job() -> str:
        statement("select 1")
        connection.close()
        return "done"

    assert run_job(job) == "done"
    assert jobs._threads == {}


FOR_EVER = """
import asyncio
import django
django.setup()
from types import SimpleNamespace
from django.conf import settings
from config import jobs
settings.JOB_TIMEOUT_SECONDS = jobs.GRACE_SECONDS = 0.5
context = SimpleNamespace(job=SimpleNamespace(id=1, task_name="a task"))

def job():
    print("begun", flush=True)
    while True:
        pass

async def live():
    await jobs.in_its_time(lambda: asyncio.to_thread(jobs.in_its_thread, job, context, None), context, None)

asyncio.run(live())
"""


def test_a_job_that_cannot_be_ended_ends_the_worker() -> None:
    ended = subprocess.run(  # noqa: S603  # ourselves
        [sys.executable, "-c", FOR_EVER],
        cwd=current.BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stdout == "begun\n"
    assert "a job cannot be ended" in ended.stderr
