"""Customers and clerks who never stop, beside a fault."""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.faults import client
from tests.faults.client import Web, Wish
from tests.faults.stage import MAIN, SECOND, Stage


@dataclass
class Traffic:
    """Customers and clerks who never stop, in a thread beside the fault."""

    stage: Stage
    skus: list[str]
    wishes: list[Wish] = field(default_factory=list)
    others: list[client.Answer] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def ok_since(self, moment: float) -> bool:
        """Whether an order has been placed after this moment."""
        answers = [wish.answers[-1] for wish in self.wishes[-200:] if wish.kind == "order" and wish.answers]
        return any(answer.ok and answer.sent + answer.seconds > moment for answer in answers)

    def slowest(self, since: float = 0.0) -> float:
        answers = [answer for wish in self.wishes for answer in wish.answers] + self.others
        return max((answer.seconds for answer in answers if answer.sent >= since), default=0.0)

    async def customer(self, web: Web, token: str) -> None:
        """Order after order; some are cancelled, some never asked about again when the answer is lost."""
        while not self.stop.is_set():
            skus = random.sample(self.skus, k=min(len(self.skus), random.randint(1, 3)))
            wish = client.order(token, self.stage.key(), [(sku, random.randint(1, 2)) for sku in skus])
            self.wishes.append(wish)
            known = await wish.ask_until_known(web, tries=random.choice((1, client.TRIES)))
            if not known:
                await asyncio.sleep(0.05)
            elif wish.outcome == "ok" and random.random() < 0.3:
                await self.wish(web, client.cancellation(token, self.stage.key(), wish.result["order_id"]))
            self.others.append(await web.send("GET", f"/products/{random.choice(self.skus)}", token))

    async def clerk(self, web: Web) -> None:
        """Goods in, and small corrections."""
        while not self.stop.is_set():
            sku, place = random.choice(self.skus), random.choice((MAIN, SECOND))
            if random.random() < 0.5:
                wish = client.receipt(self.stage.admin, self.stage.key(), sku, random.randint(1, 9), place)
            else:
                wish = client.adjustment(self.stage.admin, self.stage.key(), sku, random.choice((-1, 1)), place)
            await self.wish(web, wish)
            await asyncio.sleep(0.05)

    async def wish(self, web: Web, wish: Wish) -> None:
        self.wishes.append(wish)
        await wish.ask_until_known(web, tries=random.choice((1, client.TRIES)))


@contextmanager
def traffic(stage: Stage, skus: list[str], customers: int = 8) -> Iterator[Traffic]:
    """Traffic while the block runs; when it has ended, every client has got or given up its last answer."""
    going = Traffic(stage, skus)

    async def work(web: Web) -> None:
        people = [going.customer(web, token) for token in random.sample(stage.buyers, customers)]
        await client.together([*people, going.clerk(web)])

    failures: list[BaseException] = []

    def live() -> None:
        try:
            stage.run(work)
        except BaseException as error:  # it is raised again where the block ends
            failures.append(error)

    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield going
    finally:
        going.stop.set()
        thread.join()
    if failures:
        raise failures[0]
