"""Several statements in one round trip: what our database backend does otherwise than Django's."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import DataError, OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from database.rows import fetch_rows, fetch_together
from database.tests.test_backend import SEVERAL, ask, end_with_an_error, fall_silent
from tests.threads import apart, wait_until_blocked

PAIR: tuple[tuple[str, Any], ...] = (
    ("insert into auth_group (name) values (%(name)s::text) returning name", {"name": "one"}),
    ("select count(*) from auth_group where name = %(name)s::text", {"name": "one"}),
)


@transaction.atomic
def ask_together(*statements: tuple[str, Any]) -> list[list[Any]]:
    try:
        return fetch_together(*statements)
    finally:
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_what_travels_together_is_answered_as_one_after_the_other() -> None:
    with CaptureQueriesContext(connection) as captured:
        first = ask_together(*PAIR)
    assert len(captured) == 1 + len(PAIR)
    assert first == [[("one",)], [(1,)]]
    assert [ask_together(*PAIR) for _ in range(SEVERAL)] == [first] * SEVERAL


@pytest.mark.django_db(transaction=True)
def test_what_is_prepared_travels_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(SEVERAL):
        ask_together(*PAIR)
    monkeypatch.setattr(connections["default"], "fetch_rows", None)
    assert ask_together(*PAIR) == [[("one",)], [(1,)]]


DIVIDE = "select 1 / %(divisor)s::int"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_statement_that_fails_among_others_is_told_and_nothing_is_left_of_them(place: int) -> None:
    for number in range(SEVERAL):
        ask_together(*PAIR, (DIVIDE, {"divisor": 1}))
        statements = list(PAIR)
        statements.insert(place, (DIVIDE, {"divisor": 0}))
        with pytest.raises(DataError, match="division by zero") as caught, transaction.atomic():
            fetch_together(*statements)
        assert isinstance(caught.value.__cause__, psycopg.errors.DivisionByZero)
        assert fetch_rows(PAIR[1][0], {"name": "one"}) == [(0,)], number


@transaction.atomic
def end_and_ask_together(end: Callable[[], None]) -> None:
    ask(1)
    end()
    fetch_together(*PAIR)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [fall_silent, end_with_an_error])
def test_a_connection_that_ends_under_several_statements_is_an_operational_error(end: Callable[[], None]) -> None:
    for _ in range(SEVERAL):
        ask_together(*PAIR)
    with pytest.raises(OperationalError):
        end_and_ask_together(end)
    connection.close_if_unusable_or_obsolete()
    assert ask_together(*PAIR) == [[("one",)], [(1,)]]


@pytest.mark.django_db(transaction=True)
def test_a_server_that_ends_amid_several_statements_is_an_operational_error() -> None:
    end = "select pg_terminate_backend(%(pid)s::int)"
    for _ in range(SEVERAL):
        ask_together((end, {"pid": 0}), *PAIR)
    assert connection.connection is not None
    with pytest.raises(OperationalError):
        ask_together((end, {"pid": connection.connection.info.backend_pid}), *PAIR)
    connection.close_if_unusable_or_obsolete()
    assert ask_together(*PAIR) == [[("one",)], [(1,)]]


@pytest.mark.django_db(transaction=True)
def test_more_than_a_socket_holds_travels_together_too() -> None:
    long = "x" * 5_000_000
    echo = ("select %(text)s::text", {"text": long})
    for _ in range(SEVERAL):
        assert ask_together(echo, echo) == [[(long,)], [(long,)]]


@pytest.mark.django_db(transaction=True)
def test_what_follows_a_wait_sees_what_was_written_meanwhile_and_other_threads_go_on() -> None:
    lock = ("select pg_advisory_xact_lock(%(key)s::bigint)", {"key": 7})
    prepared, begun = threading.Event(), threading.Event()

    def wait_for_the_lock() -> list[list[Any]]:
        for _ in range(SEVERAL):
            ask_together(lock, PAIR[1])
        prepared.set()
        begun.wait(10)
        return ask_together(lock, PAIR[1])

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(apart, wait_for_the_lock)
        prepared.wait(10)
        with transaction.atomic():
            fetch_rows(*lock)
            begun.set()
            wait_until_blocked()
            fetch_rows(*PAIR[0])
        assert waiting.result(10) == [[("",)], [(1,)]]
