import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from procrastinate.contrib.django import app, connector_params
from procrastinate.contrib.django.models import ProcrastinateJob

from events import dispatcher
from events.actors import BACKFILL, COMMAND, Actor
from events.models import Event
from events.services import publish
from tests.threads import at_once


@app.task(name="events.tests.note")
def note(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """A subscriber; the dispatcher only defers it."""


SUBSCRIPTIONS = {"order.placed": [note]}


@pytest.fixture(autouse=True)
def empty_queue(db: None) -> None:
    """The flush after a test with real commits leaves tables alone that Django does not manage."""
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")


def happen(count: int, actor: Actor = COMMAND, kind: str = "order.placed") -> None:
    with transaction.atomic():
        for number in range(1, count + 1):
            publish(kind, {"order_id": number}, subject=f"order:{number}", actor=actor)


def positions() -> list[int | None]:
    return list(Event.objects.order_by("id").values_list("position", flat=True))


@pytest.mark.django_db
def test_events_get_their_places_in_the_order_of_their_ids() -> None:
    happen(5)

    assert [dispatcher.dispatch(SUBSCRIPTIONS, limit=3) for _ in range(3)] == [3, 2, 0]

    assert positions() == [1, 2, 3, 4, 5]


@pytest.mark.django_db
def test_an_event_defers_the_jobs_that_are_subscribed_to_its_kind() -> None:
    happen(1, kind="product.created")
    happen(1)

    dispatcher.dispatch(SUBSCRIPTIONS)

    job = ProcrastinateJob.objects.get()
    event = Event.objects.get(kind="order.placed")
    assert job.task_name == "events.tests.note"
    assert job.args == {"event_id": event.id, "kind": "order.placed", "payload": {"order_id": 1}}


@pytest.mark.django_db
def test_events_that_a_loader_writes_about_the_past_are_placed_without_jobs() -> None:
    happen(2, actor=BACKFILL)

    dispatcher.dispatch(SUBSCRIPTIONS)

    assert positions() == [1, 2]
    assert not ProcrastinateJob.objects.exists()


@pytest.mark.django_db
def test_an_event_says_who_did_it_and_through_which_channel() -> None:
    with transaction.atomic():
        publish("product.created", {"product_id": 1}, subject="product:1", actor=Actor(3, "admin", is_staff=True))

    event = Event.objects.get()
    assert (event.actor, event.channel, event.subject) == ("staff:3", "admin", "product:1")


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_a_transaction_is_refused() -> None:
    with pytest.raises(TransactionManagementError):
        publish("order.placed", {"order_id": 1}, subject="order:1", actor=COMMAND)

    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_events_of_a_transaction_that_was_rolled_back_vanish() -> None:
    with transaction.atomic():
        publish("order.placed", {"order_id": 1}, subject="order:1", actor=COMMAND)
        transaction.set_rollback(True)

    assert dispatcher.dispatch(SUBSCRIPTIONS) == 0
    assert not ProcrastinateJob.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_gets_a_later_place_and_leaves_no_hole() -> None:
    with psycopg.connect(**connector_params()) as slow:
        slow.execute(
            "insert into events_event (kind, subject, payload, actor, channel)"
            " values ('order.placed', 'order:0', '{}', 'system', 'command')"
        )
        happen(2)
        dispatcher.dispatch(SUBSCRIPTIONS)
        assert positions() == [1, 2]
    dispatcher.dispatch(SUBSCRIPTIONS)

    assert positions() == [3, 1, 2]
    assert ProcrastinateJob.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_dispatchers_at_the_same_time_place_each_event_once() -> None:
    happen(200)

    def drain() -> int:
        placed = 0
        while Event.objects.filter(position=None).exists():
            placed += dispatcher.dispatch(SUBSCRIPTIONS, limit=7)
        return placed

    results = at_once([drain] * 4)

    assert sum(result for result in results if isinstance(result, int)) == 200
    assert positions() == list(range(1, 201))
    assert sorted(ProcrastinateJob.objects.values_list("args__event_id", flat=True)) == sorted(
        Event.objects.values_list("id", flat=True)
    )


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_two_dispatchers_place_the_same_event() -> None:
    happen(1)
    with connection.cursor() as cursor:  # the trigger stands behind the lock
        cursor.execute("alter table events_event disable trigger event_append_only")
    with psycopg.connect(**connector_params()) as first, psycopg.connect(**connector_params()) as second:
        first.execute(dispatcher.PLACE, [10])

        def commit_once_the_second_waits() -> None:
            with psycopg.connect(**connector_params()) as watch:
                query = "select 1 from pg_locks where pid = %s and not granted"
                while not watch.execute(query, [second.info.backend_pid]).fetchone():
                    watch.rollback()
            first.commit()

        waiting = threading.Thread(target=commit_once_the_second_waits)
        waiting.start()
        placed_again = second.execute(dispatcher.PLACE, [10]).fetchall()
        waiting.join()

    assert len(placed_again) == 1


@pytest.mark.django_db(transaction=True)
def test_a_dispatcher_that_dies_half_way_leaves_everything_to_the_next_one() -> None:
    happen(3)
    dying = psycopg.connect(**connector_params())
    dying.execute("select pg_advisory_xact_lock(%s)", [dispatcher.LOCK])
    dying.execute(dispatcher.PLACE, [10])
    assert dispatcher.dispatch(SUBSCRIPTIONS) == 0

    with connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(%s, 5000)", [dying.info.backend_pid])

    assert dispatcher.dispatch(SUBSCRIPTIONS) == 3
    assert positions() == [1, 2, 3]
    assert ProcrastinateJob.objects.count() == 3
    dying.close()


@pytest.fixture
def running() -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=dispatcher.run, args=(SUBSCRIPTIONS, stop))
    thread.start()
    yield stop
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def wait_until_placed(count: int) -> None:
    for _ in range(100):
        if Event.objects.exclude(position=None).count() == count:
            return
        threading.Event().wait(0.1)
    pytest.fail("the events were not placed in ten seconds")


@pytest.mark.django_db(transaction=True)
def test_the_dispatcher_goes_on_after_its_connection_was_lost(running: threading.Event) -> None:
    happen(1)
    wait_until_placed(1)
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert cursor.fetchall() == [(True,)]

    happen(1)

    wait_until_placed(2)
