"""Which events an endpoint of webhooks is told of, and which it has missed."""

import json
import threading

import pytest
from django.db import connection, transaction

from events import dispatcher
from events.actors import BACKFILL, COMMAND
from events.models import Event, WebhookDelivery
from events.services import publish
from events.tests.webhooks import STAFF, claims, endpoint, happen, subjects
from events.webhooks import endpoints

pytestmark = pytest.mark.django_db


def test_an_endpoint_is_told_of_what_it_asks_for_and_of_nothing_secret() -> None:
    everything, orders = endpoint(), endpoint(kinds=["order.placed"])
    happen("order:1")
    happen("product:1", kind="product.created")
    happen("user:1", kind="user.password_reset_requested")
    happen("order:2", actor=BACKFILL)

    told = WebhookDelivery.objects.order_by("position").values_list("endpoint", "kind", "subject")
    assert sorted(told) == [
        (everything.pk, "order.placed", "order:1"),
        (everything.pk, "product.created", "product:1"),
        (orders.pk, "order.placed", "order:1"),
    ]


def test_without_an_endpoint_the_dispatcher_writes_nothing_more() -> None:
    happen("order:1")
    assert not WebhookDelivery.objects.exists()


def test_the_body_tells_what_happened() -> None:
    endpoint()
    happen("order:7")
    [claim] = claims()
    event = Event.objects.get(kind="order.placed")
    assert claim.message_id == f"evt_{event.pk}"
    assert json.loads(claim.body) == {
        "type": "order.placed",
        "timestamp": event.at.isoformat().replace("+00:00", "Z"),
        "position": event.position,
        "subject": "order:7",
        "data": {"number": 0},
    }


def test_what_a_paused_endpoint_has_missed_is_delivered_when_it_is_resumed() -> None:
    row = endpoint()
    endpoints.pause_endpoint(webhook_id=row.pk, actor=STAFF)
    happen("order:1", "order:2")
    assert not claims()

    endpoints.resume_endpoint(webhook_id=row.pk, actor=STAFF)

    assert subjects(claims()) == ["order:1", "order:2"]


def test_what_was_missed_can_be_left_out() -> None:
    row = endpoint()
    endpoints.pause_endpoint(webhook_id=row.pk, actor=STAFF)
    happen("order:1")
    endpoints.resume_endpoint(webhook_id=row.pk, actor=STAFF, catch_up=False)
    happen("order:2")
    assert subjects(claims()) == ["order:2"]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_missed_between_the_dispatcher_and_a_resumption() -> None:
    """The dispatcher has not seen that the endpoint is active again: the resumption waits, and finds the event."""
    row = endpoint()
    endpoints.pause_endpoint(webhook_id=row.pk, actor=STAFF)
    with transaction.atomic():
        publish("order.placed", {}, subject="order:1", actor=COMMAND)
    resumed = threading.Event()

    def resume() -> None:
        try:
            endpoints.resume_endpoint(webhook_id=row.pk, actor=STAFF)
            resumed.set()
        finally:
            connection.close()

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s)", [dispatcher.LOCK])
            cursor.execute(dispatcher.PLACE, [10])
            cursor.execute(dispatcher.FILL, {"first": 1, "last": 10**6, "public": ["order.placed"]})
        resuming = threading.Thread(target=resume)
        resuming.start()
        assert not resumed.wait(0.3)
    resuming.join()
    assert subjects(claims()) == ["order:1"]
