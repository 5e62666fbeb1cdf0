"""What staff do with endpoints and deliveries, and what the journal tells of it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from database.refusals import NotFound
from events import dispatcher
from events.models import Event, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from events.tests.webhooks import STAFF, YES, claims, endpoint, happen, noted, subjects
from events.webhooks import endpoints, tasks
from events.webhooks.exceptions import EndpointNotActive, TooMuchToReplay

pytestmark = pytest.mark.django_db


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
