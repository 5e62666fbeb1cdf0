"""Trials of staff who ship, cancel parcels, give back and move parts of the same promises, beside buyers."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import Result, begin, expect, no_deadlock, verdict
from tests.faults.client import Answer, Web, Wish, together
from tests.faults.stage import MAIN, SECOND, Stage

ONCE = "each unit of a promise is open, shipped or given back, once"
ACCOUNTED = "each unit that came in is ordered, promised, shipped or there"
KEPT = "what was promised stays promised, wherever it lies"
UNSOLD = "what comes back damaged is never sold"
CAME_BACK = "no more comes back under a reference than was shipped"
# What each reference has of each SKU: open, and by the ledger away and given back.
STANDING = """
select r.reference, i.sku, sum(r.open)::int, sum(r.away)::int, sum(r.released)::int
from (
    select reference, level_id, quantity as open, 0 as away, 0 as released
    from inventory_reservation where state = 'open'
    union all
    select reference, level_id, 0, case when kind in ('shipped', 'returned') then -on_hand_delta else 0 end,
           case when kind = 'released' then -reserved_delta else 0 end
    from inventory_stockmovement
) r join inventory_stocklevel l on l.id = r.level_id join inventory_stockitem i on i.id = l.item_id
where r.reference = any(%s) group by r.reference, i.sku
"""
# Per SKU: what came in, what live orders have of it, and what lies there unpromised.
CAME_IN = """
select i.sku,
       (select sum(m.on_hand_delta) from inventory_stockmovement m
        join inventory_stocklevel l on l.id = m.level_id where l.item_id = i.id and m.kind in ('received', 'adjusted')),
       (select coalesce(sum(l.quantity), 0) from orders_orderitem l join orders_order o on o.id = l.order_id
        where l.sku = i.sku and o.status <> 'cancelled' and o.deleted_at is null),
       (select sum(on_hand - reserved) from inventory_stocklevel where item_id = i.id)
from inventory_stockitem i where i.sku = any(%s)
"""
PATHS = {"ship": "shipments", "release": "releases", "move": "moves", "cancel": "cancelled-parcels"}


@dataclass
class Desk:
    """Promises that staff work on, and what they were told: units by reference, SKU and verb."""

    stage: Stage
    skus: list[str]
    promised: dict[str, int] = field(default_factory=dict)
    told: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    shipped: list[dict[str, object]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    async def promise(self, web: Web, units: int) -> None:
        """Promise so many units of each SKU to a new reference."""
        name = self.stage.key()
        quantities = dict.fromkeys(self.skus, units)
        body = {"reference": f"cart:{name}", "quantities": quantities, "seconds": 60}
        held = await web.send("POST", "/faults/holds", self.stage.admin, body)
        names = {"reference": f"cart:{name}", "new_reference": f"kept:{name}", "quantities": quantities}
        kept = await web.send("POST", "/faults/promises", self.stage.admin, names)
        if not (held.ok and kept.ok):
            raise AssertionError(f"{held}, {kept}")
        self.promised[f"kept:{name}"] = units

    async def work(self, web: Web, turns: int) -> None:
        """One person at the desk, who does this and that, mostly of what others do at the same moment."""
        for _ in range(turns):
            verb = random.choice(("ship", "ship", "cancel", "release", "move"))
            if verb == "cancel":
                if self.shipped:
                    await self.ask(web, verb, random.choice(self.shipped))
                continue
            here, there = random.sample((MAIN, SECOND), k=2)
            body: dict[str, object] = {
                "reference": random.choice(list(self.promised)),
                "quantities": {random.choice(self.skus): random.randint(1, 2)},
                "warehouse": "" if verb != "move" and random.random() < 0.3 else here,
                "to": there,
            }
            await self.ask(web, verb, body)

    async def ask(self, web: Web, verb: str, body: dict[str, object]) -> Answer:
        answer = await web.send("POST", f"/faults/{PATHS[verb]}", self.stage.admin, body)
        self.answers.append(answer)
        if answer.ok:
            ((sku, units),) = body["quantities"].items()  # type: ignore[attr-defined]  # of one SKU each
            self.told[str(body["reference"]), sku, verb] += units
            if verb == "ship" and body["warehouse"]:
                self.shipped.append(body)
            if verb == "cancel" and body in self.shipped:
                self.shipped.remove(body)
        return answer

    def compare(self) -> list[Violation]:
        """What staff were told beside what is there, and whether any unit is there twice or not at all."""
        rows = self.stage.query(STANDING, [list(self.promised)])
        found = {(reference, sku): (open_, away, released) for reference, sku, open_, away, released in rows}
        violations = []
        everywhere: Counter[str] = Counter()
        for reference, units in self.promised.items():
            for sku in self.skus:
                ship, cancel, released = (self.told[reference, sku, verb] for verb in ("ship", "cancel", "release"))
                told = (units - ship + cancel - released, ship - cancel, released)
                there = found.get((reference, sku), (0, 0, 0))
                violations += expect(ONCE, told == there, f"{reference} {sku}: told {told}, there {there}")
                everywhere[sku] += there[0] + there[1]
        for sku, came_in, ordered, unsold in self.stage.query(CAME_IN, [self.skus]):
            fits = came_in == ordered + everywhere[sku] + unsold
            row = f"{sku}: {came_in} came in; {ordered} ordered, {everywhere[sku]} promised or away, {unsold} unsold"
            violations += expect(ACCOUNTED, fits, row)
        return violations


def parcels(stage: Stage, staff: int = 20, buyers: int = 40, promises: int = 6) -> Result:
    """Staff work on parts of the same promises at once, while buyers order what is left and cancel some of it."""
    desk = Desk(stage, [stage.article(30, second=24) for _ in range(2)])
    stage.run(lambda web: together(desk.promise(web, 6) for _ in range(promises)))
    watch = begin(stage)
    wishes: list[Wish] = []

    async def buy(web: Web, number: int) -> None:
        await asyncio.sleep(random.uniform(0, 0.3))
        token = stage.buyers[number % len(stage.buyers)]
        wish = client.order(token, stage.key(), [(sku, random.randint(1, 2)) for sku in desk.skus])
        wishes.append(wish)
        await wish.ask_until_known(web)
        if wish.outcome == "ok" and random.random() < 0.3:
            wishes.append(client.cancellation(token, stage.key(), wish.result["order_id"]))
            await wishes[-1].ask_until_known(web)

    async def everybody(web: Web) -> None:
        works = [desk.work(web, turns=6) for _ in range(staff)] + [buy(web, number) for number in range(buyers)]
        random.shuffle(works)
        await together(works)

    stage.run(everybody)
    violations = desk.compare() + verdict(watch, wishes, desk.answers) + no_deadlock(watch)
    done = {
        f"most parts in a round: {verb}": sum(n for (*_, of), n in desk.told.items() if of == verb) for verb in PATHS
    }
    return Result(1, 0, len(wishes) + len(desk.answers), violations, dict(done), wishes)


def cancelled_by_all(stage: Stage, staff: int = 8) -> Result:
    """One parcel, that several people cancel at once."""
    desk = Desk(stage, [stage.article(9)])
    watch = begin(stage)
    body: dict[str, object] = {"quantities": {desk.skus[0]: 3}, "warehouse": MAIN}

    async def work(web: Web) -> None:
        await desk.promise(web, 3)
        body["reference"] = next(iter(desk.promised))
        await desk.ask(web, "ship", body)
        await together(desk.ask(web, "cancel", body) for _ in range(staff))

    stage.run(work)
    violations = desk.compare() + verdict(watch, [], desk.answers)
    return Result(1, 0, len(desk.answers), violations)


def moving_holds(stage: Stage, holds: int = 4) -> Result:
    """A hold becomes a promise while staff move it: the move begins before the other has committed."""
    sku = stage.article(2 * holds, second=2 * holds)
    watch = begin(stage)
    names = [stage.key() for _ in range(holds)]
    others: list[Answer] = []
    promised: list[str] = []

    async def race(web: Web, name: str) -> None:
        body = {"reference": f"cart:{name}", "quantities": {sku: 2}, "seconds": 60}
        others.append(await web.send("POST", "/faults/holds", stage.admin, body))
        new = body | {"new_reference": f"kept:{name}"}
        others.extend(
            await together(
                [
                    web.send("POST", "/faults/promises", stage.admin, new, X_Fault="before_commit pause 0.4"),
                    later(web, body | {"warehouse": MAIN, "to": SECOND}),
                ]
            )
        )
        if others[-2].ok:
            promised.append(f"kept:{name}")

    async def later(web: Web, body: dict[str, object]) -> Answer:
        await asyncio.sleep(0.2)
        return await web.send("POST", "/faults/moves", stage.admin, body)

    async def one_after_the_other(web: Web) -> None:
        for name in names:
            await race(web, name)

    stage.run(one_after_the_other)
    rows = stage.query("select reference, quantity from inventory_reservation where reference = any(%s)", [promised])
    violations = expect(KEPT, sorted(rows) == sorted((name, 2) for name in promised), f"told {promised}, there {rows}")
    violations += verdict(watch, [], others)
    return Result(holds, 0, len(others), violations)


def damaged_returns(stage: Stage, returns: int = 5, buyers: int = 10) -> Result:
    """Damaged units of an article that is sold out come back while buyers want it."""
    sku = stage.article(0)
    watch = begin(stage)
    wishes = [client.order(stage.buyers[n % len(stage.buyers)], stage.key(), [(sku, 1)]) for n in range(buyers * 5)]
    others: list[Answer] = []

    async def buy(web: Web, some: list[Wish]) -> None:
        for wish in some:
            await wish.ask_until_known(web)

    async def take_back(web: Web) -> None:
        body = {"quantities": {sku: 1}, "warehouse": MAIN, "condition": "damaged"}
        for number in range(returns):
            reference = {"reference": f"sent-back:{number}"}
            others.append(await web.send("POST", "/faults/returns", stage.admin, body | reference))

    stage.run(lambda web: together([*(buy(web, wishes[n::buyers]) for n in range(buyers)), take_back(web)]))
    told = [wish.outcome for wish in wishes]
    violations = expect(UNSOLD, set(told) == {"refused"} and all(answer.ok for answer in others), told)
    violations += verdict(watch, wishes, others)
    return Result(returns, 0, len(wishes) + returns, violations, wishes=wishes)
