"""Endpoints and deliveries for tests, and the worker's loop until nothing is due."""

import json
import threading
import time
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from events import dispatcher
from events.actors import COMMAND, Actor
from events.models import WebhookDelivery, WebhookEndpoint
from events.services import publish
from events.webhooks import deliveries, endpoints, loop
from events.webhooks.client import Answer

STAFF = Actor(1, "admin", is_staff=True)
State = WebhookDelivery.State
YES, NO = Answer(status=204), Answer(status=500, excerpt="no")


def happen(*subjects: str, kind: str = "order.placed", actor: Actor = COMMAND) -> None:
    """These things happen, and are dispatched."""
    with transaction.atomic():
        for number, subject in enumerate(subjects):
            publish(kind, {"number": number}, subject=subject, actor=actor)
    dispatcher.dispatch({})


def endpoint(url: str = "https://receiver.example/", **fields: Any) -> WebhookEndpoint:
    return endpoints.create_endpoint(url=url, actor=STAFF, **fields)


def claims(limit: int = 10, per_endpoint: int = 10, failing: int = 10) -> list[deliveries.Claim]:
    return deliveries.claim(limit, per_endpoint=per_endpoint, failing=failing)


def subjects(found: list[deliveries.Claim]) -> list[str]:
    return [json.loads(claim.body)["subject"] for claim in found]


def noted(claim: deliveries.Claim, answer: Answer) -> WebhookDelivery:
    deliveries.note([deliveries.Outcome(claim, answer, timezone.now())])
    return WebhookDelivery.objects.get(pk=claim.id)


def make_due() -> None:
    """All that waits is due now, and no endpoint is left alone."""
    WebhookDelivery.objects.update(next_attempt_at=timezone.now())
    WebhookEndpoint.objects.update(resting_until=None)


def deliver_all(concurrency: int = 4) -> None:
    """Run the worker's loop until nothing is due."""
    stop = threading.Event()

    def end() -> None:
        due = WebhookDelivery.objects.filter(state=State.WAITING, next_attempt_at__lte=timezone.now())
        until = time.monotonic() + 30
        while due.exists() and time.monotonic() < until:
            time.sleep(0.05)
        stop.set()
        connection.close()

    watching = threading.Thread(target=end)
    watching.start()
    loop.run(concurrency, stop)
    watching.join()
