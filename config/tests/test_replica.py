"""A replica that is gone, refuses, or is silent: reports read the primary after a bounded wait, and health says so."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import ProgrammingError, connections
from django.db.utils import load_backend
from django.test import Client

from database import replica
from orders.reports import fetch, patience
from orders.tests.clients import order_desk
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "a token of the monitoring"  # of these tests


class Line:
    """A way to the database of the tests that can be cut, and that can fall silent."""

    def __init__(self, host: str, port: int) -> None:
        self.to = (host, port)
        self.silent = threading.Event()
        self.sockets: list[socket.socket] = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.door.accept()
                server = self.dial()
                self.sockets += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self.carry, args=(source, target), daemon=True).start()

    def dial(self) -> socket.socket:
        if self.to[0].startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{self.to[0]}/.s.PGSQL.{self.to[1]}")
            return server
        return socket.create_connection(self.to)

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if not self.silent.is_set():
                    target.sendall(data)

    def cut(self) -> None:
        """Refuse new connections and end those that there are."""
        with suppress(OSError):
            self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        for one in self.sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The way to a replica that is well, which reports read from."""
    primary = connections["default"].settings_dict
    line = Line(primary["HOST"] or "127.0.0.1", int(primary["PORT"] or 5432))
    options = primary["OPTIONS"] | {"connect_timeout": 2}
    database = primary | {"HOST": "127.0.0.1", "PORT": line.port, "OPTIONS": options}
    connections["replica"] = load_backend(primary["ENGINE"]).DatabaseWrapper(database, "replica")
    settings.REPORTS_DATABASE = "replica"
    settings.STATUS_TOKEN = TOKEN
    monkeypatch.setattr(replica.Pause, "until", 0.0)
    monkeypatch.setattr(replica, "PROBE_SECONDS", 0.5)
    yield line
    line.cut()
    connections["replica"].close()
    del connections["replica"]


def ready(client: Client) -> tuple[int, str, str]:
    answer = client.get("/health/ready")
    return answer.status_code, answer.json()["status"], answer.json()["checks"]["replica"]


def test_reports_read_a_replica_that_is_well(line: Line, client: Client) -> None:
    assert fetch(lambda one: one, "select inet_server_port() is not null or true", {}) == [True]
    assert line.sockets != []
    assert ready(client) == (200, "ok", "ok")


def cut(line: Line) -> None:
    line.cut()


def silence(line: Line) -> None:
    line.silent.set()


@pytest.mark.parametrize("fault", [cut, silence])
@pytest.mark.parametrize("was_connected", [True, False])
def test_without_the_replica_the_primary_is_read(
    line: Line,
    fault: Callable[[Line], None],
    was_connected: bool,
    client: Client,
    staff_pages: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    order = make_order()
    staff, desk = staff_pages("administrator"), order_desk()
    if was_connected:
        assert replica.answers()
    fault(line)
    began = time.monotonic()

    assert staff.get("/admin/").status_code == 200

    assert time.monotonic() - began < 60
    statistics = desk.get("/api/v1/orders/statistics")
    assert (statistics.status_code, statistics.json()["total_orders"]) == (200, 1)
    assert desk.get("/api/v1/orders/", {"search": order.number}).status_code == 200
    assert ready(client) == (200, "degraded", "unreachable")
    status = client.get("/health/status", headers={"Authorization": f"Bearer {TOKEN}"}).json()
    assert (status["status"], status["checks"]["replica"]) == ("degraded", "unreachable")
    said = [record.getMessage() for record in caplog.records if "replica unavailable" in record.getMessage()]
    assert len(said) == 1
    assert "\n" not in said[0]


def test_a_replica_that_is_back_is_read_again(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.silent.set()
    assert not replica.answers()
    line.silent.clear()
    assert replica.serving() == "default"

    monkeypatch.setattr(replica.Pause, "until", 0.0)

    assert replica.serving() == "replica"


def test_a_replica_that_fails_within_a_report_is_replaced_by_the_primary(line: Line) -> None:
    asked = []

    def work(using: str) -> str:
        asked.append(using)
        if using == "replica":
            line.cut()
        with connections[using].cursor() as cursor:
            cursor.execute("select 1")
        return using

    assert replica.read(work) == "default"
    assert asked == ["replica", "default"]


def test_a_wrong_statement_is_not_asked_twice(line: Line) -> None:
    with pytest.raises(ProgrammingError):
        fetch(tuple, "select nonsense(", {})

    assert replica.serving() == "replica"


def test_the_worker_adds_up_on_the_primary_meanwhile(line: Line) -> None:
    line.cut()

    with patience(7):
        assert fetch(lambda one: one, "select current_setting('statement_timeout')", {}) == ["7s"]
