"""Where trials take place: durable servers, the shop under gunicorn, people and articles, and traffic."""

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import sql

from benchmarks.servers import drop_database
from config import embedded
from tests.faults import client
from tests.faults.client import Web
from tests.shop import OF_THE_TESTS, Shop, free_port

if TYPE_CHECKING:
    from tests.faults.till import Till

T = TypeVar("T")
PASSWORD = "a password of the proof"
ADMIN = "clerk@example.com"
LIMIT = "1000000/minute"
ENVIRONMENT = {
    "BCRYPT_ROUNDS": "4",
    "ACCESS_TOKEN_LIFETIME_SECONDS": "86400",
    "MAX_PENDING_ORDERS_PER_CUSTOMER": "0",
    "ENVIRONMENT": "development",
    "REQUEST_DEADLINE_SECONDS": "8",  # longer than any wait for a lock
    # Limits stay on, since they are what asks Valkey on every request; none of them is reached.
    "RATE_LIMITS": "on",
    # All guests of a trial have one address, and want the same article.
    "GUEST_HOLD_SHARE": "100",
    "GUEST_HOLDS_PER_ADDRESS": "0",
    # What the clock cancels, as where people pay in advance.
    "PENDING_ORDER_HOURS": "24",
    **{f"RATE_LIMIT_{name}": LIMIT for name in ("USER", "ANONYMOUS", "REGISTER", "CARTS", "COUPONS")},
    **{f"RATE_LIMIT_LOGIN_PER_{name}": LIMIT for name in ("ACCOUNT", "ACCOUNT_TOTAL", "ADDRESS")},
}
MAIN, SECOND = "main", "second"
# Protections that the database holds, and how each is taken away; the others are in tests/faults/sabotage.py.
IN_DATABASE: Mapping[str, str] = {
    "CHECK against overselling": "alter table inventory_stocklevel drop constraint stocklevel_not_oversold",
    "unique idempotency key": "alter table api_idempotencykey drop constraint idempotency_key_unique",
    "commit that waits for the disk": "alter role current_user in database {database} set synchronous_commit = off",
    "lock time-out": "alter role current_user in database {database} reset lock_timeout",
    "one live payment of an order": "drop index payment_one_live",
    "unique entries of the books": "alter table payments_entry drop constraint entry_once",
}


def provider_settings(port: int) -> dict[str, str]:
    """What a shop sets to be paid at the fake of the providers on this port, which may not run yet."""
    base = f"http://127.0.0.1:{port}"
    return {
        "STRIPE_SECRET_KEY": "sk_test_of_the_fake",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_of_the_fake",
        "STRIPE_WEBHOOK_SECRETS": "whsec_of_the_fake",
        "STRIPE_API_BASE": f"{base}/stripe",
        "PAYPAL_CLIENT_ID": "the-fake",
        "PAYPAL_CLIENT_SECRET": "secret-of-the-fake",
        "PAYPAL_WEBHOOK_ID": "WH0FAKE",
        "PAYPAL_API_BASE": f"{base}/paypal",
    }


@dataclass
class Stage:
    shop: Shop
    servers: embedded.Servers
    database: str
    admin: str = ""
    buyers: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    # Set in a round of a trial that goes on. An invariant looks at the whole database, which takes longer than most
    # rounds, and what breaks it is still there after the last one.
    is_checked_later: bool = False
    # Where money is paid in this shop, once a trial has asked for it (till.py), and what ends with the stage.
    till: "Till | None" = None
    closing: ExitStack = field(default_factory=ExitStack)

    @property
    def port(self) -> int:
        return int(self.shop.environment["PORT"])

    def query(self, statement: str, params: Any = None, *, database: str = "") -> list[Any]:
        """Rows by SQL, on a connection of its own that no fault of the trial has touched."""
        with self.connect(database) as connection:
            cursor = connection.execute(statement, params)
            return list(cursor.fetchall()) if cursor.description else []

    def connect(self, database: str = "") -> psycopg.Connection[Any]:
        url = f"{self.servers.database_url.rpartition('/')[0]}/{database or self.database}"
        return psycopg.connect(url, autocommit=True)

    def run(self, work: Callable[[Web], Coroutine[Any, Any, T]]) -> T:
        """Let clients work in an event loop until they are done."""

        async def live() -> T:
            web = Web(self.port)
            try:
                return await work(web)
            finally:
                web.close()

        return asyncio.run(live())

    def key(self) -> str:
        """A name that nothing else in this database has."""
        return f"key-{os.getpid()}-{next(self.numbers)}"

    def call(self, method: str, path: str, token: str = "", body: object = None) -> Any:
        """One request that must succeed, outside the trial; a busy shop is asked again."""
        for _ in range(100):
            answer = self.run(lambda web: web.send(method, path, token, body))
            if answer.ok:
                return answer.document
            if answer.status not in (0, 503):
                break
            time.sleep(0.1)
        raise AssertionError(f"{method} {path}: {answer}")

    def article(self, stock: int, second: int = 0) -> str:
        """A product with so many units in the main warehouse and in the second one; its SKU."""
        name = self.key()
        body = {"name": name, "sku": name, "price": "9.90", "stock_quantity": stock}
        self.call("POST", "/products/", self.admin, body)
        if second:
            receipt = client.receipt(self.admin, self.key(), name, second, SECOND)
            self.call("POST", receipt.path, self.admin, receipt.body)
        return name

    def populate(self, buyers: int) -> None:
        """Somebody who runs the shop, its warehouses, and customers."""
        self.admin = self.log_in(ADMIN)
        codes = [row["code"] for row in self.call("GET", "/inventory/warehouses", self.admin)["results"]]
        if codes != [MAIN]:
            raise AssertionError(f"The shop begins with the warehouses {codes}.")
        self.call("POST", "/inventory/warehouses", self.admin, {"code": SECOND, "name": SECOND, "priority": 200})
        emails = [f"{self.key()}@example.com" for _ in range(buyers)]

        async def register(web: Web) -> None:
            for email in emails:
                body = {"email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Buyer"}
                await web.send("POST", "/users/", body=body)

        self.run(register)
        self.buyers = [self.log_in(email) for email in emails]

    def log_in(self, email: str) -> str:
        return str(self.session(email)["access_token"])

    def session(self, email: str = ADMIN) -> dict[str, str]:
        tokens: dict[str, str] = self.call("POST", "/users/login", body={"email": email, "password": PASSWORD})
        return tokens

    def workers(self) -> list[int]:
        """The processes of gunicorn that serve requests."""
        master = self.shop.processes["web"].pid
        return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]

    def log_size(self) -> int:
        return (self.shop.data_dir / "web.log").stat().st_size

    def serves(self) -> bool:
        return self.run(lambda web: web.send("GET", "/products/")).ok

    @contextmanager
    def web(self, sabotage: str = "") -> Iterator[None]:
        """Gunicorn, until the end of the block."""
        self.shop.environment["SABOTAGE"] = sabotage
        self.shop.start("web", "-m", "gunicorn", "-c", "config/gunicorn.py", "tests.faults.wsgi")
        process = self.shop.processes["web"]
        try:
            wait_for("a shop that serves", lambda: process.poll() is not None or self.serves())
            if process.poll() is not None:
                raise AssertionError(self.shop.log("web"))
            yield
        finally:
            del self.shop.processes["web"]
            process.terminate()
            process.wait(30)

    @contextmanager
    def copy(self, *without: str, buyers: int = 20) -> Iterator["Stage"]:
        """The same shop with a fresh database and its own gunicorn, without these protections."""
        name = f"copy_{next(self.numbers)}"
        with self.connect("pristine") as connection:
            settings = connection.execute("""
                select split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)
                from pg_db_role_setting, unnest(setconfig) as setting
                where setdatabase = (select oid from pg_database where datname = 'shop')
            """).fetchall()
        with self.connect("postgres") as connection:
            database = sql.Identifier(name)
            connection.execute(sql.SQL("create database {} template pristine").format(database))
            for option, value in settings:
                values = sql.SQL(", ").join(sql.Literal(part) for part in value.split(", "))
                statement = "alter role current_user in database {} set {} to {}"
                connection.execute(sql.SQL(statement).format(database, sql.Identifier(option), values))
        url = f"{self.servers.database_url.rpartition('/')[0]}/{name}"
        folder = self.shop.data_dir / name
        folder.mkdir()
        port = str(free_port())
        environment = self.shop.environment | {"DATABASE_URL": url, "PORT": port, "DATA_DIR": str(folder)}
        environment |= provider_settings(free_port())
        stage = Stage(Shop(f"http://127.0.0.1:{port}", folder, environment, {}), self.servers, name)
        for protection in without:
            if protection in IN_DATABASE:
                stage.query(IN_DATABASE[protection].format(database=name))
        try:
            with stage.web(";".join(name for name in without if name not in IN_DATABASE)):
                stage.populate(buyers)
                yield stage
        finally:
            stage.closing.close()
            with psycopg.connect(stage.servers.database_url, dbname="postgres", autocommit=True) as connection:
                drop_database(connection, name)


@contextmanager
def open_stage(data_dir: Path, buyers: int) -> Iterator[Stage]:
    """Servers with fsync, a migrated database and a pristine copy of it, the shop, and people; stopped in the end."""
    servers = embedded.start(data_dir)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_TESTS)}
    port = str(free_port())
    addresses = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "DATA_DIR": str(data_dir)}
    environment = inherited | ENVIRONMENT | addresses | {"PORT": port} | provider_settings(free_port())
    environment.pop("LIST_CACHE_SECONDS", None)
    stage = Stage(Shop(f"http://127.0.0.1:{port}", data_dir, environment, {}), servers, "shop")
    try:
        stage.shop.manage("prepare_database")
        stage.shop.manage("migrate", "-v0")
        stage.shop.manage("create_admin", "--email", ADMIN, ADMIN_PASSWORD=PASSWORD)
        stage.query("create database pristine template shop", database="postgres")
        with stage.web():
            stage.populate(buyers)
            yield stage
    finally:
        stage.closing.close()
        servers.stop()


def wait_for(what: str, happened: Callable[[], bool], seconds: float = 60.0) -> float:
    """Wait until it has happened; how long it took."""
    started = time.monotonic()
    while not happened():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"Not within {seconds} s: {what}.")
        time.sleep(0.01)
    return time.monotonic() - started
