"""Trials of payments in which processes die at named places and at random, and providers fail or tell badly."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence

from inventory.invariants import Violation
from tests.faults.checks import Result, expect
from tests.faults.client import Web, together
from tests.faults.kills import fired
from tests.faults.money_checks import MoneyWatch, begin_with_money, money_verdict
from tests.faults.stage import Stage, wait_for
from tests.faults.till import PROVIDERS, Purchase, Till, purchase, till_of

FORGED = "nothing is kept of what the provider did not sign"
DIED = "a process died at each place"
# At the first two a request has not begun its call: its first commit is that of what is intended.
IN_REQUESTS = (
    *("before_commit", "after_commit", "before_call", "during_call", "after_call"),
    *("before_apply", "inside_t2", "after_t2"),
)
IN_WORKER = ("inside_t1", "before_call", "during_call", "after_call", "before_apply", "inside_t2", "after_t2")
CALLS = ("create", "capture", "cancel", "refund", "fetch")
FAULTS = ("drop_before", "drop_after", "hang", "500_before", "500_after", "429")
HANG = 0.4
# Longer than the shop waits, and shorter than it waits before it asks again (edges.py).
TOO_LONG = 1.7
TOLD_BADLY = {"lost": 0.3, "doubled": 0.5, "badly_signed": 0.2, "forged": 0.3, "delay": [0.0, 0.5]}
LIES = "select count(*) from payments_notification where event_id like '%lie'"
Life = Callable[[Purchase], Awaitable[None]]


async def paid(one: Purchase) -> bool:
    """Order, pay, and come back."""
    if not await one.place() or not await one.begin() or not await one.pay():
        return False
    await one.come_back()
    return await one.until("paid")


async def any_life(one: Purchase) -> None:
    """What customers do: some never pay, some cancel, some get money back, most get their goods."""
    if not await one.place():
        return
    chance = random.random()
    if chance < 0.1:
        return
    if not await one.begin() or chance < 0.15:
        return
    if chance < 0.25:
        await together([one.pay(), one.give_up()])
        return
    await one.pay()
    if chance < 0.6:
        await one.come_back()
    if not await one.until("confirmed", "cancelled"):
        return
    if chance > 0.9:
        await one.give_up(one.till.stage.admin)
    elif chance > 0.75:
        await one.refund("5.00")
    elif chance > 0.5:
        await one.send()


def finish(watch: MoneyWatch, trials: int, faults: int, violations: Sequence[Violation] = ()) -> Result:
    """The result of trials, when the shop has come to rest."""
    began = time.monotonic()
    found = [*violations, *money_verdict(watch)]
    asked = sum(len(one.answers) + len(one.wish.answers) for one in watch.purchases)
    wishes = [one.wish for one in watch.purchases]
    return Result(trials, faults, asked, found, {"came to rest within, s": time.monotonic() - began}, wishes)


def web_dies(stage: Stage, kills: int = 40) -> Result:
    """A web process dies over a request that begins a payment or gives money back, at a place that is named."""
    till = till_of(stage)
    till.take_money("at_once")
    watch = begin_with_money(till)
    before = len(fired(till.stage))
    turns = iter(range(kills))

    async def dies_over(web: Web) -> None:
        for turn in turns:
            place, provider = IN_REQUESTS[turn % len(IN_REQUESTS)], PROVIDERS[turn // len(IN_REQUESTS) % 2]
            one = purchase(till, web, provider)
            watch.purchases.append(one)
            await one.place()
            refunds = (turn + turn // len(IN_REQUESTS)) % 2 == 1
            if refunds and not await paid(one):
                continue
            if place == "during_call":
                call = "refund" if refunds else "create"
                await asyncio.to_thread(till.fake.fault, f"{provider}.{call}", "hang", 1, HANG)
                till.let("web", place, "kill")
                place = ""
            fault = f"{place} kill" if place else ""
            if refunds:
                await one.refund("4.00", fault=fault)
            else:
                await one.begin(fault=fault)
                await one.pay()
            if turn % 5 == 0:
                await one.give_up(stage_admin(one))

    till.stage.run(lambda web: together(dies_over(web) for _ in range(3)))
    # A request may have died with another one's process, or the worker was faster: then nothing dies at its place.
    died = len(fired(till.stage)) - before
    return finish(watch, died, died, expect(DIED, died >= kills / 2, f"{died} of {kills} died"))


def stage_admin(one: Purchase) -> str:
    return one.till.stage.admin


def worker_dies(stage: Stage, kills: int = 7) -> Result:
    """The worker dies over what follows from orders that were paid and are cancelled, or shipped."""
    till = till_of(stage)
    watch = begin_with_money(till)
    before = len(fired(till.stage))

    async def dies_over(web: Web, turn: int) -> None:
        place, provider = IN_WORKER[turn % len(IN_WORKER)], PROVIDERS[turn // len(IN_WORKER) % 2]
        ships = provider == "stripe" and turn % 2 == 1
        till.take_money("shipment" if ships else "at_once")
        one = purchase(till, web, provider)
        watch.purchases.append(one)
        if not await one.place() or not await one.begin():
            return
        await one.pay()
        if not await one.until("confirmed"):
            return
        if place == "during_call":
            call = "capture" if ships else "refund"
            await asyncio.to_thread(till.fake.fault, f"{provider}.{call}", "hang", 1, HANG)
        file = till.let("worker", place, "kill")
        await (one.send() if ships else one.give_up(till.stage.admin))
        await asyncio.to_thread(wait_for, "the worker's death", lambda: not till.worker_runs())
        file.with_name(f"taken.{file.name}").unlink(missing_ok=True)
        till.start_worker()

    for turn in range(kills):
        till.stage.run(lambda web, turn=turn: dies_over(web, turn))  # type: ignore[misc]
    died = len(fired(till.stage)) - before
    return finish(watch, kills, died, expect(DIED, died == kills, f"{died} of {kills} died"))


def database_dies(stage: Stage, crashes: int = 7) -> Result:
    """PostgreSQL dies while web or worker stand at a place that is named."""
    till = till_of(stage)
    till.take_money("at_once")
    watch = begin_with_money(till)

    async def dies_at(web: Web, turn: int) -> None:
        place, provider = IN_WORKER[turn % len(IN_WORKER)], PROVIDERS[turn // len(IN_WORKER) % 2]
        by_worker = turn % 2 == 1
        one = purchase(till, web, provider)
        watch.purchases.append(one)
        ready = await paid(one) if by_worker else await one.place()
        if not ready:
            return
        file = till.let("worker" if by_worker else "web", place, "wait")
        going = asyncio.create_task(going_on(one, by_worker))
        taken = file.with_name(f"taken.{file.name}")
        await asyncio.to_thread(wait_for, f"somebody at {place}", taken.exists)
        till.crash_database()  # not in a thread: what a thread has started ends with it
        taken.unlink()
        await going

    async def going_on(one: Purchase, by_worker: bool) -> None:
        if by_worker:
            await one.give_up(till.stage.admin)
        else:
            await one.begin()
            await one.pay()

    for turn in range(crashes):
        till.stage.run(lambda web, turn=turn: dies_at(web, turn))  # type: ignore[misc]
    return finish(watch, crashes, crashes)


def anybody_dies(stage: Stage, kills: int = 20) -> Result:
    """Web processes and now and then the worker die at any moment, while customers do what they do."""
    till = till_of(stage)
    till.take_money(random.choice(("at_once", "shipment")))
    watch = begin_with_money(till)
    over = False

    async def customer(web: Web) -> None:
        while not over:
            one = purchase(till, web)
            watch.purchases.append(one)
            await any_life(one)

    async def killer() -> None:
        nonlocal over
        for number in range(kills):
            await asyncio.sleep(random.uniform(0.05, 0.25))
            await asyncio.to_thread(till.kill_worker if number % 10 == 9 else till.kill_web)
        over = True

    till.stage.run(lambda web: together([killer(), *(customer(web) for _ in range(5))]))
    return finish(watch, kills, kills)


def told_badly(stage: Stage, orders: int = 20) -> Result:
    """Notifications are lost, doubled, late, out of sequence, and forged by strangers."""
    till = till_of(stage)
    till.take_money("shipment")
    watch = begin_with_money(till)
    till.fake.set(**TOLD_BADLY)
    live(till, watch, orders)
    ((lies,),) = till.stage.query(LIES)
    return finish(watch, orders, orders, expect(FORGED, lies == 0, f"{lies} forged ones"))


def live(till: Till, watch: MoneyWatch, orders: int, life: Life = any_life, at_once: int = 6) -> None:
    """So many customers buy, a few at once."""
    turns = iter(range(orders))

    async def customer(web: Web) -> None:
        for _ in turns:
            one = purchase(till, web)
            watch.purchases.append(one)
            await life(one)

    till.stage.run(lambda web: together(customer(web) for _ in range(at_once)))


def providers_fail(stage: Stage, faults: int = 60) -> Result:
    """Each call of each provider fails in each way, amid what customers do; then all of them are down for a moment."""
    till = till_of(stage)
    watch = begin_with_money(till)
    ways = [(f"{provider}.{call}", way) for way in FAULTS for call in CALLS for provider in PROVIDERS]
    ways += [("paypal.authorize", way) for way in FAULTS]
    for number in range(faults):
        call, way = ways[number % len(ways)] if faults >= len(ways) else random.choice(ways)
        till.fake.fault(call, way, 2 if way == "drop_before" else 1, TOO_LONG)
    for when in ("at_once", "shipment"):
        till.take_money(when)
        live(till, watch, max(4, faults // 6), cancelled_or_refunded)
    till.fake.kill()
    going = max(3, faults // 20)

    async def down(web: Web) -> None:
        some = [purchase(till, web) for _ in range(going)]
        watch.purchases.extend(some)
        await together(one.place() for one in some)
        works = [asyncio.create_task(any_payment(one)) for one in some]
        await asyncio.sleep(0)
        await asyncio.to_thread(till.fake.start)
        await together(works)

    till.stage.run(down)
    return finish(watch, faults, faults)


async def any_payment(one: Purchase) -> None:
    if await one.begin():
        await one.pay()


async def cancelled_or_refunded(one: Purchase) -> None:
    """Every call of a provider is made: begun, taken, given back in part, cancelled."""
    if not await one.place() or not await one.begin():
        return
    if random.random() < 0.3:
        await one.give_up()
        return
    await one.pay()
    await one.come_back()
    if not await one.until("paid", "authorized"):
        return
    if "authorized" in await one.status():
        await one.send()
    elif random.random() < 0.7:
        await one.refund("3.00")
    else:
        await one.give_up(one.till.stage.admin)
