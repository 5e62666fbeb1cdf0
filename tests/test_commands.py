"""Every command answers bad arguments and missing servers in one line, with a status that is not 0."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command, get_commands
from django.db import OperationalError, connection
from django.db.backends.signals import connection_created

import manage

ROOT = Path(__file__).resolve().parent.parent
Run = Callable[..., tuple[int, str]]
OURS = sorted(
    name
    for name, app in get_commands().items()
    if (ROOT / app.partition(".")[0]).is_dir() and "procrastinate" not in app
)
BAD_ARGUMENTS = {
    "create_admin": [
        ["--email", "notanaddress"],
        ["--email", ""],
        ["--email", "boss@example.com", "--first-name", "a\nb"],
        ["--email", "boss@example.com", "--first-name", "x" * 300],
        ["--email", "boss@example.com", "--last-name", ""],
        ["--email", os.fsdecode(b"\xff@example.com")],
        [],
    ],
    "create_api_key": [
        [],
        ["Till"],
        ["Till", "--scopes", "root"],
        ["", "--scopes", "stock:read"],
        ["Storefront", "--publishable", "--scopes", "stock:read"],
        ["Till", "--scopes", "stock:read", "--expires-at", "tomorrow"],
        ["Till", "--scopes", "stock:read", "--expires-at", "2020-01-01T00:00:00Z"],
        [os.fsdecode(b"\xff"), "--scopes", "stock:read"],
    ],
    "doctor": [["extra"]],
    "expire_reservations": [
        ["--batch", "0"],
        ["--batch", "-1"],
        ["--batch", "x"],
        ["--batch", "²"],
        ["--batch", "1" * 30],
    ],
    "export_user": [["--email", ""], ["--email", "notanaddress"], ["--id", "0"], ["--id", "9" * 30], ["--id", "x"], []],
    "list_api_keys": [["extra"]],
    "load_demo": [["extra"]],
    "low_stock_report": [
        ["--email", "notanaddress"],
        ["--email", ""],
        ["--email", "boss@example.com", "--email", "a b@example.com"],
        ["--category", "nowhere"],
        ["--category", ""],
        ["--warehouse", ""],
        ["--format", "pdf"],
        ["--fail-on", "all"],
        ["--band", ""],
    ],
    "payout_report": [
        ["--from", "x"],
        ["--to", "2026-13-01"],
        ["--from", "2026-02-01", "--to", "2026-01-31"],
        ["extra"],
    ],
    "prepare_database": [["extra"]],
    "receive_webhooks": [["--secret", "whsec_x", "--port", "0"], ["--port", "8300"], ["--secret", "x"]],
    "refresh_search": [["extra"]],
    "replay": [[], ["everything"], ["orders", "extra"], ["orders", "--verify=yes"]],
    "revoke_api_key": [[], ["sk_nobody"], ["\x00"], [os.fsdecode(b"\xff")]],
    "search_relevance": [["extra"]],
    "verify_invoices": [["extra"]],
    "verify_journal": [["extra"], ["--seal", "x"], ["--seal", "1:x"], ["--seal", ":"]],
    "verify_payments": [["extra"], ["--patience", "601"], ["--patience", "x"]],
    "verify_stock": [["extra"]],
    "worker": [
        ["--concurrency", "0"],
        ["--mail-concurrency", "-1"],
        ["--concurrency", "101"],
        ["--webhook-concurrency", "1"],
    ],
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command as manage.py does; its exit status, and what it said of errors."""
    monkeypatch.setenv("ADMIN_PASSWORD", "a long password of the boss")

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["manage.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            manage.main()
        said = capsys.readouterr().err
        if isinstance(ended.value.code, int):
            return ended.value.code, said
        return 1, f"{said}{ended.value.code}\n"

    yield run
    connection_created.disconnect(manage.lift_timeout)


def test_every_command_of_ours_is_tried() -> None:
    assert sorted(BAD_ARGUMENTS) == OURS


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("name", "arguments"), [(name, bad) for name in OURS for bad in BAD_ARGUMENTS[name]])
def test_bad_arguments_are_refused_in_one_line(run: Run, name: str, arguments: list[str]) -> None:
    status, errors = run(name, *arguments)

    assert status in ((1, 2) if name == "export_user" else (2,))
    said = [line for line in errors.splitlines() if line and not line.startswith(("usage:", " "))]
    assert len(said) == 1, errors


@pytest.mark.parametrize("name", sorted({*OURS} - {"doctor", "receive_webhooks", "worker"}))
def test_a_database_that_does_not_answer_is_named_in_one_line(
    run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = {
        "create_admin": ["--email", "boss@example.com"],
        "create_api_key": ["Till", "--scopes", "stock:read"],
        "export_user": ["--id", "1"],
        "replay": ["orders", "--verify"],
        "revoke_api_key": ["sk_nobody"],
    }

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("connection to server at the tests failed: Connection refused\n\tIs it running?")

    monkeypatch.setattr(connection, "ensure_connection", refuse)

    status, errors = run(name, *needed.get(name, []))

    assert status == 1
    assert len(errors.splitlines()) == 1, errors
    assert "Connection refused" in errors


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_does_not_answer_is_named_in_one_line(run: Run, settings: Any) -> None:
    settings.EMAIL_BACKEND = "events.mail_server.SMTPBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    status, errors = run("low_stock_report", "--email", "boss@example.com")

    assert status == 3
    assert errors.startswith("CommandError: The report was not mailed: ")
    assert len(errors.splitlines()) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["verify_stock"], "The output cannot be read or written: No space left on device"),
        (["low_stock_report", "--format", "csv"], "The output cannot be read or written: No space left on device"),
        (["spectacular", "--file", "/nowhere/openapi.yaml"], "/nowhere/openapi.yaml cannot be read or written: "),
    ],
)
def test_what_cannot_be_written_is_named_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    with open("/dev/full", "w", buffering=1) as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        status, errors = run(*arguments)

    assert status == 1
    assert [line for line in errors.splitlines() if line.startswith(reason)] == errors.splitlines()[-1:]
    assert "Traceback" not in errors


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("orders.management.commands.verify_stock", "INVARIANTS"),
        ("payments.management.commands.verify_payments", "INVARIANTS"),
        ("invoicing.management.commands.verify_invoices", "invariants"),
    ],
)
def test_a_proof_reads_for_as_long_as_it_takes(module: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {"a large table": "select 'a row' from pg_sleep(0.3) as slept where slept::text <> ''"}
    monkeypatch.setattr(f"{module}.{name}", slow if name.isupper() else lambda: slow)
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 100")
        with pytest.raises(OperationalError):
            cursor.execute(slow["a large table"])
    try:
        call_command(module.rpartition(".")[2], verbosity=0)
    finally:
        connection.close()  # the next one has the time-out of its role
