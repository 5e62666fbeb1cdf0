"""Which delivery is sent next, and what becomes of it afterwards.

A worker claims the oldest waiting delivery of each thing that an endpoint is told of, so the events of a thing arrive
in their order, and one that is refused holds back those of its own thing alone. An endpoint that fails is asked seldom
and by one request at a time; it holds back no other.

Each is sent at least once. A worker that dies between the answer and the note of it leaves its claim behind; when that
is past, another worker sends the same message under the same id.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.db import connection
from django.utils import timezone

from database.transactions import unit_of_work
from events.actors import WORKER
from events.feed import newest_position
from events.models import Event, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from events.services import publish
from events.webhooks.client import Answer

MINUTE, HOUR = 60, 3600
# Seconds from each refusal to the next attempt: fifteen attempts over three days.
SCHEDULE = (5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, *(hours * HOUR for hours in (1, 2, 4, 6, 10, 12, 12, 12, 12)))
# Each wait is up to so much longer or shorter, so that what failed together does not come back together.
JITTER = 0.2
# How long a receiver may make us wait with Retry-After.
MAX_RETRY_AFTER = 6 * HOUR
# After so many failures in a row nobody asks an endpoint for a while, which doubles from REST_SECONDS to MAX_REST.
FAILURES_BEFORE_REST, REST_SECONDS, MAX_REST = 5, 5, 5 * MINUTE
GIVE_UP_AFTER = timedelta(days=3)
GONE = 410
SLOW_DOWN = (429, 503)
# A claim outlives its request by so many seconds, in which the answer is noted.
CLAIM_MARGIN = 10

# Each endpoint that has something due. The locks let one worker at a time claim for an endpoint.
DUE = """
select id, url, secret, previous_secret, previous_secret_until > clock_timestamp(), failures
from events_webhookendpoint endpoint
where state = 'active' and (resting_until is null or resting_until <= clock_timestamp())
and exists (
    select from events_webhookdelivery due
    where due.endpoint_id = endpoint.id and due.state = 'waiting' and due.next_attempt_at <= clock_timestamp()
)
order by failures > 0, random()
for no key update skip locked
"""
CLAIM = """
with taken as (
    select id from events_webhookdelivery delivery
    where endpoint_id = %(endpoint)s and state = 'waiting' and next_attempt_at <= clock_timestamp()
    and (claimed_until is null or claimed_until < clock_timestamp())
    and not exists (
        select from events_webhookdelivery earlier
        where earlier.endpoint_id = %(endpoint)s and earlier.subject = delivery.subject
        and earlier.state = 'waiting' and earlier.position < delivery.position
    )
    order by next_attempt_at, position
    limit least(%(left)s, greatest(0, %(most)s - (
        select count(*) from events_webhookdelivery held
        where held.endpoint_id = %(endpoint)s and held.state = 'waiting' and held.claimed_until >= clock_timestamp()
    )))
    for update skip locked
)
update events_webhookdelivery delivery
set claimed_until = clock_timestamp() + make_interval(secs => %(seconds)s)
from taken where delivery.id = taken.id
returning delivery.id, delivery.event_id, delivery.claimed_until
"""
DELIVERED = """
with done as (
    select * from unnest(
        %(id)s::bigint[], %(until)s::timestamptz[], %(url)s::text[], %(at)s::timestamptz[], %(duration_ms)s::int[],
        %(status)s::int[], %(excerpt)s::text[]
    ) as done (id, claimed_until, url, at, duration_ms, status, excerpt)
), noted as (
    update events_webhookdelivery delivery
    set state = 'delivered', delivered_at = clock_timestamp(), attempts = attempts + 1, claimed_until = null,
        last_status = done.status, last_error = ''
    from done
    where delivery.id = done.id and delivery.claimed_until = done.claimed_until and delivery.state = 'waiting'
    returning delivery.id
)
insert into events_webhookattempt (delivery_id, url, at, duration_ms, status, error, excerpt)
select id, url, at, duration_ms, status, '', excerpt from done join noted using (id)
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one worker to send one delivery. `claimed_until` tells this claim from a later one."""

    id: int
    endpoint_id: int
    claimed_until: datetime
    url: str
    secrets: tuple[str, ...]
    message_id: str
    body: bytes
    is_failing: bool


class Outcome(NamedTuple):
    """What came of an attempt that began at `at`."""

    claim: Claim
    answer: Answer
    at: datetime


@unit_of_work
def claim(limit: int, *, per_endpoint: int, failing: int) -> list[Claim]:
    """Claim up to `limit` deliveries that are due, and no more of one endpoint at a time than `per_endpoint`.

    Endpoints that have failed last get up to `failing` of them together, and one each. Locks the endpoints for as long
    as this takes; those that another worker has locked are left out.
    """
    claims: list[Claim] = []
    with connection.cursor() as cursor:
        cursor.execute(DUE)
        for endpoint_id, url, secret, previous, is_rotated, failures in cursor.fetchall():
            left = limit - len(claims)
            if left <= 0 or (failures and failing <= 0):
                break
            most = 1 if failures else per_endpoint
            params = {"endpoint": endpoint_id, "most": most, "left": left, "seconds": claim_seconds()}
            cursor.execute(CLAIM, params)
            rows = cursor.fetchall()
            valid = (secret, previous) if is_rotated else (secret,)
            events = Event.objects.in_bulk([event_id for _, event_id, _ in rows])
            for delivery_id, event_id, until in rows:
                if (event := events.get(event_id)) is None:
                    WebhookDelivery.objects.filter(pk=delivery_id).update(
                        state=WebhookDelivery.State.FAILED, claimed_until=None, last_error="the event was removed"
                    )
                    continue
                message = message_of(event)
                claims.append(
                    Claim(delivery_id, endpoint_id, until, url, valid, f"evt_{event_id}", message, failures > 0)
                )
                failing -= failures > 0
    return claims


def claim_seconds() -> float:
    """For how long a claim holds: longer than any request takes."""
    return float(settings.WEBHOOK_TIMEOUT_SECONDS + CLAIM_MARGIN)


def message_of(event: Event) -> bytes:
    """The body that tells of an event: the same bytes in each attempt."""
    return orjson.dumps(
        {
            "type": event.kind,
            "timestamp": event.at,
            "position": event.position,
            "subject": event.subject,
            "data": event.payload,
        },
        option=orjson.OPT_UTC_Z,
    )


def note(outcomes: Sequence[Outcome]) -> None:
    """Write down what came of attempts, and when those that failed are due again.

    Nothing is written of a claim that was taken over meanwhile, or of a deleted endpoint. What was delivered is noted
    together, since a busy shop has it many times a second. Locks the endpoints, then the deliveries.
    """
    if delivered := [outcome for outcome in outcomes if outcome.answer.is_success]:
        note_delivered(delivered)
    for outcome in outcomes:
        if not outcome.answer.is_success:
            note_failed(outcome)


@unit_of_work
def note_delivered(outcomes: Sequence[Outcome]) -> None:
    """The deliveries that were accepted wait no more, and their endpoints are well."""
    endpoints = {outcome.claim.endpoint_id for outcome in outcomes}
    locked = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk__in=endpoints).order_by("pk")
    unwell = [endpoint.pk for endpoint in locked if endpoint.failures or endpoint.resting_until]
    columns: dict[str, Any] = {
        "id": [outcome.claim.id for outcome in outcomes],
        "until": [outcome.claim.claimed_until for outcome in outcomes],
        "url": [outcome.claim.url for outcome in outcomes],
        "at": [outcome.at for outcome in outcomes],
        "duration_ms": [outcome.answer.duration_ms for outcome in outcomes],
        "status": [outcome.answer.status for outcome in outcomes],
        "excerpt": [outcome.answer.excerpt for outcome in outcomes],
    }
    with connection.cursor() as cursor:
        cursor.execute(DELIVERED, columns)
    if unwell:
        WebhookEndpoint.objects.filter(pk__in=unwell).update(failures=0, failing_since=None, resting_until=None)


@unit_of_work
def note_failed(outcome: Outcome) -> None:
    """A delivery that was refused waits for its next attempt, or is given up."""
    claim, answer, at = outcome
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=claim.endpoint_id).first()
    mine = WebhookDelivery.objects.select_for_update(no_key=True).filter(
        pk=claim.id, claimed_until=claim.claimed_until, state=WebhookDelivery.State.WAITING
    )
    delivery = mine.first()
    if endpoint is None or delivery is None:
        return
    delivery.attempts += 1
    delivery.claimed_until = None
    delivery.last_status, delivery.last_error = answer.status, reason_of(answer)
    if delivery.attempts > len(SCHEDULE):
        delivery.state = WebhookDelivery.State.FAILED
    else:
        delivery.next_attempt_at = timezone.now() + timedelta(seconds=wait_before(delivery.attempts, answer))
    delivery.save(update_fields=["attempts", "claimed_until", "last_status", "last_error", "state", "next_attempt_at"])
    WebhookAttempt.objects.create(
        delivery=delivery,
        url=claim.url,
        at=at,
        duration_ms=answer.duration_ms,
        status=answer.status,
        error=answer.error,
        excerpt=answer.excerpt,
    )
    note_failure(endpoint, answer)


def note_failure(endpoint: WebhookEndpoint, answer: Answer) -> None:
    """The endpoint rests. One that is gone, or has failed for GIVE_UP_AFTER, is told of nothing any more."""
    now = timezone.now()
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    rest = rest_after(endpoint.failures, answer)
    endpoint.resting_until = now + timedelta(seconds=rest) if rest else None
    endpoint.save(update_fields=["failures", "failing_since", "resting_until"])
    if endpoint.state != WebhookEndpoint.State.ACTIVE:
        return
    if answer.status == GONE:
        disable(endpoint, "The receiver says that it is gone (410).")
    elif now - endpoint.failing_since >= GIVE_UP_AFTER:
        disable(endpoint, f"It has failed for {GIVE_UP_AFTER.days} days, at last with: {reason_of(answer)}.")


def disable(endpoint: WebhookEndpoint, reason: str) -> None:
    """Tell an endpoint of nothing any more, and staff of that. What waits is sent when it is resumed."""
    endpoint.state, endpoint.disabled_reason = WebhookEndpoint.State.DISABLED, reason[:200]
    endpoint.stopped_position = newest_position()
    endpoint.version += 1
    endpoint.save(update_fields=["state", "disabled_reason", "stopped_position", "version"])
    told = {"webhook_id": endpoint.pk, "reason": endpoint.disabled_reason}
    publish("webhook.disabled", told, subject=f"webhook:{endpoint.pk}", actor=WORKER)


def reason_of(answer: Answer) -> str:
    """Why an attempt failed, in a few words."""
    if answer.error:
        return answer.error
    return f"redirect ({answer.status})" if 300 <= (answer.status or 0) < 400 else f"status {answer.status}"


def wait_before(attempt: int, answer: Answer) -> float:
    """Seconds until a delivery is tried again that has failed so many times."""
    planned = SCHEDULE[attempt - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # jitter, not a secret
    return max(planned, min(answer.retry_after or 0, MAX_RETRY_AFTER))


def rest_after(failures: int, answer: Answer) -> float:
    """For how many seconds an endpoint is left alone that has failed so many times in a row; 0 for not at all."""
    asked = min(answer.retry_after or 0, MAX_RETRY_AFTER) if answer.status in SLOW_DOWN else 0
    doublings = failures - FAILURES_BEFORE_REST
    own = min(REST_SECONDS * 2 ** min(doublings, 20), MAX_REST) if doublings >= 0 else 0
    return max(asked, own)
