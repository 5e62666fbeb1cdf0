"""What commands leave behind on a connection: nothing, since a pooler gives it to the web next."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

from accounts.tests.factories import make_user
from database.prepare import prepare
from manage import lift_timeout

pytestmark = pytest.mark.django_db(transaction=True)
COMMANDS = (
    ("verify_invoices",),
    ("verify_stock",),
    ("verify_stock", "--repair"),
    ("low_stock_report",),
    ("expire_reservations",),
    ("export_user", "--email", "ann@example.com"),
    ("migrate", "-v0"),
)


def settings_of_session() -> list[tuple[str, str]]:
    """What was set on the connection since it was made."""
    with connection.cursor() as cursor:
        cursor.execute("""
            select name, setting from pg_settings
            where source = 'session' and name not like 'transaction%' order by name
        """)
        rows: list[tuple[str, str]] = cursor.fetchall()
    return rows


def timeout() -> str:
    """The time-out of the statements that follow."""
    with connection.cursor() as cursor:
        cursor.execute("show statement_timeout")
        value: str = cursor.fetchone()[0]
    return value


@pytest.fixture
def command() -> Iterator[None]:
    """The connection is as manage.py makes it for a command."""
    connection.close()
    connection.ensure_connection()
    lift_timeout(connection)
    yield
    vars(connections[DEFAULT_DB_ALIAS]).pop("lifts_timeout")
    connection.close()


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_leaves_the_session_as_it_was(arguments: tuple[str, ...]) -> None:
    make_user(email="ann@example.com")
    before, limit = settings_of_session(), timeout()
    call_command(*arguments)
    assert settings_of_session() == before
    assert timeout() == limit == "10s"


@pytest.mark.usefixtures("command")
def test_a_command_has_no_time_out_in_its_transactions() -> None:
    with transaction.atomic():
        assert timeout() == "0"
    assert timeout() == "10s"


def test_preparing_leaves_no_session_behind() -> None:
    prepare()
    assert connection.connection is None


def test_a_connection_of_the_web_keeps_its_time_out() -> None:
    with transaction.atomic():
        assert timeout() == "10s"
