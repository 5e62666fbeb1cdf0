"""The feed: one sequence without gaps, whatever is committed when."""

from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from procrastinate.contrib.django import connector_params
from rest_framework.test import APIClient

from accounts.tests.factories import client_of, make_user
from events.actors import BACKFILL, COMMAND
from events.dispatcher import dispatch
from events.models import Event
from events.services import publish

FEED = "/api/v1/events"
INSERT = """
insert into events_event (kind, subject, payload, actor, channel)
values ('order.placed', 'order:0', '{}', 'system', 'command') returning id
"""


@pytest.fixture
def reader(db: None) -> APIClient:
    """Staff who may read the journal."""
    user = make_user(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_event"))
    return client_of(user)


def happen(*kinds: str, actor: Any = COMMAND) -> None:
    with transaction.atomic():
        for kind in kinds:
            publish(kind, {"order_id": 1}, subject="order:1", actor=actor)
    dispatch({})


def read(reader: APIClient, **query: Any) -> dict[str, Any]:
    answer = reader.get(FEED, query)
    assert answer.status_code == 200, answer.content
    document: dict[str, Any] = answer.json()
    return document


def test_a_page_says_what_to_ask_for_next(reader: APIClient) -> None:
    happen("order.placed", "order.confirmed", "order.shipped")
    page = read(reader, page_size=2)
    assert [row["kind"] for row in page["results"]] == ["order.placed", "order.confirmed"]
    first = page["results"][0]
    assert (first["position"], first["subject"], first["payload"]) == (1, "order:1", {"order_id": 1})
    assert (first["actor"], first["channel"]) == ("system", "command")
    assert (page["next_after"], page["newest"]) == (2, 3)
    page = read(reader, page_size=2, after=2)
    assert [row["position"] for row in page["results"]] == [3]
    assert read(reader, after=page["next_after"]) == {"results": [], "next_after": 3, "newest": 3}


def test_some_kinds_are_read_and_others_passed_by(reader: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.feed.MOST_PASSED", 4)
    happen(*["order.placed"] * 5, "order.shipped", "payment.paid")
    page = read(reader, types="order.shipped,payment.paid")
    assert page == {"results": [], "next_after": 4, "newest": 7}, "it leads on without a row"
    page = read(reader, types="order.shipped,payment.paid", after=4)
    assert [row["kind"] for row in page["results"]] == ["order.shipped", "payment.paid"]
    assert page["next_after"] == 7


def test_what_is_no_position_no_kind_and_no_time_is_refused(reader: APIClient) -> None:
    for query in ({"after": -1}, {"after": 2**63}, {"types": "order.eaten"}, {"wait": 31}, {"wait": "x"}, {"since": 1}):
        assert reader.get(FEED, query).status_code == 400, query
    assert read(reader, after=2**62) == {"results": [], "next_after": 2**62, "newest": 0}


def test_what_a_loader_wrote_about_the_past_is_in_the_feed(reader: APIClient) -> None:
    happen("order.placed", actor=BACKFILL)
    assert [row["channel"] for row in read(reader)["results"]] == ["backfill"]


def test_nobody_else_reads_the_feed(reader: APIClient) -> None:
    assert APIClient().get(FEED).status_code == 401
    assert client_of(make_user()).get(FEED).status_code == 403
    assert client_of(make_user(is_staff=True)).get(FEED).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_whoever_remembers_one_number_misses_no_event_of_a_slow_transaction(reader: APIClient) -> None:
    seen: list[int] = []
    after = 0
    with psycopg.connect(**connector_params()) as slow:
        [late] = slow.execute(INSERT).fetchall()  # it has its id, and is not committed yet
        happen("order.placed")
        page = read(reader, after=after)
        seen, after = [row["position"] for row in page["results"]], page["next_after"]
        newest_id = Event.objects.latest("id").pk
    dispatch({})
    page = read(reader, after=after)
    seen += [row["position"] for row in page["results"]]
    assert seen == [1, 2]
    # The control: a reader that remembers the id has passed the late event by.
    assert newest_id > late[0]
    assert not Event.objects.filter(pk__gt=newest_id).exists()
