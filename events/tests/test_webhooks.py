"""Webhooks from the event to the receiver: what is told to whom, in which order, how often, and signed by what."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from config.subscriptions import SUBSCRIPTIONS
from database.refusals import NotFound
from events import dispatcher
from events.actors import BACKFILL, COMMAND, Actor
from events.models import Event, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from events.services import publish
from events.tests.receivers import Receiver, answered, receiver
from events.webhooks import deliveries, endpoints, loop, signing, tasks
from events.webhooks.client import Answer
from events.webhooks.exceptions import EndpointNotActive, TooMuchToReplay
from tests.threads import at_once

pytestmark = pytest.mark.django_db
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


# What is told to whom


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


# Order and claims


def test_the_events_of_a_thing_are_claimed_one_after_the_other() -> None:
    endpoint()
    happen("order:1", "order:2", "order:1")
    first = claims()
    assert subjects(first) == ["order:1", "order:2"]
    assert not claims()
    assert noted(first[0], YES).state == State.DELIVERED
    [second] = claims()
    assert json.loads(second.body)["data"] == {"number": 2}


def test_one_that_is_refused_holds_back_its_own_thing_alone() -> None:
    endpoint()
    happen("order:1", "order:1", "order:2")
    first, other = claims()
    noted(first, NO)
    noted(other, YES)
    assert not claims()
    make_due()
    assert subjects(claims()) == ["order:1"]


def test_an_endpoint_gets_no_more_than_its_share_and_a_failing_one_a_single_request() -> None:
    first, second = endpoint(), endpoint()
    happen(*(f"order:{number}" for number in range(10)))
    assert [claim.endpoint_id for claim in claims(4, per_endpoint=3)].count(first.pk) in (1, 3)
    WebhookDelivery.objects.update(claimed_until=None)
    WebhookEndpoint.objects.filter(pk=first.pk).update(failures=1)
    found = [claim.endpoint_id for claim in claims(8, per_endpoint=3, failing=1)]
    assert sorted(found) == [first.pk, second.pk, second.pk, second.pk]
    assert not claims(8, per_endpoint=3, failing=0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_claim_nothing_twice() -> None:
    endpoint()
    happen(*(f"order:{number % 10}" for number in range(40)))
    taken = at_once([claims] * 4)
    found = [claim.id for one in taken for claim in one]
    assert len(found) == len(set(found)) == 10


def test_the_claim_of_a_worker_that_died_is_taken_over_under_the_same_id() -> None:
    endpoint()
    happen("order:1")
    [dead] = claims()
    assert not claims()
    WebhookDelivery.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    [taken_over] = claims()
    assert (taken_over.id, taken_over.message_id, taken_over.body) == (dead.id, dead.message_id, dead.body)

    deliveries.note([deliveries.Outcome(dead, NO, timezone.now())])  # it was only slow

    assert not WebhookAttempt.objects.exists()
    assert noted(taken_over, YES).state == State.DELIVERED


# What becomes of an attempt


def test_an_attempt_is_written_down() -> None:
    row = endpoint()
    happen("order:1")
    [claim] = claims()
    noted(claim, Answer(status=500, excerpt="out of order", duration_ms=12))
    attempt = WebhookAttempt.objects.get()
    assert (attempt.delivery_id, attempt.url, attempt.status, attempt.excerpt, attempt.duration_ms) == (
        *(claim.id, row.url, 500, "out of order", 12),
    )


def test_it_is_tried_for_three_days_and_then_given_up() -> None:
    assert timedelta(days=2, hours=20) < timedelta(seconds=sum(deliveries.SCHEDULE)) < timedelta(days=3, hours=4)
    endpoint()
    happen("order:1", "order:1")
    for number, wait in enumerate(deliveries.SCHEDULE):
        make_due()
        [claim] = claims()
        before = timezone.now()
        row = noted(claim, NO)
        WebhookEndpoint.objects.update(failing_since=None)
        assert (row.state, row.attempts) == (State.WAITING, number + 1)
        assert 0.79 * wait < (row.next_attempt_at - before).total_seconds() < 1.21 * wait + 1
    make_due()
    [claim] = claims()
    assert noted(claim, NO).state == State.FAILED
    make_due()
    assert json.loads(claims()[0].body)["data"] == {"number": 1}


@pytest.mark.parametrize(
    ("status", "retry_after", "least"),
    [(503, 1000.0, 1000), (503, 1e9, deliveries.MAX_RETRY_AFTER), (429, 60.0, 60), (503, None, 4), (500, 60.0, 60)],
)
def test_retry_after_is_honoured_within_bounds(status: int, retry_after: float | None, least: float) -> None:
    row = endpoint()
    happen("order:1")
    [claim] = claims()
    began = timezone.now()
    delivery = noted(claim, Answer(status=status, retry_after=retry_after))
    assert least <= (delivery.next_attempt_at - began).total_seconds() < least + 3
    row.refresh_from_db()
    assert bool(row.resting_until) == (status in (429, 503) and retry_after is not None)


def test_an_endpoint_that_fails_is_left_alone_for_longer_and_longer() -> None:
    row = endpoint()
    happen("order:1")
    [claim] = claims()
    rests = []
    for _ in range(14):
        deliveries.note_failure(row, NO)
        rests.append(round((row.resting_until - timezone.now()).total_seconds()) if row.resting_until else 0)
    assert rests == [0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300, 300]
    noted(claim, YES)
    row.refresh_from_db()
    assert (row.failures, row.failing_since, row.resting_until) == (0, None, None)


def test_one_that_is_gone_is_disabled_at_once_and_staff_are_told() -> None:
    row = endpoint()
    happen("order:1", "order:2")
    noted(claims()[0], Answer(status=410))
    row.refresh_from_db()
    assert (row.state, row.disabled_reason) == ("disabled", "The receiver says that it is gone (410).")
    event = Event.objects.get(kind="webhook.disabled")
    assert event.payload == {"webhook_id": row.pk, "reason": row.disabled_reason}
    assert SUBSCRIPTIONS["webhook.disabled"] == [tasks.mail_disabled_webhook]

    tasks.mail_disabled_webhook(event_id=event.pk, kind=event.kind, payload=event.payload)

    [message] = mail.outbox
    assert message.to == ["staff@example.com"]
    assert row.url in message.body
    make_due()
    assert not claims()


def test_one_that_has_failed_for_three_days_is_disabled_and_misses_nothing() -> None:
    row = endpoint()
    happen("order:1")
    WebhookEndpoint.objects.update(failures=9, failing_since=timezone.now() - timedelta(days=3, minutes=1))
    noted(claims()[0], Answer(error="no connection: Connection refused"))
    row.refresh_from_db()
    assert row.state == "disabled"
    assert row.disabled_reason == "It has failed for 3 days, at last with: no connection: Connection refused."
    happen("order:2")

    endpoints.resume_endpoint(webhook_id=row.pk, actor=STAFF)

    make_due()
    assert subjects(claims()) == ["order:1", "order:2"]


# Verbs


def test_a_test_goes_to_its_endpoint_alone() -> None:
    row = endpoint(kinds=["order.placed"])
    endpoint()
    endpoints.test_endpoint(webhook_id=row.pk, actor=STAFF)
    dispatcher.dispatch({})
    [claim] = claims()
    assert (claim.endpoint_id, json.loads(claim.body)["type"]) == (row.pk, "webhook.tested")
    endpoints.pause_endpoint(webhook_id=row.pk, actor=STAFF)
    with pytest.raises(EndpointNotActive):
        endpoints.test_endpoint(webhook_id=row.pk, actor=STAFF)


def test_a_delivery_is_sent_again_under_its_id() -> None:
    row = endpoint()
    happen("order:1")
    [first] = claims()
    noted(first, YES)
    endpoints.resend(webhook_id=row.pk, delivery_id=first.id, actor=STAFF)
    [again] = claims()
    assert (again.message_id, again.body) == (first.message_id, first.body)
    with pytest.raises(NotFound):
        endpoints.resend(webhook_id=endpoint().pk, delivery_id=first.id, actor=STAFF)


def test_the_events_of_a_time_are_delivered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    happen("order:0")
    row = endpoint()
    happen("order:1")
    happen("product:1", kind="product.created")
    noted(claims()[0], YES)
    ago = timezone.now() - timedelta(hours=1)
    replay: Any = {"webhook_id": row.pk, "since": ago, "actor": STAFF}
    assert endpoints.replay(**replay, until=ago) == 0
    assert endpoints.replay(**replay, kinds=["order.placed"]) == 2
    assert subjects(claims()) == ["order:0", "order:1"]
    monkeypatch.setattr(endpoints, "MAX_REPLAY", 1)
    with pytest.raises(TooMuchToReplay):
        endpoints.replay(**replay)


def test_deleted_endpoints_and_old_deliveries_are_removed() -> None:
    gone, kept = endpoint(), endpoint()
    happen("order:1", "order:2")
    for claim in claims():
        noted(claim, YES)
    old = WebhookDelivery.objects.filter(endpoint=kept, subject="order:1")
    old.update(created_at=timezone.now() - timedelta(days=31))
    endpoints.delete_endpoint(webhook_id=gone.pk, actor=STAFF)
    gone.refresh_from_db()
    assert (gone.secret, gone.previous_secret) == ("", "")

    tasks.remove_old_deliveries(timestamp=0)

    assert list(WebhookEndpoint.objects.all()) == [kept]
    assert WebhookDelivery.objects.get().subject == "order:2"
    assert WebhookAttempt.objects.count() == 1


def test_the_journal_tells_what_was_done_and_no_secret() -> None:
    row = endpoint()
    who: Any = {"webhook_id": row.pk, "actor": STAFF}
    endpoints.update_endpoint(**who, changes={"description": "Ours", "kinds": ["order.placed"]})
    rotated = endpoints.rotate_secret(**who)
    endpoints.pause_endpoint(**who)
    endpoints.resume_endpoint(**who)
    endpoints.delete_endpoint(**who)
    told = {event.kind: event.payload for event in Event.objects.filter(subject=f"webhook:{row.pk}")}
    assert list(told) == [
        *("webhook.created", "webhook.changed", "webhook.secret_rotated", "webhook.paused", "webhook.resumed"),
        "webhook.deleted",
    ]
    assert told["webhook.changed"]["changes"] == {"description": ["", "Ours"], "kinds": [[], ["order.placed"]]}
    text = json.dumps(list(told.values()))
    assert row.secret not in text
    assert rotated.secret not in text
    endpoint()
    dispatcher.dispatch({})
    assert not WebhookDelivery.objects.exists()


# Signatures, and the whole way


@contextmanager
def by_the_specification(failing: int = 0) -> Iterator[Any]:
    """A receiver in a process of its own, with the specification's own library."""
    command = [sys.executable, "-m", "events.tests.spec_receiver", "--failing", str(failing)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout
            process.url = f"http://127.0.0.1:{int(process.stdout.readline())}/"  # type: ignore[attr-defined]
            yield process
        finally:
            process.terminate()


def know(process: Any, secret: str) -> None:
    process.stdin.write(f"{secret}\n")
    process.stdin.flush()


@pytest.mark.django_db(transaction=True)
def test_the_specifications_own_library_verifies_what_is_sent() -> None:
    with by_the_specification() as process:
        row = endpoint(process.url)
        know(process, row.secret)
        happen("order:1", "order:2", "order:1")
        deliver_all()
        lines = [process.stdout.readline().split(" ", 3) for _ in range(3)]
    assert {(word, status) for word, _, status, _ in lines} == {("verified", "204")}
    told = [json.loads(body) for *_, body in lines]
    assert [one["data"]["number"] for one in told if one["subject"] == "order:1"] == [0, 2]
    assert WebhookDelivery.objects.filter(state=State.DELIVERED).count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("which", ["secret", "previous_secret"])
def test_both_secrets_are_valid_while_one_is_replaced(which: str) -> None:
    with by_the_specification() as process:
        row = endpoints.rotate_secret(webhook_id=endpoint(process.url).pk, actor=STAFF)
        know(process, getattr(row, which))
        happen("order:1")
        deliver_all()
        assert process.stdout.readline().startswith("verified ")


def test_the_secret_before_signs_no_more_after_its_time() -> None:
    row = endpoints.rotate_secret(webhook_id=endpoint().pk, actor=STAFF)
    happen("order:1", "order:2")
    [claim, _] = claims()
    assert claim.secrets == (row.secret, row.previous_secret)
    WebhookEndpoint.objects.update(previous_secret_until=timezone.now())
    WebhookDelivery.objects.update(claimed_until=None)
    assert claims()[0].secrets == (row.secret,)


def test_our_own_check_is_that_of_the_specification() -> None:
    """With the example of its text."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    made = signing.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    own = signing.new_secret()
    headers = signing.headers_of("evt_1", body, [signing.new_secret(), own])
    signing.verify(headers, body, own)
    for wrong in (
        headers | {"webhook-id": "evt_2"},
        headers | {"webhook-timestamp": "1614265330"},
        headers | {"webhook-timestamp": ""},
        headers | {"webhook-signature": ""},
    ):
        with pytest.raises(signing.NotGenuine):
            signing.verify(wrong, body, own)
    with pytest.raises(signing.NotGenuine):
        signing.verify(headers, body + b" ", own)


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
