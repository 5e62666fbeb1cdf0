"""What our database backend does otherwise than Django's."""

import os
import select
import socket
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from catalog.models import Product
from database.rows import fetch_rows

STATEMENT = "select %(number)s::int as asked_for_by_this_test"


def ask(times: int) -> None:
    for _ in range(times):
        assert fetch_rows(STATEMENT, {"number": 1}) == [(1,)]


def prepared() -> list[Any]:
    """When this connection prepared it."""
    with connection.cursor() as cursor:
        statement = STATEMENT.replace("%(number)s", "$1")
        cursor.execute("select prepare_time from pg_prepared_statements where statement = %s", [statement])
        return [moment for (moment,) in cursor.fetchall()]


@transaction.atomic
def write_and(statement: str) -> None:
    User.objects.create(email="undone@example.com")
    ask(4)
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_a_refusal_keeps_what_is_prepared_and_undoes_the_rest() -> None:
    with transaction.atomic():
        write_and("select 1")
        transaction.set_rollback(True)
    assert len(prepared()) == 1
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_after_an_error_of_the_database_all_is_prepared_anew() -> None:
    with pytest.raises(DatabaseError):
        write_and("select 1 / 0")
    assert prepared() == []
    assert not User.objects.exists()
    ask(4)
    assert len(prepared()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_gone_can_be_rolled_back() -> None:
    with pytest.raises(DatabaseError):
        write_and("select pg_terminate_backend(pg_backend_pid())")
    ask(1)
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_timestamps_are_in_utc_by_each_way_of_reading() -> None:
    created = User.objects.create(email="someone@example.com").created_at
    assert created.utcoffset() == timedelta(0)
    assert User.objects.get().created_at == created
    assert User.objects.get().created_at.utcoffset() == timedelta(0)
    with transaction.atomic():  # a cursor of the server
        assert [user.created_at for user in User.objects.iterator()] == [created]


SEVERAL = 5  # the first two are not prepared


COMMANDS = [
    "insert into auth_group (name) values (%(a)s), (%(b)s) returning name, 1.50::numeric, null",
    "update auth_group set name = upper(name) where name in (%(a)s, %(b)s) returning id is null",
    "select upper(%(a)s) < %(b)s, name from auth_group where name in ('A1', 'B1') order by name",
    "select name from auth_group where name = %(a)s",
    "delete from auth_group where name in (upper(%(a)s), upper(%(b)s)) returning true",
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("durable", [True, False])
def test_the_short_way_answers_as_psycopg_does(durable: bool) -> None:
    def say() -> list[object]:
        with transaction.atomic() if durable else nullcontext():
            return [fetch_rows(command, {"a": "a1", "b": "b1"}) for command in COMMANDS]

    with CaptureQueriesContext(connection) as captured:  # whoever listens in hears psycopg's way
        first = say()
    assert len(captured) == len(COMMANDS) + 2 * durable
    assert first == [
        [("a1", Decimal("1.50"), None), ("b1", Decimal("1.50"), None)],
        [(False,), (False,)],
        [(True, "A1"), (True, "B1")],
        [],
        [(True,), (True,)],
    ]
    assert [say() for _ in range(SEVERAL)] == [first] * SEVERAL


@pytest.mark.django_db
def test_the_first_statement_makes_the_connection() -> None:
    fresh: Any = connection.copy()
    try:
        assert fresh.fetch_rows("select %(n)s::int", {"n": "1"}) == [(1,)]
    finally:
        fresh.close()


@pytest.mark.django_db(transaction=True)
def test_what_is_prepared_is_sent_without_a_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    ask(SEVERAL)
    monkeypatch.setattr(connections["default"], "cursor", None)
    ask(1)


VALUES: list[tuple[str, object]] = [
    ("text", 'it\'s \\ \u2603 "quoted"'),
    ("text", None),
    ("bigint", 2**63 - 1),
    ("int", -1),
    ("bool", True),
    ("bool", False),
    ("numeric", Decimal("-1234567.89")),
    ("float", 0.1),
    ("timestamptz", datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)),
    ("date", date(2026, 2, 3)),
    ("interval", timedelta(days=3, hours=4, microseconds=5)),
    ("uuid", UUID(int=7)),
    ("bytea", b"\x00\xff'"),
    ("text", Product.Status.ACTIVE),
    ("text[]", ["a,b", 'c"d', "{", "", "NULL"]),
    ("bigint[]", [1, None]),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_a_value_comes_back_as_it_was_sent(kind: str, value: object) -> None:
    answers = [fetch_rows(f"select %(value)s::{kind}", {"value": value}) for _ in range(SEVERAL)]
    assert answers == [[(value,)]] * SEVERAL


@pytest.mark.django_db(transaction=True)
def test_a_value_without_a_text_and_a_text_with_nul_are_refused() -> None:
    with pytest.raises(TypeError, match="dict has no text"):
        fetch_rows("select %(value)s::jsonb", {"value": {}})
    for _ in range(SEVERAL):
        with pytest.raises(DataError, match="NUL"):
            fetch_rows("select %(value)s::text", {"value": "before\x00after"})
        assert fetch_rows("select %(value)s::text", {"value": "before"}) == [("before",)]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_read_in_a_transaction_that_has_failed() -> None:
    ask(SEVERAL)
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            ask(1)


@pytest.mark.django_db(transaction=True)
def test_an_error_is_the_same_on_the_short_way() -> None:
    for divisor in (1, 0, 1, 1, 0, 1, 0):
        if divisor:
            assert fetch_rows("select 1 / %(divisor)s::int", {"divisor": divisor}) == [(1,)]
        else:
            with pytest.raises(DataError, match="division by zero") as caught:
                fetch_rows("select 1 / %(divisor)s::int", {"divisor": divisor})
            assert isinstance(caught.value.__cause__, psycopg.errors.DivisionByZero)


def cut(side: int) -> None:
    assert connection.connection is not None
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as wire:
        wire.shutdown(side)


def ask_elsewhere(statement: str) -> None:
    """And wait until the server has something to say on this connection."""
    raw = connection.connection
    assert raw is not None
    with psycopg.connect(raw.info.dsn, password=raw.info.password, autocommit=True) as other:
        other.execute(statement)
    assert select.select([raw], [], [], 5)[0]


def fall_silent() -> None:
    cut(socket.SHUT_RDWR)


def end_with_an_error() -> None:
    assert connection.connection is not None
    ask_elsewhere(f"select pg_terminate_backend({connection.connection.info.backend_pid})")


def end_with_words_unread() -> None:
    """As by an immediate shutdown's warning: libpq cannot send, reads what was said, and has not yet seen the end."""
    assert connection.connection is not None
    connection.connection.execute("listen bell")
    ask_elsewhere("notify bell")
    cut(socket.SHUT_WR)


def in_no_transaction(end: Callable[[], None], times: int) -> None:
    end()
    ask(times)


def before_a_transaction(end: Callable[[], None], times: int) -> None:
    end()
    with transaction.atomic():
        ask(times)


@transaction.atomic
def amid_a_transaction(end: Callable[[], None], times: int) -> None:
    ask(times)
    end()
    ask(1)


@transaction.atomic
def before_a_commit(end: Callable[[], None], times: int) -> None:
    ask(times)
    end()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [1, SEVERAL])
@pytest.mark.parametrize(
    ("end", "moment"),
    [
        (fall_silent, in_no_transaction),
        (fall_silent, before_a_transaction),
        (fall_silent, amid_a_transaction),
        (fall_silent, before_a_commit),
        (end_with_an_error, in_no_transaction),
        (end_with_an_error, before_a_transaction),
        (end_with_an_error, amid_a_transaction),
        (end_with_an_error, before_a_commit),
        (end_with_words_unread, in_no_transaction),
        (end_with_words_unread, before_a_transaction),
    ],
)
def test_a_connection_that_ends_is_an_operational_error(
    end: Callable[[], None], moment: Callable[[Callable[[], None], int], None], times: int
) -> None:
    ask(times)
    with pytest.raises(OperationalError):
        moment(end, times)
    connection.close_if_unusable_or_obsolete()
    ask(1)


@transaction.atomic
def write_what_a_commit_refuses() -> None:
    with connection.cursor() as cursor:
        cursor.execute("insert into auth_group (name) values (%s)", ["undone"])
        cursor.execute("insert into auth_group_permissions (group_id, permission_id) values (%s, %s)", [0, 0])


@pytest.mark.django_db(transaction=True)
def test_what_a_commit_refuses_is_said_and_undone() -> None:
    for _ in range(SEVERAL):
        with pytest.raises(IntegrityError):
            write_what_a_commit_refuses()
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from auth_group where name = %s", ["undone"])
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_what_is_used_stays_prepared_however_much_comes_by() -> None:
    ask(3)
    before = prepared()
    for n in range(120):
        for _ in range(3):
            fetch_rows(f"select %(number)s::int + {n}", {"number": 1})
        ask(1)
    assert prepared() == before
    assert before
