"""In which order deliveries are claimed, and by whom: the events of a thing one after the other, and none twice."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from events.tests.webhooks import NO, YES, State, claims, endpoint, happen, make_due, noted, subjects
from events.webhooks import deliveries
from tests.threads import at_once

pytestmark = pytest.mark.django_db


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
