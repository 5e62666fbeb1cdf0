"""Both shops on one PostgreSQL and one Valkey: ours with the cache of lists and without it, and the peer."""

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from benchmarks import data, fill_peer
from config import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
PEER_PYTHON = BASE_DIR / ".venv" / "bench" / "bin" / "python"
PORTS = {"cached": 8311, "shop": 8312, "peer": 8313, "before": 8314, "shop_carts": 8315, "peer_carts": 8316}
OURS = "/api/v1/products/"
READY = dict.fromkeys(PORTS, OURS) | dict.fromkeys(("peer", "peer_carts"), "/products")


@dataclass
class Bench:
    """The running servers. `cached` is our shop as it is delivered, `shop` is the same with the cache of lists off.

    `before` is the shop of another checkout, on a database of its own, in place of `cached` and `peer`.
    """

    data_dir: Path
    shop_url: str
    peer_url: str
    redis_url: str
    checkout: Path | None = None
    before_url: str = ""
    carts: bool = False
    """Whether there are the two shops with carts, each on a copy of its database with taxes, shipping and coupons."""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        """Production settings of our shop; TLS ends before it, as behind any proxy."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "HOME", "LANG", "WEB_THREADS", "WEB_CONCURRENCY", "WEB_PIN_TO_CORES")
        }
        return inherited | {
            "ENVIRONMENT": "production",
            "SECRET_KEY": SECRET_KEY,
            "ALLOWED_HOSTS": "shop.test",
            "EMAIL_URL": "smtp://localhost:2525",
            "DATABASE_URL": self.shop_url,
            "REDIS_URL": f"{self.redis_url}",
            "DATA_DIR": str(self.data_dir),
            "TRUST_X_FORWARDED_PROTO": "on",
            "RATE_LIMITS": "off",
            "MANUAL_PAYMENT_NAME": "Bank transfer",
            "BCRYPT_ROUNDS": str(data.BCRYPT_ROUNDS),
            # Longer than the run, so that nobody signs in again in the middle of it.
            "ACCESS_TOKEN_LIFETIME_SECONDS": "7200",
            **more,
        }

    @property
    def shop_carts_url(self) -> str:
        return f"{self.shop_url}_carts"

    @property
    def peer_carts_url(self) -> str:
        return f"{self.peer_url}_carts"

    def manage(self, *command: str) -> str:
        return self.run(sys.executable, "manage.py", *command)

    @property
    def names(self) -> list[str]:
        """The servers of this run."""
        return ["before", "shop"] if self.checkout else ["peer", "shop", "cached"]

    @property
    def all_names(self) -> list[str]:
        """The servers of this run, with those for carts."""
        return self.names + (["peer_carts", "shop_carts"] if self.carts else [])

    def run(self, *command: str, show: bool = False, before: bool = False, database: str = "") -> str:
        """Run a command of this checkout, or of the one before, on its database; returns what it prints."""
        output = None if show else subprocess.PIPE
        folder = self.checkout if before else BASE_DIR
        database = database or (self.before_url if before else self.shop_url)
        environment = self.environment(DATABASE_URL=database)
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
        )
        text = (done.stdout or b"").decode()
        assert done.returncode == 0, f"{' '.join(command)}\n{text}"
        return text

    def plans(self, size_name: str) -> dict[str, Any]:
        """What `benchmarks.plans` finds out about the statements of this shop."""
        file = self.data_dir / "plans.json"
        self.run(sys.executable, "-m", "benchmarks.plans", str(file), size_name)
        found: dict[str, Any] = json.loads(file.read_text())
        return found

    def of_peer(self, url: str) -> dict[str, str]:
        """What the peer is told."""
        return self.environment(
            PEER_DATABASE_URL=for_sqlalchemy(url), PEER_REDIS_URL=self.redis_url, PEER_SECRET=SECRET_KEY
        )

    def start(self, name: str) -> None:
        serve = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
        environments = {
            "cached": self.environment(PORT=str(PORTS["cached"])),
            "shop": self.environment(PORT=str(PORTS["shop"]), LIST_CACHE_SECONDS="0"),
            "before": self.environment(PORT=str(PORTS["before"]), LIST_CACHE_SECONDS="0", DATABASE_URL=self.before_url),
            "shop_carts": self.environment(
                PORT=str(PORTS["shop_carts"]), DATABASE_URL=self.shop_carts_url, TAX_ROUNDING="order"
            ),
            "peer": self.of_peer(self.peer_url),
            "peer_carts": self.of_peer(self.peer_carts_url),
            "worker": self.environment(),
        }
        commands = {
            "peer": [str(PEER_PYTHON), "benchmarks/peers/fastapi_peer.py", str(PORTS["peer"]), "2"],
            "peer_carts": [str(PEER_PYTHON), "benchmarks/peers/fastapi_carts.py", str(PORTS["peer_carts"]), "2"],
            "worker": [sys.executable, "manage.py", "worker"],
        }
        with (self.data_dir / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                commands.get(name, serve),
                cwd=self.checkout if name == "before" else BASE_DIR,
                env=environments[name],
                stdout=log,
                stderr=log,
            )

    def wait_for(self, name: str) -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{PORTS[name]}{READY[name]}")
        request.add_header("Host", "shop.test")
        request.add_header("X-Forwarded-Proto", "https")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline, answer = time.monotonic() + 60, "no answer"
        while time.monotonic() < deadline:
            assert self.processes[name].poll() is None, (self.data_dir / f"{name}.log").read_text()
            try:
                opener.open(request, timeout=5).close()
                return
            except OSError as error:
                answer = str(error)
            time.sleep(0.1)
        raise AssertionError(f"{name} is not ready: {answer}\n{(self.data_dir / f'{name}.log').read_text()[-2000:]}")

    def stop(self, *names: str) -> None:
        for name in names or list(self.processes):
            process = self.processes.pop(name)
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait()

    def memory_mb(self, name: str) -> list[float]:
        """What each worker process of a server holds in memory."""
        parent = self.processes[name].pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        sizes = []
        for child in children:
            [line] = [x for x in Path(f"/proc/{child}/status").read_text().splitlines() if x.startswith("VmRSS")]
            sizes.append(int(line.split()[1]) / 1024)
        return sizes


SECRET_KEY = secrets.token_urlsafe(64)


def for_sqlalchemy(url: str) -> str:
    parts = urlsplit(url)
    host = unquote(parts.netloc.rpartition("@")[2])
    return f"postgresql+asyncpg://{parts.username}:{parts.password}@/{parts.path[1:]}?host={host}"


@contextmanager
def running(
    data_dir: Path, name: str, *, anew: bool = True, checkout: Path | None = None, carts: bool = False
) -> Iterator[Bench]:
    """Servers, both databases filled (anew, or as they were left), both shops ready; all of it stopped in the end.

    With a `checkout` the other shop is that of the checkout, and not the peer. With `carts` there are two more shops.
    """
    servers = embedded.start(data_dir, report=print)
    shop_url = with_database(servers, f"shop_{name}")
    peer_url = with_database(servers, f"peer_{name}")
    before_url = with_database(servers, f"before_{name}")
    bench = Bench(data_dir, shop_url, peer_url, servers.redis_url, checkout, before_url, carts)
    try:
        other = f"before_{name}" if checkout else f"peer_{name}"
        if anew or not exists(servers.database_url, other):
            fill_shop(bench, servers, name)
            make_anew(servers.database_url, other)
            if checkout:
                fill_before(bench, name)
            else:
                fill_peer.fill(peer_url, data.SIZES[name])
        if carts:
            add_carts(bench, servers, name)
        for server in bench.all_names:
            bench.start(server)
        for server in bench.all_names:
            bench.wait_for(server)
        yield bench
    finally:
        bench.stop()
        servers.stop()


def add_carts(bench: Bench, servers: embedded.Servers, name: str) -> None:
    """Copies of both databases with rules: the other workloads are measured in shops that never heard of them."""
    from benchmarks import carts

    for kind in ("shop", "peer"):
        make_anew(servers.database_url, f"{kind}_{name}_carts", template=f"{kind}_{name}")
    # What is set on a role within a database is not copied with the database.
    bench.run(sys.executable, "manage.py", "prepare_database", database=bench.shop_carts_url)
    carts.configure_shop(bench)
    carts.configure_peer(bench.peer_carts_url)


def with_database(servers: embedded.Servers, name: str) -> str:
    return f"{servers.database_url.rpartition('/')[0]}/{name}"


def fill_shop(bench: Bench, servers: embedded.Servers, name: str) -> None:
    make_anew(servers.database_url, f"shop_{name}")
    bench.manage("prepare_database")
    bench.manage("migrate", "-v0")
    bench.run(sys.executable, "-m", "benchmarks.fill_shop", name, show=True)


def fill_before(bench: Bench, name: str) -> None:
    """The same data, by the migrations and the loader of the other checkout."""
    for command in ("prepare_database", "migrate -v0"):
        bench.run(sys.executable, "manage.py", *command.split(), before=True)
    bench.run(sys.executable, "-m", "benchmarks.fill_shop", name, show=True, before=True)


def exists(url: str, database: str) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [database])
        return found.fetchone() is not None


def make_anew(url: str, *databases: str, template: str = "template1") -> None:
    """Fresh databases, empty or copies of one that nobody uses: none is measured with the orders of the last run."""
    with psycopg.connect(url, autocommit=True) as connection:
        for database in databases:
            drop_database(connection, database)
            create = sql.SQL("create database {} template {}")
            connection.execute(create.format(sql.Identifier(database), sql.Identifier(template)))


def drop_database(connection: psycopg.Connection[Any], database: str) -> None:
    """Remove a database, and end whoever is still connected with it.

    `with (force)` fails while an autovacuum worker of the superuser works in the database, since our role may not end
    that. A plain `drop database` cancels such a worker by itself and waits for it.
    """
    end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and usename = current_user"
    connection.execute(end, [database])
    connection.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(database)))
