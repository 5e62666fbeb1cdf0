"""What our database backend does otherwise than Django's."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User

STATEMENT = "select %s::int as asked_for_by_this_test"


def ask(times: int) -> None:
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute(STATEMENT, [1])


def prepared() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_prepared_statements where statement = %s", [STATEMENT % "$1"])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


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
    assert prepared() == 1
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_after_an_error_of_the_database_all_is_prepared_anew() -> None:
    with pytest.raises(DatabaseError):
        write_and("select 1 / 0")
    assert prepared() == 0
    assert not User.objects.exists()
    ask(4)
    assert prepared() == 1


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
