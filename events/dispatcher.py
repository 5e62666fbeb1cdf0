"""The dispatcher gives committed events their place in the feed, and defers the jobs that are subscribed to them. It
also writes down which endpoints of webhooks are told of them.

All of it happens in one transaction, so an event has its jobs and deliveries exactly when it has its position. An event
whose transaction commits late gets a later position than its id suggests. So a reader of the feed up to position n has
missed nothing.
"""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager
from procrastinate.tasks import Task

from events.kinds import public_kinds

logger = logging.getLogger(__name__)

Subscriptions = Mapping[str, Sequence[Task[..., Any, Any]]]

BATCH = 500
POLL_SECONDS = 0.5
# The number of the advisory lock by which dispatchers take turns. Who starts or stops an endpoint of webhooks takes it
# too, and then knows which events the endpoint is told of. Our other advisory locks have other numbers.
LOCK = 7_310_001
# Jobs go through Django's connection, and with it through our transaction.
queue = JobManager(DjangoConnector())

PLACE = """
with batch as (
    select id, row_number() over (order by id) as step
    from (select id from events_event where position is null order by id limit %s) waiting
), feed as (
    select coalesce(max(position), 0) as last from events_event
)
update events_event event set position = feed.last + batch.step
from batch, feed
where event.id = batch.id
returning event.position, event.id, event.kind, event.payload::text, event.channel
"""

# What receivers of webhooks are told of these positions. A test goes to the endpoint that it is a test of.
FILL = """
insert into events_webhookdelivery (endpoint_id, event_id, position, kind, subject, next_attempt_at, created_at)
select endpoint.id, event.id, event.position, event.kind, event.subject, clock_timestamp(), clock_timestamp()
from events_webhookendpoint endpoint
join events_event event on event.position between %(first)s and %(last)s and event.channel <> 'backfill' and (
    event.kind = any(%(public)s) and (endpoint.kinds = '{}' or event.kind = any(endpoint.kinds))
    or event.kind = 'webhook.tested' and event.subject = 'webhook:' || endpoint.id
)
where endpoint.state = 'active'
on conflict do nothing
"""


def dispatch(subscriptions: Subscriptions, limit: int = BATCH) -> int:
    """Place up to `limit` waiting events, in the order of their ids, and defer their jobs. Returns their number.

    Does nothing while another dispatcher is at work. An advisory lock, held until the commit, lets one dispatcher at a
    time give positions.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return 0
            cursor.execute(PLACE, [limit])
            placed = sorted(cursor.fetchall())
            if placed:
                told = {"first": placed[0][0], "last": placed[-1][0], "public": list(public_kinds())}
                cursor.execute(FILL, told)
        jobs = [
            task.configure(task_kwargs={"event_id": event_id, "kind": kind, "payload": json.loads(payload)}).job
            for _, event_id, kind, payload, channel in placed
            if channel != "backfill"
            for task in subscriptions.get(kind, ())
        ]
        if jobs:
            queue.batch_defer_jobs(jobs)
    return len(placed)


def run(subscriptions: Subscriptions, stop: threading.Event) -> None:
    """Dispatch until `stop` is set. While the database is away this waits for it, however long that takes."""
    away = False
    while not stop.is_set():
        try:
            full = dispatch(subscriptions) == BATCH
        except (OperationalError, InterfaceError, ConnectorException) as error:
            if not away:
                logger.warning("the dispatcher waits for the database: %s", type(error).__name__)
            connection.close()
            away, full = True, False
        else:
            away = False
        if not full:
            stop.wait(POLL_SECONDS)
    connection.close()
