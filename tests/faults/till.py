"""Where money is paid in trials: a shop with its worker, the fake of the providers, and customers who pay there."""

import asyncio
import os
import random
import signal
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import client
from tests.faults.client import Answer, Web, Wish
from tests.faults.stage import Stage, wait_for
from tests.providers.helper import FakeProviders

PROVIDERS = ("stripe", "paypal")
TRIES, PAUSE = 120, 0.1
# Of what the worker has still to do: jobs, events without jobs, calls without an answer, unread notifications.
LEFT = """
select (select count(*) from procrastinate_jobs where queue_name = 'payments' and status in ('todo', 'doing')
        and task_name <> 'payments.tasks.reconcile'),
       (select count(*) from events_event where position is null),
       (select count(*) from payments_operation where state = 'intended'),
       (select count(*) from payments_notification where handled_at is null and kind <> 'unknown_object')
"""
PATIENCE = 40.0
LOOKED_AT_LATER = """
update payments_payment set next_check_at = clock_timestamp() + interval '1 hour' where next_check_at is not null
"""


@dataclass
class Till:
    stage: Stage
    fake: FakeProviders
    # So long the worker may take to bring everything to its end, in seconds.
    patience: float = PATIENCE
    skus: list[str] = field(default_factory=list)

    @property
    def edges(self) -> Path:
        return self.stage.shop.data_dir / "edges"

    @property
    def sku(self) -> str:
        """An article of which there is always enough."""
        if not self.skus:
            self.skus.append(self.stage.article(1_000_000))
        return self.skus[0]

    def hear_nothing(self) -> None:
        """Lose all notices from now on, so that none tells what became of a call before the call is made again."""
        self.fake.set(lost=1)

    def look_later(self) -> None:
        """Let no look by the clock tell it either."""
        self.stage.query(LOOKED_AT_LATER)

    def take_money(self, when: str) -> None:
        """From now on money is taken "at_once", or with the "shipment"."""
        self.edges.mkdir(exist_ok=True)
        draft = self.edges / "draft"
        draft.write_text(when)
        draft.rename(self.edges / "PAYMENT_CAPTURE")

    def let(self, who: str, place: str, action: str) -> Path:
        """Let whoever of web or worker comes to this place first do this. The file that says so, until it was done."""
        self.edges.mkdir(exist_ok=True)
        file = self.edges / f"{who}.{place}.{action}.{self.stage.key()}"
        file.touch()
        return file

    def forget(self) -> None:
        """Let nothing more happen that an earlier trial has asked for."""
        for file in self.edges.glob("*.*"):
            file.unlink(missing_ok=True)

    # The worker

    def start_worker(self) -> None:
        self.stage.shop.environment |= {"CHANCE_TO_DIE": "0", "WITHOUT_MAILS": "1"}
        self.stage.shop.start("worker", "-m", "tests.faults.worker")

    def worker_runs(self) -> bool:
        return self.stage.shop.processes["worker"].poll() is None

    def kill_worker(self) -> None:
        """End it without warning, and start it again."""
        worker = self.stage.shop.processes["worker"]
        worker.kill()
        worker.wait()
        self.start_worker()

    def kill_web(self) -> None:
        """One of the web processes dies; gunicorn starts another one."""
        wait_for("a web worker", lambda: len(self.stage.workers()) > 0)
        with suppress(ProcessLookupError):
            os.kill(random.choice(self.stage.workers()), signal.SIGKILL)

    def crash_database(self) -> None:
        """PostgreSQL dies, and is started again as `make run` would."""
        server = self.stage.servers.processes["PostgreSQL"]
        os.kill(server.pid, signal.SIGKILL)
        server.wait(30)
        self.stage.servers.start_again("PostgreSQL")

    def rest(self, since: float) -> str:
        """Let all that was begun come to its end: faults are over, the worker does its jobs, and the providers are
        asked about all that was begun within so many seconds. What is left half done; empty mostly."""
        self.fake.tell("clear_faults")
        self.fake.set(lost=0, doubled=0, badly_signed=0, forged=0, delay=[0, 0])
        left, until = "", time.monotonic() + self.patience
        while time.monotonic() < until:
            if not self.worker_runs():
                self.start_worker()
            self.ask_providers(since + self.patience, until)
            left = self.left()
            if not left:
                return ""
        return left

    def ask_providers(self, since: float, until: float) -> None:
        """Let the worker ask the providers, as it does once a day."""
        file, draft = self.stage.shop.data_dir / "ask", self.stage.shop.data_dir / "ask.draft"
        draft.write_text(str(since))
        draft.rename(file)
        while file.exists() and self.worker_runs() and time.monotonic() < until:
            time.sleep(0.01)

    def left(self) -> str:
        """What the worker has still to do; empty when there is nothing."""
        ((jobs, events, calls, notices),) = self.stage.query(LEFT)
        found = {"jobs": jobs, "events": events, "calls": calls, "notifications": notices}
        return ", ".join(f"{count} {name}" for name, count in found.items() if count)


def till_of(stage: Stage) -> Till:
    """The till of a shop. The first shop of all serves other trials: its till is in a copy with a worker of its own."""
    if stage.till is None:
        home = stage.closing.enter_context(stage.copy()) if stage.database == "shop" else stage
        stage.till = home.closing.enter_context(open_till(home))
    return stage.till


@contextmanager
def open_till(stage: Stage) -> Iterator[Till]:
    """The fake of the providers and a worker, until the end of the block."""
    folder = stage.shop.data_dir / "providers"
    folder.mkdir()
    fake = FakeProviders(folder, f"{stage.shop.url}/api/v1/payments")
    fake.base = stage.shop.environment["STRIPE_API_BASE"].removesuffix("/stripe")
    fake.start()
    till = Till(stage, fake)
    till.take_money("at_once")
    till.start_worker()
    try:
        yield till
    finally:
        worker = stage.shop.processes.pop("worker")
        worker.kill()
        worker.wait()
        fake.kill()


@dataclass
class Purchase:
    """One order, and all that its customer and staff did with its money."""

    till: Till
    web: Web
    token: str
    wish: Wish
    provider: str
    answers: list[Answer] = field(default_factory=list)
    cancellations: list[Wish] = field(default_factory=list)
    # What each tab was told: the id of our payment, by the name that the provider has for it.
    payments: dict[str, int] = field(default_factory=dict)
    # By the key of what staff asked for: the amount of a refund that was promised.
    promised: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> int:
        return int(self.wish.result["order_id"])

    @property
    def path(self) -> str:
        return f"/orders/{self.id}"

    @property
    def ref(self) -> str:
        """What the provider calls the latest payment."""
        return list(self.payments)[-1] if self.payments else ""

    async def place(self) -> bool:
        return await self.wish.ask_until_known(self.web, TRIES) and self.wish.outcome == "ok"

    async def ask(
        self, method: str, path: str, body: object = None, *, token: str = "", fault: str = "", key: str = ""
    ) -> Answer:
        """Ask until the answer is known. A fault is asked for with the first request, and with no other one."""
        token, key = token or self.token, key or self.till.stage.key()
        answer = Answer(0)
        for number in range(TRIES):
            headers = {"X_Fault": fault} if fault and not number else {}
            answer = await self.web.send(method, self.path + path, token, body, Idempotency_Key=key, **headers)
            self.answers.append(answer)
            if answer.definite:
                break
            await asyncio.sleep(random.uniform(PAUSE / 2, PAUSE))
        return answer

    async def begin(self, *, provider: str = "", fault: str = "", token: str = "") -> str:
        """Ask to pay, until the provider's name of the payment is known; empty where the shop refuses."""
        body, key = {"provider": provider or self.provider}, self.till.stage.key()
        for number in range(TRIES):
            answer = await self.ask("POST", "/payments", body, key=key, token=token, fault="" if number else fault)
            if not answer.ok:
                return ""
            if ref := name_in(answer.document["client"]):
                self.payments[ref] = answer.document["payment_id"]
                return ref
            if answer.document["state"] not in ("starting", "open"):
                return ""
            await asyncio.sleep(PAUSE)
        return ""

    async def pay(self, ref: str = "") -> bool:
        """Pay at the provider. Tells whether it could be paid there."""
        return await acted(self.till, "pay", ref or self.ref)

    async def come_back(self, fault: str = "") -> Answer:
        """The buyer comes back from the provider's page, and the storefront asks how it is now."""
        return await self.ask("POST", f"/payments/{self.payments[self.ref]}/refresh", fault=fault)

    async def give_up(self, token: str = "") -> Wish:
        """Cancel the order: the customer, or staff by their token."""
        wish = client.cancellation(token or self.token, self.till.stage.key(), self.id)
        self.cancellations.append(wish)
        await wish.ask_until_known(self.web, TRIES)
        return wish

    async def refund(self, amount: str, fault: str = "") -> Answer:
        """Staff give back an amount."""
        path, key = f"/payments/{self.payments[self.ref]}/refunds", self.till.stage.key()
        body = {"amount": amount, "reason": key}
        answer = await self.ask("POST", path, body, token=self.till.stage.admin, fault=fault, key=key)
        if answer.ok:
            self.promised[key] = amount
        return answer

    async def send(self, fault: str = "") -> Answer:
        """All goods leave."""
        return await self.ask("PUT", "/status", {"status": "shipped"}, token=self.till.stage.admin, fault=fault)

    async def status(self) -> tuple[str, str]:
        """How far the order has come, and what it says of its money."""
        document = (await self.ask("GET", "", token=self.till.stage.admin)).document
        return document["status"], document["payment_status"]

    async def until(self, *wanted: str, tries: int = 300) -> bool:
        """Wait until the order has one of these states or says one of these of its money."""
        for _ in range(tries):
            if set(await self.status()) & set(wanted):
                return True
            await asyncio.sleep(PAUSE / 2)
        return False


def name_in(told: dict[str, Any]) -> str:
    """What the provider calls a payment, in what a browser needs to pay it; empty while that is not known."""
    secret, page = told.get("client_secret", ""), told.get("approve_url", "")
    return str(secret.partition("_secret_")[0] or page.rpartition("/")[2])


async def acted(till: Till, action: str, ref: str, **said: Any) -> bool:
    """Let somebody act at the provider. Tells whether the provider let them."""
    try:
        await asyncio.to_thread(till.fake.customer, action, ref, **said)
    except (urllib.error.HTTPError, OSError):
        return False
    return True


def purchase(till: Till, web: Web, provider: str = "", units: int = 2) -> Purchase:
    """A customer's order of so many units at 9.90, which is to be paid."""
    stage = till.stage
    token = random.choice(stage.buyers)
    wish = client.order(token, stage.key(), [(till.sku, units)])
    return Purchase(till, web, token, wish, provider or random.choice(PROVIDERS))
