"""A whole shop of its own for tests that must not share anything: durable servers, gunicorn and a worker.

What tests of the running system use as their users would: over HTTP, through `manage.py`, and with a browser.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from config import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
# A shop's processes wait for Redis as long as real ones, and are not traced: tests/test_run.py has their coverage.
OF_THE_TESTS = ("PYTEST", "REDIS_TIMEOUT", "COVERAGE_")


@dataclass
class Shop:
    url: str
    data_dir: Path
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]]

    def manage(self, *command: str, **environment: str) -> str:
        """Run a command as an operator would; its output, or an error with it."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=BASE_DIR,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str, *command: str) -> None:
        log = (self.data_dir / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [sys.executable, *command], cwd=BASE_DIR, env=self.environment, stdout=log, stderr=log
        )

    def log(self, name: str) -> str:
        return (self.data_dir / f"{name}.log").read_text()

    def client(self, token: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=30)

    def wait_until_ready(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        answer = ""
        while time.monotonic() < deadline:
            try:
                response = httpx.get(f"{self.url}/health/ready", timeout=5)
                answer = response.text
                if response.status_code == 200:
                    return
            except httpx.HTTPError as error:
                answer = str(error)
            time.sleep(0.05)
        raise AssertionError(f"not ready: {answer}\n{self.log('web')}\n{self.log('worker')}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_shop(data_dir: Path, **environment: str) -> Iterator[Shop]:
    """Servers, an empty migrated database, web and worker; all of it stopped in the end."""
    data_dir.mkdir(parents=True, exist_ok=True)
    port = free_port()
    servers = embedded.start(data_dir)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_TESTS)}
    settings = {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
    }
    shop = Shop(f"http://127.0.0.1:{port}", data_dir, inherited | settings | environment, {})
    try:
        shop.manage("prepare_database")
        shop.manage("migrate", "-v0")
        shop.start("web", "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi")
        shop.start("worker", "manage.py", "worker")
        shop.wait_until_ready()
        yield shop
    finally:
        for process in shop.processes.values():
            process.terminate()
        for process in shop.processes.values():
            process.wait(30)
        servers.stop()
