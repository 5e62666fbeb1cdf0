"""The log says why the database is not available."""

import logging

import pytest
from django.db import DatabaseError, OperationalError, connection

from api.problems import translate_database_error

pytestmark = pytest.mark.django_db(transaction=True)


def line_of(error: DatabaseError, caplog: pytest.LogCaptureFixture) -> str:
    """The one line that the log has of an error."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, "api.availability"):
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


def failure(*statements: str) -> DatabaseError:
    """The error of the last of these statements."""
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    except DatabaseError as error:
        connection.close()
        return error
    raise AssertionError("No statement failed.")


@pytest.mark.parametrize(
    ("statements", "kind"),
    [
        (["execute of_another_connection"], "InvalidSqlStatementName, 26000"),
        (["prepare one as select 1", "prepare one as select 2"], "DuplicatePreparedStatement, 42P05"),
        (["fetch all from of_another_connection"], "InvalidCursorName, 34000"),
        (["do $$ begin raise 'bind message supplies 1' using errcode = '08P01'; end $$"], "ProtocolViolation, 08P01"),
    ],
)
def test_a_statement_that_a_pooler_has_lost_can_be_asked_for_again(
    statements: list[str], kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert line_of(failure(*statements), caplog).startswith(f"database unavailable: {kind}: ")


@pytest.mark.parametrize("statement", ["select 'Ann'::bigint", "select 1 / 0", "select 'x'::jsonb", "select sqrt(-1)"])
def test_a_statement_that_goes_wrong_is_not_the_clients_fault(statement: str) -> None:
    """Fields let no such value through: it is a bug, or another statement was carried out than was meant."""
    assert translate_database_error(failure(statement)) is None


@pytest.mark.parametrize("statement", ["select 99999999999999999999::bigint", "select '2026-02-30'::date"])
def test_a_value_that_the_database_alone_finds_too_large_is_the_clients(statement: str) -> None:
    refusal = translate_database_error(failure(statement))
    assert refusal is not None
    assert refusal.status == 400
