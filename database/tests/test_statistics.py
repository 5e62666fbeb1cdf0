"""What the planner believes of a table that a transaction has filled while somebody else counted its rows."""

import json
from collections.abc import Iterator

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import connection

from database.statistics import analyze

pytestmark = pytest.mark.django_db


@pytest.fixture
def autovacuum(db: None) -> Iterator[psycopg.Connection]:
    """Somebody who counts rows outside our transaction, as PostgreSQL does each minute, and never waits for a lock."""
    raw = connection.connection
    with psycopg.connect(raw.info.dsn, password=raw.info.password, autocommit=True) as other:
        other.execute("set lock_timeout = '10ms'")
        yield other


def expected_rows() -> int:
    """The rows that the planner expects of all groups."""
    with connection.cursor() as cursor:
        cursor.execute("explain (format json) select from auth_group")
        [plan] = cursor.fetchone()
    found = json.loads(plan) if isinstance(plan, str) else plan
    return int(found[0]["Plan"]["Plan Rows"])


def fill() -> int:
    """Write so many groups that they need pages of their own. Returns how many there are."""
    Group.objects.bulk_create(Group(name=f"group {number}") for number in range(5_000))
    return Group.objects.count()


def test_without_it_a_full_table_can_be_taken_for_an_empty_one(autovacuum: psycopg.Connection) -> None:
    committed = Group.objects.count()
    written = fill()
    autovacuum.execute("analyze auth_group")
    assert written == committed + 5_000
    assert expected_rows() == max(committed, 1)


def test_the_rows_of_the_transaction_are_counted(autovacuum: psycopg.Connection) -> None:
    written = fill()
    autovacuum.execute("analyze auth_group")
    analyze(Group)
    assert expected_rows() == written


def test_until_the_transaction_ends_nobody_counts_otherwise(autovacuum: psycopg.Connection) -> None:
    written = fill()
    analyze(Group)
    with pytest.raises(psycopg.errors.LockNotAvailable):
        autovacuum.execute("analyze auth_group")
    assert expected_rows() == written
