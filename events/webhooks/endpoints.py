"""Verbs about endpoints of webhooks, for staff. Each tells the journal, and never a secret.

Which events an endpoint is told of is exact. Resuming one takes the dispatcher's lock first, so that no event is given
its place meanwhile by a dispatcher that saw the endpoint stopped.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from database.refusals import Expected, NotFound, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import apply_changes
from events.dispatcher import LOCK
from events.feed import newest_position
from events.kinds import public_kinds
from events.models import WebhookDelivery, WebhookEndpoint
from events.services import publish
from events.webhooks.addresses import BadURL, NotAllowed, check, literal, parse
from events.webhooks.exceptions import (
    BadEndpointURL,
    EndpointNotActive,
    TooManyEndpoints,
    TooMuchToReplay,
    UnknownKinds,
)
from events.webhooks.signing import new_secret

MAX_ENDPOINTS = 20
# How many events are delivered again by one request.
MAX_REPLAY = 50_000
# For how long the secret before the last one signs too.
OVERLAP_HOURS = 24
State = WebhookEndpoint.State
EDITABLE = ("url", "description", "kinds")

AGAIN = """
insert into events_webhookdelivery (endpoint_id, event_id, position, kind, subject, next_attempt_at, created_at)
select %(endpoint)s, event.id, event.position, event.kind, event.subject, clock_timestamp(), clock_timestamp()
from events_event event
where {which} and event.position is not null and event.channel <> 'backfill' and event.kind = any(%(kinds)s)
order by event.position
limit %(most)s
on conflict (endpoint_id, event_id) do {known}
"""
SENT_AGAIN = """update
set state = 'waiting', attempts = 0, next_attempt_at = clock_timestamp(), delivered_at = null
where events_webhookdelivery.state <> 'waiting'"""
MISSED = AGAIN.format(which="event.position > %(after)s", known="nothing")
REPLAYED = AGAIN.format(which="event.at >= %(since)s and event.at <= %(until)s", known=SENT_AGAIN)
COUNT = """
select count(*) from (
    select from events_event event
    where event.at >= %(since)s and event.at <= %(until)s and event.position is not null
    and event.channel <> 'backfill' and event.kind = any(%(kinds)s)
    limit %(most)s + 1
) found
"""


@unit_of_work
def create_endpoint(*, url: str, actor: Actor, description: str = "", kinds: Collection[str] = ()) -> WebhookEndpoint:
    """Set up an endpoint, with a new secret. It is told of what happens from now on.

    Refuses BadEndpointURL, UnknownKinds and TooManyEndpoints.
    """
    check_url(url)
    wanted = checked_kinds(kinds)
    if endpoints().count() >= MAX_ENDPOINTS:
        raise TooManyEndpoints(MAX_ENDPOINTS)
    endpoint = WebhookEndpoint.objects.create(url=url, description=description, kinds=wanted, secret=new_secret())
    tell(endpoint, "created", actor, url=url, kinds=wanted)
    endpoint.refresh_from_db()
    return endpoint


@unit_of_work
def update_endpoint(
    *, webhook_id: int, changes: Mapping[str, Any], actor: Actor, expected_version: Expected = None
) -> WebhookEndpoint:
    """Change where an endpoint is and what it is told of. What is so already changes nothing.

    Refuses NotFound, VersionMismatch, BadEndpointURL and UnknownKinds. Locks the endpoint.
    """
    endpoint = locked(webhook_id)
    check_version(endpoint.version, expected_version)
    changes = {name: value for name, value in changes.items() if name in EDITABLE}
    if "url" in changes:
        check_url(changes["url"])
    if "kinds" in changes:
        changes["kinds"] = checked_kinds(changes["kinds"])
    if edited := apply_changes(endpoint, changes):
        if "url" in edited:  # it may be well there
            endpoint.failures, endpoint.failing_since, endpoint.resting_until = 0, None, None
        save(endpoint)
        tell(endpoint, "changed", actor, changes=edited)
    return endpoint


@unit_of_work
def rotate_secret(*, webhook_id: int, actor: Actor) -> WebhookEndpoint:
    """Give an endpoint a new secret. The one before it signs too, for OVERLAP_HOURS. Refuses NotFound. Locks it."""
    endpoint = locked(webhook_id)
    endpoint.previous_secret = endpoint.secret
    endpoint.previous_secret_until = timezone.now() + timedelta(hours=OVERLAP_HOURS)
    endpoint.secret = new_secret()
    save(endpoint)
    tell(endpoint, "secret_rotated", actor)
    return endpoint


@unit_of_work
def pause_endpoint(*, webhook_id: int, actor: Actor) -> WebhookEndpoint:
    """Send an endpoint nothing for now. One that is not active stays as it is. Refuses NotFound. Locks the endpoint."""
    endpoint = locked(webhook_id)
    if endpoint.state == State.ACTIVE:
        endpoint.state, endpoint.stopped_position = State.PAUSED, newest_position()
        save(endpoint)
        tell(endpoint, "paused", actor)
    return endpoint


@unit_of_work
def resume_endpoint(*, webhook_id: int, actor: Actor, catch_up: bool = True) -> WebhookEndpoint:
    """Send an endpoint again what waits, and what happened since it was stopped, unless that is left out.

    Refuses NotFound, and TooMuchToReplay when more has happened than is delivered again at once. One that is active
    stays as it is. Takes the dispatcher's lock, then locks the endpoint.
    """
    hold_dispatcher()
    endpoint = locked(webhook_id)
    if endpoint.state == State.ACTIVE:
        return endpoint
    missed = 0
    if catch_up and endpoint.stopped_position is not None:
        missed = fill(MISSED, endpoint, wanted_by(endpoint), after=endpoint.stopped_position)
    endpoint.state, endpoint.disabled_reason, endpoint.stopped_position = State.ACTIVE, "", None
    endpoint.failures, endpoint.failing_since, endpoint.resting_until = 0, None, None
    save(endpoint)
    tell(endpoint, "resumed", actor, missed=missed)
    return endpoint


@unit_of_work
def delete_endpoint(*, webhook_id: int, actor: Actor, expected_version: Expected = None) -> None:
    """Forget an endpoint and its secrets. The worker removes its deliveries afterwards.

    Refuses NotFound and VersionMismatch. Locks the endpoint.
    """
    endpoint = locked(webhook_id)
    check_version(endpoint.version, expected_version)
    endpoint.state, endpoint.secret, endpoint.previous_secret = State.DELETED, "", ""
    save(endpoint)
    tell(endpoint, "deleted", actor, url=endpoint.url)


@unit_of_work
def test_endpoint(*, webhook_id: int, actor: Actor) -> WebhookEndpoint:
    """Send an endpoint an event `webhook.tested`, which no other endpoint gets; at once, even while it is left alone.

    Refuses NotFound and EndpointNotActive. Locks the endpoint.
    """
    endpoint = locked(webhook_id)
    if endpoint.state != State.ACTIVE:
        raise EndpointNotActive
    if endpoint.resting_until:
        endpoint.resting_until = None
        endpoint.save(update_fields=["resting_until"])
    tell(endpoint, "tested", actor)
    return endpoint


@unit_of_work
def resend(*, webhook_id: int, delivery_id: int, actor: Actor) -> WebhookDelivery:
    """Send a delivery again at once, also one that has arrived. It keeps its id. Refuses NotFound. Locks it.

    An endpoint that is not active gets it when it is resumed.
    """
    endpoint = locked(webhook_id)
    delivery = endpoint.deliveries.select_for_update(no_key=True).filter(pk=delivery_id).first()
    if delivery is None:
        raise NotFound("There is no such delivery.")
    delivery.state, delivery.attempts, delivery.delivered_at = WebhookDelivery.State.WAITING, 0, None
    delivery.next_attempt_at = timezone.now()
    delivery.save(update_fields=["state", "attempts", "delivered_at", "next_attempt_at"])
    tell(endpoint, "resent", actor, delivery_id=delivery_id)
    return delivery


@unit_of_work
def replay(
    *, webhook_id: int, since: datetime, actor: Actor, until: datetime | None = None, kinds: Collection[str] = ()
) -> int:
    """Deliver the events of a time again, oldest first, and tell how many. Those that wait already are left alone.

    Without `kinds` those that the endpoint is told of. Refuses NotFound, UnknownKinds and TooMuchToReplay. Locks the
    endpoint.
    """
    endpoint = locked(webhook_id)
    wanted = checked_kinds(kinds) or wanted_by(endpoint)
    end = until or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"since": since, "until": end, "kinds": wanted, "most": MAX_REPLAY})
        if cursor.fetchone()[0] > MAX_REPLAY:
            raise TooMuchToReplay(MAX_REPLAY)
    number = fill(REPLAYED, endpoint, wanted, since=since, until=end)
    tell(endpoint, "replayed", actor, since=since.isoformat(), until=end.isoformat(), deliveries=number)
    return number


def endpoints() -> Any:
    """All endpoints but those that were deleted."""
    return WebhookEndpoint.objects.exclude(state=State.DELETED)


def find(webhook_id: int) -> WebhookEndpoint:
    """An endpoint. Refuses NotFound."""
    endpoint: WebhookEndpoint | None = endpoints().filter(pk=webhook_id).first()
    if endpoint is None:
        raise NotFound("There is no such webhook.")
    return endpoint


def locked(webhook_id: int) -> WebhookEndpoint:
    """An endpoint whose row is locked until the end of the transaction. Refuses NotFound."""
    row: WebhookEndpoint | None = endpoints().select_for_update(no_key=True).filter(pk=webhook_id).first()
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


def hold_dispatcher() -> None:
    """Let no event get its place before the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])


def fill(statement: str, endpoint: WebhookEndpoint, kinds: Collection[str], **which: Any) -> int:
    """Write down that an endpoint is told of some events, and tell of how many. Refuses TooMuchToReplay."""
    params = {"endpoint": endpoint.pk, "kinds": list(kinds), "most": MAX_REPLAY + 1, **which}
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        if cursor.rowcount > MAX_REPLAY:
            raise TooMuchToReplay(MAX_REPLAY)
        return int(cursor.rowcount)


def save(endpoint: WebhookEndpoint) -> None:
    """Write an endpoint, as a new version."""
    endpoint.version += 1
    endpoint.save()


def tell(endpoint: WebhookEndpoint, what: str, actor: Actor, **facts: Any) -> None:
    """Tell the journal what was done with an endpoint."""
    publish(f"webhook.{what}", {"webhook_id": endpoint.pk, **facts}, subject=f"webhook:{endpoint.pk}", actor=actor)


def wanted_by(endpoint: WebhookEndpoint) -> list[str]:
    """The kinds that an endpoint is told of."""
    return sorted(set(endpoint.kinds) & public_kinds() if endpoint.kinds else public_kinds())


def checked_kinds(kinds: Collection[str]) -> list[str]:
    """These kinds, each once. Refuses UnknownKinds."""
    if unknown := sorted(set(kinds) - public_kinds()):
        raise UnknownKinds(unknown)
    return sorted(set(kinds))


def check_url(url: str) -> None:
    """Refuse (BadEndpointURL) a URL that nothing would be sent to. Where a name leads is found out when it is sent."""
    try:
        parts = parse(url)
        if (address := literal(parts.hostname or "")) is not None:
            check(address, is_encrypted=parts.scheme == "https")
    except (BadURL, NotAllowed) as error:
        raise BadEndpointURL(str(error)) from None
