"""A real PostgreSQL and a real Valkey from wheels, started below one folder, for a machine that has neither.

This module starts, finds and stops the servers; postgres.py and valkey.py know how each is run, and payments.py how the
fake of the providers of payments is. The settings import this module, so nothing of Django is imported.
docs/decisions/0001-postgresql-from-a-wheel.md says why from wheels.
"""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.embedded import payments as fake_payments
from config.embedded import postgres as postgresql
from config.embedded import valkey as valkey_server
from config.embedded.processes import Process, StartFailed, socket_folder, stop_server, write_private

__all__ = ["NotRunning", "Servers", "StartFailed", "database_url", "payment_settings", "redis_url", "start"]


class NotRunning(Exception):
    """The embedded servers of this folder are not running."""

    def __init__(self) -> None:
        super().__init__("The embedded database is not running: start it with `make run`.")


def ignore(text: str) -> None:
    """Take a report of progress and drop it."""


@dataclass
class Servers:
    """The servers of one folder, in the order in which they are started and stopped."""

    data_dir: Path
    durable: bool = True
    report: Callable[[str], None] = ignore
    database_url: str = ""
    redis_url: str = ""
    # Where the fake of the providers of payments sends its notifications, and what a shop sets to use it.
    notify: str = ""
    payments: dict[str, Any] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)

    def start_postgres(self) -> None:
        """Start PostgreSQL and remember its address."""
        self.processes["PostgreSQL"], self.database_url = postgresql.start(
            self.data_dir, durable=self.durable, report=self.report
        )

    def start_valkey(self) -> None:
        """Start Valkey and remember its address."""
        self.processes["Valkey"], self.redis_url = valkey_server.start(self.data_dir)

    def start_payments(self) -> None:
        """Start the fake of the providers of payments and remember its settings, where there is one."""
        started = fake_payments.start(self.data_dir, self.notify)
        if started is not None:
            self.processes["Payments"], self.payments = started

    def ended(self) -> dict[str, int]:
        """The servers that have ended by themselves, with their exit status."""
        states = {name: process.poll() for name, process in self.processes.items()}
        return {name: status for name, status in states.items() if status is not None}

    def start_again(self, name: str) -> None:
        """Start a server that has ended, at the same address."""
        starts = {"PostgreSQL": self.start_postgres, "Valkey": self.start_valkey, "Payments": self.start_payments}
        starts[name]()

    def stop(self) -> None:
        """Stop the running servers in order, so that no data is lost, and remove their addresses and sockets."""
        state_file(self.data_dir).unlink(missing_ok=True)
        for process in self.processes.values():
            stop_server(process)
        self.processes.clear()
        shutil.rmtree(socket_folder(self.data_dir), ignore_errors=True)


def start(
    data_dir: Path,
    *,
    postgres: bool = True,
    valkey: bool = True,
    notify: str = "",
    durable: bool = True,
    report: Callable[[str], None] = ignore,
) -> Servers:
    """Start the chosen servers below `data_dir` and write their addresses down. Raises StartFailed.

    Servers that an earlier run left behind are stopped first. With `notify`, the address below which the shop takes
    notifications of payments, the fake of the providers is started too. With `durable=False` a crash of the machine may
    damage the database, which is for the throw-away servers of tests.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    servers = Servers(data_dir.resolve(), durable, report, notify=notify)
    try:
        if postgres:
            servers.start_postgres()
        if valkey:
            servers.start_valkey()
        if notify:
            servers.start_payments()
        state = {
            "database_url": servers.database_url,
            "redis_url": servers.redis_url,
            "payments": servers.payments,
        }
        write_private(state_file(servers.data_dir), json.dumps(state))
    except BaseException:
        servers.stop()
        raise
    return servers


def database_url(data_dir: Path) -> str:
    """The address of the embedded PostgreSQL of this folder. Raises NotRunning when the server was not started."""
    url: str = read_state(data_dir)["database_url"]
    if not url:
        raise NotRunning
    return url


def redis_url(data_dir: Path) -> str | None:
    """The address of the embedded Valkey of this folder; None when the server was not started."""
    with suppress(NotRunning):
        return read_state(data_dir)["redis_url"] or None
    return None


def payment_settings(data_dir: Path) -> dict[str, Any]:
    """What a shop on this folder sets to use the fake of the providers; nothing when that was not started."""
    with suppress(NotRunning):
        return read_state(data_dir).get("payments") or {}
    return {}


def read_state(data_dir: Path) -> dict[str, Any]:
    """The addresses of the running servers. Raises NotRunning."""
    try:
        state: dict[str, Any] = json.loads(state_file(data_dir).read_text())
    except (OSError, ValueError):
        raise NotRunning from None
    return state


def state_file(data_dir: Path) -> Path:
    """The file with the addresses. It exists while the servers of the folder run."""
    return data_dir / "servers.json"
