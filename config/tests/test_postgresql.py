"""What our database backend does otherwise than Django's."""

import os
import select
import socket
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, connection, transaction

from accounts.models import User

STATEMENT = "select %s::int as asked_for_by_this_test"


def ask(times: int) -> None:
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute(STATEMENT, [1])


def prepared() -> list[Any]:
    """When this connection prepared it."""
    with connection.cursor() as cursor:
        cursor.execute("select prepare_time from pg_prepared_statements where statement = %s", [STATEMENT % "$1"])
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
    "insert into auth_group (name) values (%s), (%s) returning name, 1.50::numeric, null as nothing",
    "update auth_group set name = upper(name) where name in (%s, %s)",
    "select upper(%s) < %s as less, name from auth_group where name in ('A1', 'B1') order by name",
    "delete from auth_group where name in (upper(%s), upper(%s))",
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("durable", [True, False])
def test_the_short_way_answers_as_psycopg_does(durable: bool) -> None:
    def say() -> list[object]:
        said: list[object] = []
        with transaction.atomic() if durable else nullcontext(), connection.cursor() as cursor:
            for command in COMMANDS:
                cursor.execute(command, ["a1", "b1"])
                names = [column.name for column in cursor.description or ()]
                said += [cursor.rowcount, cursor.statusmessage, names, names and cursor.fetchall()]
        return said

    first, *others = [say() for _ in range(SEVERAL)]
    assert first[:4] == [
        2,
        "INSERT 0 2",
        ["name", "numeric", "nothing"],
        [("a1", Decimal("1.50"), None), ("b1", Decimal("1.50"), None)],
    ]
    assert others == [first] * (SEVERAL - 1)


@pytest.mark.django_db(transaction=True)
def test_an_error_is_the_same_on_the_short_way() -> None:
    with connection.cursor() as cursor:
        for divisor in (1, 1, 1, 0, 1, 0):
            if divisor:
                cursor.execute("select 1 / %s::int", [divisor])
                assert cursor.fetchone() == (1,)
            else:
                with pytest.raises(DataError, match="division by zero") as caught:
                    cursor.execute("select 1 / %s::int", [divisor])
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
    with connection.cursor() as cursor:
        for n in range(120):
            for _ in range(3):
                cursor.execute(f"select %s::int + {n}", [1])
            ask(1)
    assert prepared() == before
    assert before
