"""What becomes of an attempt: it is written down and tried again, and an endpoint is left alone or disabled."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from config.subscriptions import SUBSCRIPTIONS
from events.models import Event, WebhookAttempt, WebhookEndpoint
from events.tests.webhooks import NO, STAFF, YES, State, claims, endpoint, happen, make_due, noted, subjects
from events.webhooks import deliveries, endpoints, tasks
from events.webhooks.client import Answer

pytestmark = pytest.mark.django_db


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
