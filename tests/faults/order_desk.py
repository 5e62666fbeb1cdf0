"""Trials of the order desk: staff send parts of the same orders and take them back, beside buyers."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import Result, begin, expect, no_deadlock, verdict
from tests.faults.client import Answer, Web, Wish, together
from tests.faults.stage import Stage

AS_TOLD = "each parcel is there as staff were told, and no other one"
LAST = "an order is shipped when its last unit has left, and not before"
UNITS = 3
PARCELS = """
select f.id, f.order_id, f.state, l.order_item_id, l.quantity
from orders_fulfilment f join orders_fulfilmentline l on l.fulfilment_id = f.id where f.order_id = any(%s)
"""
# Of each order: its status, and how many units are still to leave.
LEFT = """
select o.id, o.status, o.partly_shipped,
       (select sum(quantity) from orders_orderitem where order_id = o.id)::int,
       coalesce((select sum(l.quantity) from orders_fulfilmentline l join orders_fulfilment f on f.id = l.fulfilment_id
                 where f.order_id = o.id and f.state = 'shipped'), 0)::int
from orders_order o where o.id = any(%s)
"""


@dataclass
class OrderDesk:
    """Orders that staff work on, and what they were told of parcels."""

    stage: Stage
    skus: list[str]
    wishes: list[Wish] = field(default_factory=list)
    lines: dict[int, list[int]] = field(default_factory=dict)
    parcels: dict[int, dict[str, Any]] = field(default_factory=dict)
    taken_back: set[int] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)

    async def open(self, web: Web, token: str) -> None:
        """Let a customer order some of each article, and confirm it."""
        wish = client.order(token, self.stage.key(), [(sku, UNITS) for sku in self.skus])
        self.wishes.append(wish)
        if not await wish.ask_until_known(web) or wish.outcome != "ok":
            raise AssertionError(f"{wish.answers}")
        number = wish.result["order_id"]
        confirmed = await self.ask(web, "PUT", f"/orders/{number}/status", {"status": "confirmed"})
        if not confirmed.ok:
            raise AssertionError(f"{confirmed}")
        self.lines[number] = [line["order_item_id"] for line in wish.result["order_items"]]

    async def work(self, web: Web, turns: int) -> None:
        """One person at the desk, who does this and that, mostly of what others do at the same moment."""
        for _ in range(turns):
            number = random.choice(list(self.lines))
            verb = random.choice((self.ship, self.ship, self.take_back, self.follow))
            await verb(web, number)

    async def ship(self, web: Web, number: int, *, lines: dict[int, int] | None = None, fault: str = "") -> None:
        """Send some units of a line, or now and then all that is left."""
        some = lines or {random.choice(self.lines[number]): random.randint(1, 2)}
        units = [{"order_item_id": line, "quantity": quantity} for line, quantity in some.items()]
        body: dict[str, object] = {"lines": units} if lines or random.random() < 0.8 else {}
        answer = await self.ask(web, "POST", f"/orders/{number}/fulfilments", body, fault)
        if answer.ok:
            self.parcels |= {parcel["fulfilment_id"]: parcel | {"order": number} for parcel in answer.document}

    async def take_back(self, web: Web, number: int) -> None:
        """Take a parcel back that somebody may be taking back already."""
        if parcels := [parcel for parcel, told in self.parcels.items() if told["order"] == number]:
            parcel = random.choice(parcels)
            if (await self.ask(web, "POST", f"/orders/{number}/fulfilments/{parcel}/cancel", {})).ok:
                self.taken_back.add(parcel)

    async def follow(self, web: Web, number: int) -> None:
        """Say how a parcel is followed."""
        if parcels := [parcel for parcel, told in self.parcels.items() if told["order"] == number]:
            path = f"/orders/{number}/fulfilments/{random.choice(parcels)}"
            await self.ask(web, "PATCH", path, {"tracking_number": self.stage.key()})

    async def ask(self, web: Web, method: str, path: str, body: object, fault: str = "") -> Answer:
        headers = {"X_Fault": fault} if fault else {}
        answer = await web.send(method, path, self.stage.admin, body, **headers)
        self.answers.append(answer)
        return answer

    def compare(self) -> list[Violation]:
        """What staff were told of parcels beside what is there, and how far each order has come."""
        orders = list(self.lines)
        told = {
            (parcel, "cancelled" if parcel in self.taken_back else "shipped", line["order_item_id"], line["quantity"])
            for parcel, of in self.parcels.items()
            for line in of["lines"]
        }
        rows = self.stage.query(PARCELS, [orders])
        there = {(parcel, state, line, quantity) for parcel, _, state, line, quantity in rows}
        violations = expect(AS_TOLD, told == there, f"told alone {told - there}, there alone {there - told}")
        for number, status, partly, ordered, left in self.stage.query(LEFT, [orders]):
            whole = left == ordered
            fits = left <= ordered and (status, partly) == (
                "shipped" if whole else "confirmed",
                not whole and left > 0,
            )
            row = f"order {number}: {status}, {left} of {ordered} have left, partly shipped: {partly}"
            violations += expect(LAST, fits, row)
        return violations


def order_desk(stage: Stage, staff: int = 50, buyers: int = 30, orders: int = 20, turns: int = 4) -> Result:
    """Staff send parts of the same orders and take them back at once, while buyers order what is left."""
    units = UNITS * orders
    desk = OrderDesk(stage, [stage.article(units + 20, second=units // 2), stage.article(units // 2, second=units)])
    watch = begin(stage)
    tokens = [stage.buyers[number % len(stage.buyers)] for number in range(max(orders, buyers))]
    stage.run(lambda web: together(desk.open(web, token) for token in tokens[:orders]))

    async def buy(web: Web, token: str) -> None:
        await asyncio.sleep(random.uniform(0, 0.3))
        wish = client.order(token, stage.key(), [(sku, 1) for sku in desk.skus])
        desk.wishes.append(wish)
        await wish.ask_until_known(web)

    async def everybody(web: Web) -> None:
        works = [desk.work(web, turns) for _ in range(staff)] + [buy(web, token) for token in tokens[:buyers]]
        random.shuffle(works)
        await together(works)

    stage.run(everybody)
    violations = desk.compare() + verdict(watch, desk.wishes, desk.answers) + no_deadlock(watch)
    figures = {"most parcels in a round": len(desk.parcels), "most taken back in a round": len(desk.taken_back)}
    return Result(1, 0, len(desk.wishes) + len(desk.answers), violations, dict(figures), desk.wishes)


def last_parts(stage: Stage, orders: int = 3) -> Result:
    """The last two parts of an order leave at once: neither has been committed when the other one is written."""
    desk = OrderDesk(stage, [stage.article(UNITS * orders) for _ in range(2)])
    watch = begin(stage)

    async def one_after_the_other(web: Web) -> None:
        for token in stage.buyers[:orders]:
            await desk.open(web, token)
            number, lines = list(desk.lines.items())[-1]
            fault = "before_commit pause 0.3"
            await together(desk.ship(web, number, lines={line: UNITS}, fault=fault) for line in lines)

    stage.run(one_after_the_other)
    violations = desk.compare() + verdict(watch, desk.wishes, desk.answers)
    return Result(orders, 0, len(desk.answers), violations, wishes=desk.wishes)
