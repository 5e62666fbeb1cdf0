"""`make run` as somebody at a terminal meets it: start, Ctrl-C, start again, kill -9, and what is refused."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from config.embedded.processes import socket_folder
from tests.shop import BASE_DIR, free_port

pytestmark = pytest.mark.slow
READY = "Ctrl-C stops everything"


class Terminal:
    """One `make run` after another on one data folder, with the environment of somebody who has set nothing."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir, self.port = data_dir, free_port()
        foreign = (
            "PYTEST",
            "DATABASE_URL",
            "REDIS_",
            "DATA_DIR",
            "BCRYPT_",
            "LIST_CACHE",
            "DJANGO_",
            "LANG",
            "LC_",
            "MANUAL_",
        )
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self.environment = inherited | {"DATA_DIR": str(data_dir), "PORT": str(self.port)}
        self.output = data_dir.with_suffix(".out")
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, **environment: str) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.run"],
                cwd=BASE_DIR,
                env=self.environment | environment,
                stdout=output,
                stderr=output,
            )
        self.wait_for(lambda: READY in self.said())

    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, happened: Callable[[], bool], seconds: float = 300) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            assert self.process is not None
            assert time.monotonic() < deadline, self.said()
            assert self.process.poll() is None, self.said()
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def command(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=BASE_DIR,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    def left_over(self, *signs: str) -> dict[int, str]:
        """What still runs on the folder, by the command line or the environment that it was started with."""
        folders, found = (str(self.data_dir), str(socket_folder(self.data_dir))), {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = [(process / name).read_bytes().replace(b"\0", b" ").decode() for name in ("cmdline", "environ")]
            except OSError:  # it ended meanwhile
                continue
            if any(folder in words[0] + words[1] for folder in folders) and all(sign in words[0] for sign in signs):
                found[int(process.name)] = words[0]
        return found


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A folder with a long path and a space, in which a first run has loaded the demo shop and was ended by Ctrl-C."""
    terminal = Terminal(tmp_path_factory.mktemp("run") / "a data folder with a name of some length")
    terminal.run()
    try:
        yield terminal
    finally:
        if terminal.process is not None and terminal.process.poll() is None:
            terminal.end(signal.SIGTERM)


def number_of_orders(terminal: Terminal) -> str:
    return terminal.command(
        "manage.py", "shell", "-v0", "-c", "print(__import__('orders').models.Order.objects.count())"
    ).stdout


def test_a_first_run_has_a_shop_with_data_and_says_where_it_is(terminal: Terminal) -> None:
    said = terminal.said()

    assert f"http://localhost:{terminal.port}/admin/" in said
    assert "admin@example.com / demo-admin-password" in said
    assert terminal.get("/health/ready").status_code == 200
    assert "  Payments    http://127.0.0.1:" in said
    ways = {way["provider"] for way in terminal.get("/api/v1/payments/providers").json()}
    assert ways == {"stripe", "paypal", "manual"}
    found = terminal.get("/api/v1/products/?search=wirless+headphnes&page_size=3").json()
    assert "headphone" in str(found).lower()


def test_commands_in_another_terminal_reach_its_database_without_any_setting(terminal: Terminal) -> None:
    assert int(number_of_orders(terminal)) == 500
    assert terminal.command("manage.py", "verify_stock").returncode == 0


def test_a_second_run_on_the_same_folder_is_refused(terminal: Terminal) -> None:
    done = terminal.command("-m", "config.run", PORT=str(free_port()))

    assert done.returncode == 1
    assert done.stderr.startswith("error: A shop is already running on ")
    assert len(done.stderr.splitlines()) == 1


def test_what_dies_is_started_again(terminal: Terminal) -> None:
    for sign, name in (
        ("gunicorn", "web"),
        ("manage.py worker", "worker"),
        ("valkey-server", "Valkey"),
        ("tests.providers", "Payments"),
        ("bin/postgres", "PostgreSQL"),
    ):
        oldest = min(terminal.left_over(sign))
        os.kill(oldest, signal.SIGKILL)
        terminal.wait_for(lambda name=name: f"{name} ended with status -9; starting it again." in terminal.said())  # type: ignore[misc]

    def serves() -> bool:
        try:
            return terminal.get("/health/ready").status_code == 200
        except httpx.HTTPError:
            return False

    terminal.wait_for(serves)


def test_ctrl_c_stops_everything_and_keeps_the_data(terminal: Terminal) -> None:
    assert terminal.end(signal.SIGINT) == 0

    assert terminal.said().endswith("Stopped.\n")
    assert terminal.left_over() == {}
    done = terminal.command("manage.py", "verify_stock")
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1, done.stderr

    terminal.run()
    assert int(number_of_orders(terminal)) == 500


def test_a_killed_run_takes_all_with_it_and_the_next_one_comes_up(terminal: Terminal) -> None:
    terminal.end(signal.SIGKILL)
    terminal.run()

    assert int(number_of_orders(terminal)) == 500
    assert terminal.end(signal.SIGTERM) == 0
    assert terminal.left_over() == {}


def test_a_taken_port_is_a_clear_message(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = terminal.command("-m", "config.run", PORT=str(port))

    assert done.returncode == 1
    assert f"error: Port {port} of 127.0.0.1 cannot be used" in done.stderr
    assert terminal.left_over() == {}


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(terminal: Terminal, port: str) -> None:
    done = terminal.command("-m", "config.run", PORT=port)

    assert done.returncode == 1
    assert done.stderr == f"error: PORT must be a whole number from 1 to 65535, not {port!r}.\n"
