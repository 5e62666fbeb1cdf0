"""The worker with its long waits cut short, dying over mails with the chance that CHANCE_TO_DIE names.

What waits half a minute for a heartbeat or five for a claim waits seconds here, and what the clock does each minute it
does each second; nothing else is different.
"""

import contextlib
import os
import random
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.shop_settings"
django.setup()

from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.exceptions import ProcrastinateException

import events.tasks
import orders.tasks
from events import mails
from events.dispatcher import queue
from events.webhooks import deliveries

events.tasks.HEARTBEAT_SECONDS, events.tasks.STALLED_SECONDS = 0.3, 1.5
mails.CLAIM_SECONDS = 1
deliveries.SCHEDULE, deliveries.CLAIM_MARGIN, deliveries.MAX_REST = (1,) * 100, 3, 2
orders.tasks.mail_customer.retry_strategy = RetryStrategy(max_attempts=100, wait=1)

from config.subscriptions import SUBSCRIPTIONS
from config.worker import run_worker  # it takes the times above
from payments import services
from payments import tasks as payment_tasks
from payments.models import Payment
from payments.providers.calls import patient
from payments.services import reconciling
from tests.faults import edges, sabotage

edges.install("worker")
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


def go_by_the_clock() -> None:
    """What the clock does every minute, every second; not through the worker's pool, which is its event loop's."""
    tasks = (events.tasks.retry_stalled_jobs, payment_tasks.reconcile)
    jobs = [task.configure(task_kwargs={"timestamp": 0}).job for task in tasks]
    while True:
        for job in jobs:
            with contextlib.suppress(ProcrastinateException, DatabaseError, InterfaceError):
                queue.defer_job(job)
        connection.close()
        time.sleep(1)


def ask_providers() -> None:
    """What the clock does once a day, whenever the file `ask` is there, about the time that it names, in seconds.

    The file goes when everything has been asked for. Live payments are looked at, whenever their time would come.
    """
    file = Path(os.environ["DATA_DIR"]) / "ask"
    while True:
        if file.exists():
            with contextlib.suppress(Exception), patient():  # whatever it is: the next try comes
                since = float(file.read_text())
                reconciling.COMPARED_DAYS = since / 86_400  # type: ignore[assignment]
                young = Payment.objects.filter(created_at__gt=timezone.now() - timedelta(seconds=since))
                for payment_id in young.filter(state__in=Payment.LIVE).values_list("pk", flat=True):
                    reconciling.quietly(services.look, payment_id)
                services.compare()
                file.unlink()
            connection.close()
        time.sleep(0.02)


EmailMultiAlternatives.send = send_in_danger  # type: ignore[method-assign, assignment]
for clock in (go_by_the_clock, ask_providers):
    threading.Thread(target=clock, daemon=True).start()
if os.environ.get("WITHOUT_MAILS"):
    for kind, tasks in SUBSCRIPTIONS.items():
        SUBSCRIPTIONS[kind] = [task for task in tasks if task.queue != mails.QUEUE]  # type: ignore[index]
run_worker(concurrency=2, mail_concurrency=2, payment_concurrency=2, webhook_concurrency=4)
