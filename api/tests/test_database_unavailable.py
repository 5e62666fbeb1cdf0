"""The log says why the database is not available."""

import logging

import pytest
from django.db import OperationalError, connection

from api.problems import translate_database_error

pytestmark = pytest.mark.django_db(transaction=True)


def line_of(error: OperationalError, caplog: pytest.LogCaptureFixture) -> str:
    """The one line that the log has of an error."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, "api.problems"):
        refusal = translate_database_error(error)
    assert refusal is not None
    assert (refusal.status, refusal.code) == (503, "database_unavailable")
    (line,) = caplog.messages
    return line


def test_when_all_connections_are_taken_the_log_has_the_words_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    name = connection.settings_dict["NAME"]
    connection.close()
    taken = connection.copy()
    try:
        with taken.cursor() as cursor:
            cursor.execute(f'alter database "{name}" connection limit 1')
        with pytest.raises(OperationalError) as caught:
            connection.ensure_connection()
    finally:
        with taken.cursor() as cursor:
            cursor.execute(f'alter database "{name}" connection limit -1')
        taken.close()
    line = line_of(caught.value, caplog)
    assert line.startswith("database unavailable: OperationalError, without SQLSTATE: ")
    assert line.endswith(f'FATAL: too many connections for database "{name}"')


def test_what_the_server_says_on_a_connection_has_its_sqlstate(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(OperationalError) as caught, connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")
    connection.close()
    assert line_of(caught.value, caplog) == (
        "database unavailable: AdminShutdown, 57P01: terminating connection due to administrator command"
    )


def test_the_line_quotes_no_row(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(OperationalError) as caught, connection.cursor() as cursor:
        cursor.execute("""
            do $$ begin raise 'the server is not well' using errcode = '57P03', detail = 'ann@example.com'; end $$
        """)
    assert line_of(caught.value, caplog) == "database unavailable: CannotConnectNow, 57P03: the server is not well"
