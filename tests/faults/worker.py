"""The worker with its long waits cut short, dying over mails with the chance that CHANCE_TO_DIE names.

What waits half a minute for a heartbeat or five for a claim waits seconds here; nothing else is different.
"""

import contextlib
import os
import random
import signal
import threading
import time
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.shop_settings"
django.setup()

from django.core.mail import EmailMultiAlternatives
from django.db import connection
from procrastinate import RetryStrategy
from procrastinate.exceptions import ProcrastinateException

import events.tasks
import orders.tasks
from events import mails
from events.dispatcher import queue

events.tasks.HEARTBEAT_SECONDS, events.tasks.STALLED_SECONDS = 0.3, 1.5
mails.CLAIM_SECONDS = 1
orders.tasks.mail_customer.retry_strategy = RetryStrategy(max_attempts=100, wait=1)

from config.worker import run_worker  # it takes the times above
from tests.faults import sabotage

sabotage.apply(os.environ.get("SABOTAGE", ""))

send = EmailMultiAlternatives.send


def perhaps_die(where: str) -> None:
    if random.random() < float(os.environ["CHANCE_TO_DIE"]):
        with (Path(os.environ["DATA_DIR"]) / "fired").open("a") as fired:
            fired.write(f"{where} mail\n")
        os.kill(os.getpid(), signal.SIGKILL)


def send_in_danger(message: EmailMultiAlternatives, fail_silently: bool = False) -> int:
    perhaps_die("before_sending")
    count = send(message, fail_silently)
    perhaps_die("after_sending")
    return count


def queue_hygiene() -> None:
    """What the clock does every minute, every second; not through the worker's pool, which is its event loop's."""
    job = events.tasks.retry_stalled_jobs.configure(task_kwargs={"timestamp": 0}).job
    while True:
        with contextlib.suppress(ProcrastinateException):
            queue.defer_job(job)
        connection.close()
        time.sleep(1)


EmailMultiAlternatives.send = send_in_danger  # type: ignore[method-assign, assignment]
threading.Thread(target=queue_hygiene, daemon=True).start()
run_worker(concurrency=2, mail_concurrency=2, payment_concurrency=2)
