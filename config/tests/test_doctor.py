"""What `manage.py doctor` says of settings and servers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from api.tests.servers import no_redis
from config import doctor, health
from config.tests.smtp import mail_server

SAFE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "synchronous_standby_names": "",
    "data_checksums": "on",
    "archive_mode": "on",
    "statement_timeout": "10000",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "60000",
}


@pytest.fixture(autouse=True)
def nothing_remembered(db: None) -> Iterator[None]:
    health._migrated = False
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")
        cursor.execute("delete from procrastinate_workers")
        cursor.execute("select procrastinate_register_worker_v1()")
    yield
    health._migrated = False


@pytest.fixture
def safe_server(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`safe_server(fsync="off")`: the tests' server, seen as a safe one with these differences."""

    def seen(replicas: tuple[int, int, bool] = (0, 0, True), **changes: str) -> None:
        rows = ", ".join(f"('{name}', '{value}')" for name, value in (SAFE | changes).items())
        monkeypatch.setattr(doctor, "SETTINGS", f"values {rows}")
        monkeypatch.setattr(doctor, "REPLICAS", "select {}, {}, {}".format(*replicas))

    seen()
    return seen


def diagnosis(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """The exit status, and the lines that are not ok."""
    with pytest.raises(SystemExit) as ended:
        call_command("doctor")
    lines = capsys.readouterr().out.splitlines()
    return int(str(ended.value.code)), [line for line in lines if not line.startswith("ok ")]


@pytest.mark.usefixtures("safe_server")
def test_a_shop_that_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnosis(capsys) == (0, [])


@pytest.mark.parametrize(
    ("changes", "replicas", "line"),
    [
        ({"fsync": "off"}, (0, 0), "can be lost  fsync off: everything"),
        ({"full_page_writes": "off"}, (0, 0), "can be lost  full_page_writes off: pages"),
        ({"synchronous_commit": "off"}, (0, 0), "can be lost  synchronous_commit off: orders of the last second"),
        ({"data_checksums": "off"}, (0, 0), "can be lost  data_checksums off: rows"),
        ({"archive_mode": "off"}, (0, 0), "can be lost  archive_mode off: everything since the last backup"),
        ({}, (2, 0), "can be lost  2 replica(s), all asynchronous: orders that were acknowledged"),
        (
            {"synchronous_standby_names": "b", "synchronous_commit": "local"},
            (1, 1),
            "can be lost  synchronous_commit local: the same",
        ),
        (
            {"synchronous_standby_names": "b", "synchronous_commit": "remote_write"},
            (1, 1),
            "can be lost  synchronous_commit remote_write: orders of the last moment",
        ),
        ({"synchronous_standby_names": "b"}, (0, 0), "broken       synchronous_standby_names b: no such replica"),
        ({"synchronous_standby_names": "b"}, (1, 0), "broken       synchronous_standby_names b: no such replica"),
        ({"lock_timeout": "0"}, (0, 0), "broken       no lock_timeout: a request can wait for ever"),
    ],
)
def test_what_a_setting_can_lose_is_said(
    safe_server: Any,
    changes: dict[str, str],
    replicas: tuple[int, int],
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    safe_server((*replicas, True), **changes)

    status, lines = diagnosis(capsys)

    assert status == (2 if line.startswith("broken") else 1)
    assert len(lines) == 1
    assert lines[0].startswith(line)


def test_a_synchronous_replica_loses_nothing(safe_server: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for states in ((1, 1, True), (1, 0, False)):
        safe_server(states, synchronous_standby_names="b")
        assert diagnosis(capsys) == (0, [])


def test_the_server_of_the_tests_is_seen_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """It is made for speed."""
    status, lines = diagnosis(capsys)

    assert status == 1
    assert [line.partition(":")[0] for line in lines] == [
        "can be lost  fsync off",
        "can be lost  full_page_writes off",
        "can be lost  synchronous_commit off",
        "can be lost  archive_mode off",
    ]


@pytest.mark.usefixtures("safe_server")
def test_what_is_broken_goes_before_what_can_be_lost(
    safe_server: Any, capsys: pytest.CaptureFixture[str], settings: Any
) -> None:
    safe_server(fsync="off")
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_workers")
        cursor.execute(
            "delete from django_migrations"
            " where id = (select id from django_migrations where app = 'events' order by name desc limit 1)"
        )
    with no_redis():
        status, lines = diagnosis(capsys)

    assert status == 2
    assert lines[1:] == [
        "broken       migrations: pending",
        "broken       worker: missing",
        "broken       cache: unreachable",
    ]


@pytest.mark.usefixtures("safe_server")
def test_a_mail_server_that_does_not_answer_is_broken(capsys: pytest.CaptureFixture[str], settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "events.mail_server.SMTPBackend", "127.0.0.1"
    with mail_server() as server:
        settings.EMAIL_URL, settings.EMAIL_PORT = server.url, server.server_address[1]
        assert diagnosis(capsys) == (0, [])
    assert diagnosis(capsys) == (2, ["broken       mail: the mail server cannot be used: ConnectionRefusedError"])


@pytest.mark.django_db(transaction=True)
def test_without_a_database_that_is_all_there_is_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    connection.close()
    address = {name: connection.settings_dict[name] for name in ("PORT", "HOST")}
    connection.settings_dict |= {"PORT": "1", "HOST": "127.0.0.1"}
    try:
        status, lines = diagnosis(capsys)
    finally:
        connection.settings_dict |= address
    assert status == 2
    assert len(lines) == 1
    assert lines[0].startswith("broken       database: ")
