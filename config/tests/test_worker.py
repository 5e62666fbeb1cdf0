"""The worker as a process: in this one where a signal ends it, and as one of its own where it is killed."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as current
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

from accounts.models import User
from config.tests.smtp import mail_server
from events.actors import COMMAND
from events.mail_server import pause
from events.models import SentMail
from events.services import publish
from events.tasks import retry_stalled_jobs

pytestmark = pytest.mark.django_db(transaction=True)

# A worker in this process takes the place of the app's connector, and its pool serves no thread but its own.
OWN_JOBS = JobManager(app.connector)


@pytest.fixture(autouse=True)
def empty_queue(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")
        cursor.execute("delete from procrastinate_periodic_defers")
        cursor.execute("delete from procrastinate_workers")


@pytest.fixture(autouse=True)
def asked_mail_server() -> Iterator[None]:
    pause.__init__()  # type: ignore[misc]  # as it is when a process begins
    yield
    pause.__init__()  # type: ignore[misc]


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ann@example.com", first_name="Ann", last_name="Smith")


def ask_for_a_password_reset(user: User) -> None:
    with transaction.atomic():
        publish("user.password_reset_requested", {"user_id": user.pk}, subject=f"user:{user.pk}", actor=COMMAND)


def retry_stalled(queueing_lock: str | None) -> int:
    """Have stalled jobs queued again, by a job that is deferred beside the worker; answers its id."""
    deferrer = configure_task(
        name=retry_stalled_jobs.name,
        job_manager=OWN_JOBS,
        queue=retry_stalled_jobs.queue,
        task_kwargs={"timestamp": 0},
        queueing_lock=queueing_lock,
    )
    return int(deferrer.defer())


def wait_until(condition: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def run_worker_while(work: Callable[[], None]) -> None:
    """Run the command in this process, `work` beside it in a thread, and SIGTERM at its end."""
    errors: list[BaseException] = []

    def beside() -> None:
        try:
            wait_until(ProcrastinateWorker.objects.exists)
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()
            os.kill(os.getpid(), signal.SIGTERM)

    connection.close()
    thread = threading.Thread(target=beside)
    thread.start()
    call_command("worker", concurrency=1)
    thread.join()
    gc.collect()  # the connections of the worker's threads, which a process would take with it
    if errors:
        raise errors[0]


def cut_all_connections() -> None:
    """Those of the worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
        )
        assert cursor.fetchall()


@contextmanager
def worker_process(**environment: str) -> Iterator[subprocess.Popen[str]]:
    database = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(
        **{name: quote(str(database[name]), safe="") for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")}
    )
    process = subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, str(current.BASE_DIR / "manage.py"), "worker", "--concurrency=1"],
        env=os.environ | {"DATABASE_URL": url} | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_mail_follows_from_an_event_and_the_job_is_gone(user: User) -> None:
    def work() -> None:
        ask_for_a_password_reset(user)
        wait_until(lambda: mail.outbox)

    run_worker_while(work)

    assert [message.subject for message in mail.outbox] == ["Set a new password"]
    assert not ProcrastinateJob.objects.filter(task_name="accounts.tasks.mail_password_reset").exists()
    assert not ProcrastinateWorker.objects.exists()


def test_while_the_mail_server_is_left_alone_mails_wait_and_then_are_sent(user: User) -> None:
    end = pause.until = time.monotonic() + 3

    def work() -> None:
        ask_for_a_password_reset(user)
        wait_until(ProcrastinateJob.objects.filter(status="doing", queue_name="mail").exists)
        assert not mail.outbox
        assert time.monotonic() < end
        wait_until(lambda: mail.outbox)

    run_worker_while(work)

    assert time.monotonic() > end
    assert len(mail.outbox) == 1


def test_a_mail_that_waits_keeps_nothing_else_from_going_on_after_all_connections_were_lost(user: User) -> None:
    pause.until = time.monotonic() + 600

    def work() -> None:
        ask_for_a_password_reset(user)
        wait_until(ProcrastinateJob.objects.filter(status="doing", queue_name="mail").exists)
        cut_all_connections()
        job = retry_stalled("of this test")
        wait_until(lambda: not ProcrastinateJob.objects.filter(pk=job).exists())

    run_worker_while(work)


def test_a_worker_that_is_told_to_stop_does_not_wait_for_the_mail_server(user: User) -> None:
    pause.until = time.monotonic() + 600

    def work() -> None:
        ask_for_a_password_reset(user)
        wait_until(ProcrastinateJob.objects.filter(status="doing", queue_name="mail").exists)

    run_worker_while(work)

    assert not mail.outbox
    assert ProcrastinateJob.objects.get(queue_name="mail").status == "todo"


def test_the_worker_goes_on_after_all_its_connections_were_lost(user: User) -> None:
    def work() -> None:
        cut_all_connections()
        ask_for_a_password_reset(user)
        wait_until(lambda: mail.outbox)

    run_worker_while(work)

    assert len(mail.outbox) == 1


def test_a_worker_that_is_told_to_stop_finishes_the_mail_that_it_is_sending(user: User) -> None:
    with mail_server(delay=1) as server, worker_process(EMAIL_URL=server.url) as process:
        ask_for_a_password_reset(user)
        assert server.receiving.wait(60)

        process.terminate()

        assert process.wait(60) == 0
        assert len(server.received) == 1
    assert SentMail.objects.get().sent_at
    assert not ProcrastinateWorker.objects.exists()


def test_the_job_of_a_worker_that_was_killed_is_done_by_the_next_one(user: User) -> None:
    with mail_server(frozen=True) as server, worker_process(EMAIL_URL=server.url) as process:
        ask_for_a_password_reset(user)
        wait_until(SentMail.objects.exists)
        process.kill()
        process.wait()
    claim = SentMail.objects.get()
    assert claim.sent_at is None
    with connection.cursor() as cursor:  # what passing time would do
        cursor.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
        cursor.execute("update events_sentmail set claimed_at = claimed_at - interval '10 minutes'")

    def work() -> None:
        with suppress(AlreadyEnqueued):  # by the clock
            retry_stalled(retry_stalled_jobs.queueing_lock)
        wait_until(lambda: mail.outbox)

    run_worker_while(work)

    assert mail.outbox[0].extra_headers["Message-ID"] == claim.message_id
    assert len(mail.outbox) == 1
