"""The loop of the worker, to receivers that hang, are refused, or answer with an error."""

import threading
import time
from ipaddress import ip_network

import pytest
from django.test import override_settings

from events.models import WebhookAttempt
from events.tests.receivers import Receiver, answered, receiver
from events.tests.webhooks import State, deliver_all, endpoint, happen
from events.webhooks import loop

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_a_dead_endpoint_delays_no_other() -> None:
    """The dead one takes connections and never answers; each attempt there lasts as long as it may."""
    with (
        receiver(lambda line: time.sleep(5)) as dead,
        receiver() as alive,
        override_settings(WEBHOOK_TIMEOUT_SECONDS=1),
    ):
        endpoint(dead.url)
        row = endpoint(alive.url)
        happen(*(f"order:{number}" for number in range(40)))
        began = time.monotonic()
        stop = threading.Event()
        working = threading.Thread(target=loop.run, args=(4, stop))
        working.start()
        while row.deliveries.filter(state=State.DELIVERED).count() < 40 and time.monotonic() < began + 20:
            time.sleep(0.05)
        took = time.monotonic() - began
        stop.set()
        working.join()
    assert len(alive.requests) == 40
    assert took < 6
    assert dead.connections <= 9


@pytest.mark.django_db(transaction=True)
def test_a_refused_address_is_an_attempt_that_sent_nothing() -> None:
    with receiver() as here:
        row = endpoint(here.url)
        happen("order:1")
        with override_settings(WEBHOOK_ALLOWED_NETWORKS=[ip_network("10.0.0.0/8")]):
            deliver_all()
        assert here.connections == 0
    assert row.deliveries.get().last_error == "127.0.0.1 is not public."


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_kept_with_its_attempt() -> None:
    with receiver(answered(500, b"broken")) as here:
        row = endpoint(here.url)
        happen("order:1")
        deliver_all()
    attempt = WebhookAttempt.objects.get()
    assert isinstance(here, Receiver)
    assert (attempt.status, attempt.excerpt, attempt.url) == (500, "broken", row.url)
    row.refresh_from_db()
    assert row.failures == 1
