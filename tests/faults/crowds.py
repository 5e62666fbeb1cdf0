"""Trials of many clients at once: crowds, baskets, retry storms, expiring holds, refresh tokens."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import Result, begin, expect, no_deadlock, sold_out, verdict
from tests.faults.client import Answer, Web, Wish, together
from tests.faults.stage import ADMIN, MAIN, SECOND, Stage

ONE_ORDER = "five requests with one key make one order"
TOLD_AT_ONCE = "who sends a key again while it runs is told so at once"
ONE_RESOLUTION = "a hold is promised or expired, never both"
LAST_WISH = "a cart holds what it asked for last, and nothing else"
ONE_SUCCESSOR = "a refresh token has one successor"
AGE = "update orders_order set order_date = order_date - interval '2 days' where id = %s"


def hot_article(stage: Stage, buyers: int = 500, units: int = 100) -> Result:
    """Everybody wants one unit of the same article, at the same moment."""
    sku = stage.article(units - units // 4, second=units // 4)
    watch = begin(stage)
    wishes = [client.order(token, stage.key(), [(sku, 1)]) for token in crowd(stage, buyers)]
    stage.run(lambda web: together(wish.ask_until_known(web) for wish in wishes))
    violations = verdict(watch, wishes) + sold_out(stage, [sku]) + no_deadlock(watch)
    return Result(1, 0, buyers, violations, wishes=wishes)


def crowd(stage: Stage, size: int) -> list[str]:
    return [stage.buyers[number % len(stage.buyers)] for number in range(size)]


def baskets(stage: Stage, buyers: int = 500, units: int = 60) -> Result:
    """Baskets of several articles in opposite sequence, while orders are cancelled, goods come in, stock is adjusted,
    holds expire and orders too; in the end the rest is bought."""
    skus = [stage.article(units, second=units // 3) for _ in range(4)]
    watch = begin(stage)
    wishes: list[Wish] = []
    others: list[Answer] = []

    async def buy(web: Web, token: str, number: int) -> None:
        chosen = sorted(random.sample(skus, k=random.randint(2, 4)), reverse=bool(number % 2))
        wish = client.order(token, stage.key(), [(sku, random.randint(1, 2)) for sku in chosen])
        await ask(web, wish)
        if wish.outcome == "ok" and random.random() < 0.4:
            path = f"/orders/{wish.result['order_id']}"
            if random.random() < 0.2:
                stage.query(AGE, [wish.result["order_id"]])
            elif random.random() < 0.6:
                await ask(web, client.cancellation(token, stage.key(), wish.result["order_id"]))
            else:
                others.append(await web.send("PUT", f"{path}/status", stage.admin, {"status": "confirmed"}))
                others.append(await web.send("PUT", f"{path}/status", stage.admin, {"status": "shipped"}))

    async def post(web: Web) -> None:
        sku, place = random.choice(skus), random.choice((MAIN, SECOND))
        if random.random() < 0.5:
            await ask(web, client.receipt(stage.admin, stage.key(), sku, random.randint(1, 5), place))
        else:
            await ask(web, client.adjustment(stage.admin, stage.key(), sku, random.choice((-2, -1, 1)), place))

    async def hold(web: Web) -> None:
        name = stage.key()
        units = {"sku": random.choice(skus), "quantity": 1}
        body = {"reference": f"cart:{name}", "seconds": 0.2} | units
        others.append(await web.send("POST", "/faults/holds", stage.admin, body))
        if random.random() < 0.5:
            names = {"reference": f"cart:{name}", "new_reference": f"kept:{name}"} | units
            others.append(await web.send("POST", "/faults/promises", stage.admin, names))

    async def sweep(web: Web) -> None:
        others.append(await web.send("POST", "/faults/sweeps", stage.admin, {}))

    async def ask(web: Web, wish: Wish) -> None:
        wishes.append(wish)
        await wish.ask_until_known(web)

    async def everything(web: Web) -> None:
        works = [buy(web, token, number) for number, token in enumerate(crowd(stage, buyers))]
        works += [work(web) for work in (post, hold, sweep) for _ in range(max(4, buyers // 20))]
        random.shuffle(works)
        await together(works)

    async def buy_the_rest(web: Web) -> None:
        await asyncio.sleep(0.3)
        await sweep(web)
        for sku in skus:
            while (
                wishes[-1].outcome == "ok"
                or wishes[-1].kind != "order"
                or wishes[-1].body["order_items"][0]["sku"] != sku
            ):
                await ask(web, client.order(stage.buyers[0], stage.key(), [(sku, 1)]))

    stage.run(everything)
    stage.run(buy_the_rest)
    violations = verdict(watch, wishes, others) + sold_out(stage, skus) + no_deadlock(watch)
    return Result(1, 0, len(wishes) + len(others), violations, wishes=wishes)


def retry_storm(stage: Stage, orders: int = 50) -> Result:
    """Each order is sent five times at once with one key."""
    sku = stage.article(10 * orders)
    watch = begin(stage)
    wishes = [client.order(token, stage.key(), [(sku, 1)]) for token in crowd(stage, orders)]
    violations: list[Violation] = []

    async def storm(web: Web) -> None:
        for some in (wishes[first : first + 10] for first in range(0, orders, 10)):
            await together(wish.ask(web) for wish in some for _ in range(5))

    stage.run(storm)
    for wish in wishes:
        told = {answer.document.get("order_id") or answer.code for answer in wish.answers}
        violations += expect(ONE_ORDER, len(told - {"in_progress"}) == 1, f"{wish.key}: {told}")
    codes = Counter(answer.code for wish in wishes for answer in wish.answers)
    violations += expect(TOLD_AT_ONCE, codes["in_progress"] > 0, f"answers: {codes}")
    violations += verdict(watch, wishes)
    return Result(orders, 0, 5 * orders, violations, wishes=wishes)


def expiring_holds(stage: Stage, holds: int = 20) -> Result:
    """Two sweepers meet each hold at the moment when it is confirmed, which is the moment when it expires.

    What comes first on the wire changes; whoever comes later finds the hold resolved.
    """
    sku = stage.article(3 * holds)
    watch = begin(stage)
    promised: list[str] = []
    others: list[Answer] = []
    violations: list[Violation] = []

    async def race(web: Web) -> None:
        for _ in range(holds):
            name, seconds = stage.key(), 0.05
            units = {"sku": sku, "quantity": 1}
            body = {"reference": f"cart:{name}", "seconds": seconds} | units
            others.append(await web.send("POST", "/faults/holds", stage.admin, body))
            await asyncio.sleep(max(0.0, seconds - others[-1].seconds + random.uniform(-0.002, 0.006)))
            names = {"reference": f"cart:{name}", "new_reference": f"kept:{name}"} | units
            works = [("/faults/promises", names), ("/faults/sweeps", {}), ("/faults/sweeps", {})]
            random.shuffle(works)
            answers = await together(web.send("POST", path, stage.admin, body) for path, body in works)
            others.extend(answers)
            if any("units" in answer.document for answer in answers if answer.ok):
                promised.append(name)
            late = await together(web.send("POST", "/faults/sweeps", stage.admin, {}) for _ in range(2))
            others.extend(late)

    stage.run(race)
    rows = stage.query(
        """select reference, state, quantity from inventory_reservation r
        join inventory_stocklevel l on l.id = r.level_id join inventory_stockitem i on i.id = l.item_id
        where i.sku = %s order by r.id""",
        [sku],
    )
    kept = {
        reference.removeprefix("kept:") for reference, state, _ in rows if (reference[:5], state) == ("kept:", "open")
    }
    ended = {reference.removeprefix("cart:") for reference, state, _ in rows if state == "expired"}
    violations += expect(ONE_RESOLUTION, kept == set(promised), f"told {promised}, kept {sorted(kept)}")
    violations += expect(ONE_RESOLUTION, not kept & ended and len(kept | ended) == holds, rows)
    violations += verdict(watch, [], others)
    return Result(holds, 0, len(others), violations, {"holds that were confirmed": len(kept)})


def swapping_carts(stage: Stage, carts: int = 16, turns: int = 5) -> Result:
    """Each half of the carts holds the one article and changes to the other, all at once and again and again."""
    skus = [stage.article(2 * carts), stage.article(2 * carts)]
    watch = begin(stage)
    names = [f"cart:{stage.key()}" for _ in range(carts)]
    others: list[Answer] = []

    async def swap(web: Web) -> None:
        for turn in range(turns + 1):
            bodies = [
                {"reference": name, "quantities": {skus[(number + turn) % 2]: 1}, "seconds": 60}
                for number, name in enumerate(names)
            ]
            works = [web.send("POST", "/faults/replacements", stage.admin, body) for body in bodies]
            others.extend(await together(works))

    stage.run(swap)
    held = stage.query(
        """select r.reference, i.sku, r.quantity from inventory_reservation r
        join inventory_stocklevel l on l.id = r.level_id join inventory_stockitem i on i.id = l.item_id
        where r.state = 'open' and r.reference = any(%s)""",
        [names],
    )
    wanted = {(name, skus[(number + turns) % 2], 1) for number, name in enumerate(names)}
    violations = expect(LAST_WISH, set(held) == wanted and len(held) == carts, held)
    violations += verdict(watch, [], others) + no_deadlock(watch)
    return Result(1, 0, len(others), violations)


def expiring_orders(stage: Stage, orders: int = 20) -> Result:
    """Two sweepers meet each overdue order at the moment when it is confirmed."""
    sku = stage.article(3 * orders)
    watch = begin(stage)
    wishes = [client.order(token, stage.key(), [(sku, 1)]) for token in crowd(stage, orders)]
    others: list[Answer] = []
    violations: list[Violation] = []

    async def race(web: Web) -> None:
        for wish in wishes:
            await wish.ask_until_known(web)
            id = wish.result["order_id"]
            stage.query(AGE, [id])
            works = [
                web.send("PUT", f"/orders/{id}/status", stage.admin, {"status": "confirmed"}),
                web.send("POST", "/faults/sweeps", stage.admin, {}),
                web.send("POST", "/faults/sweeps", stage.admin, {}),
            ]
            confirmation, *sweeps = await together(works)
            others.extend([confirmation, *sweeps])
            swept = sum(sweep.document["orders"] for sweep in sweeps)
            ((status,),) = stage.query("select status from orders_order where id = %s", [id])
            told = (confirmation.ok, swept, status)
            fits = told in ((True, 0, "confirmed"), (False, 1, "cancelled"))
            violations.extend(expect(ONE_RESOLUTION, fits, f"order {id}: {told}"))

    stage.run(race)
    violations += verdict(watch, wishes, others)
    confirmed = sum(answer.ok and "order_id" in answer.document for answer in others)
    return Result(orders, 0, 4 * orders, violations, {"orders that were confirmed": confirmed}, wishes)


def refresh_race(stage: Stage, races: int = 20, parallel: int = 20) -> Result:
    """A refresh token is used many times at once."""
    watch = begin(stage)
    tokens = [stage.session(ADMIN)["refresh_token"] for _ in range(races)]
    seen: list[Answer] = []
    violations: list[Violation] = []

    async def race(web: Web) -> None:
        for token in tokens:
            answers = await together(
                web.send("POST", "/users/token/refresh", body={"refresh_token": token}) for _ in range(parallel)
            )
            seen.extend(answers)
            successors = {answer.document.get("refresh_token") for answer in answers}
            told = f"{statuses(answers)}, {len(successors)} successors"
            violations.extend(
                expect(ONE_SUCCESSOR, statuses(answers) == {200: parallel} and len(successors) == 1, told)
            )

    stage.run(race)
    violations += verdict(watch, [], seen)
    return Result(races, 0, len(seen), violations)


def statuses(answers: Iterable[Answer]) -> dict[int, int]:
    seen = [answer.status for answer in answers]
    return {status: seen.count(status) for status in sorted(set(seen))}
