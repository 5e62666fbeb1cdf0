"""Trials of payments in which several people act at the same moment, and a whole day of everything."""

import asyncio
import random
import time
from collections.abc import Awaitable
from decimal import Decimal

from inventory.invariants import Violation
from tests.faults.checks import Result, expect
from tests.faults.client import Web, together
from tests.faults.money_checks import MoneyWatch, begin_with_money, money_verdict
from tests.faults.payments import FAULTS, HANG, TOLD_BADLY, any_life, finish, paid
from tests.faults.stage import Stage
from tests.faults.till import PROVIDERS, Purchase, Till, acted, purchase, till_of

ONE_PAYMENT = "tabs of one order pay by one payment of each provider"
ONE_CAPTURE = "money that was set apart is taken once, with the first goods"
TAKEN = "of refunds at once so many succeed as there is money for"
TOTAL = Decimal("19.80")
# The time of an order is over.
AGE = """
update orders_order set order_date = order_date - interval '30 days', payable_until = clock_timestamp() where id = %s
"""


def two_tabs(stage: Stage, orders: int = 10, tabs: int = 4) -> Result:
    """An order is paid in several tabs at once, by one provider or by both, and each tab pays what it was told."""
    till = till_of(stage)
    till.take_money(random.choice(("at_once", "shipment")))
    watch = begin_with_money(till)
    violations: list[Violation] = []

    async def pay_in_tabs(web: Web, number: int) -> None:
        one = purchase(till, web)
        watch.purchases.append(one)
        await one.place()
        both = number % 2 == 1
        names = [PROVIDERS[tab % 2] if both else one.provider for tab in range(tabs)]
        refs = await together(one.begin(provider=name, fault="inside_t1 pause 0.05") for name in names)
        if not both:
            violations.extend(expect(ONE_PAYMENT, len(set(refs)) == 1 and all(refs), f"{one.id}: {refs}"))
        await together(one.pay(ref) for ref in dict.fromkeys(refs) if ref)

    turns = iter(range(orders))

    async def customer(web: Web) -> None:
        for number in turns:
            await pay_in_tabs(web, number)

    till.stage.run(lambda web: together(customer(web) for _ in range(3)))
    return finish(watch, orders, 0, violations)


def clock_and_people(stage: Stage, orders: int = 10) -> Result:
    """The time of an order is over at the moment when its customer pays, comes back, or cancels, and staff cancel."""
    till = till_of(stage)
    till.take_money(random.choice(("at_once", "shipment")))
    watch = begin_with_money(till)
    # Nobody tells the shop who has paid: it has to ask.
    till.fake.set(lost=0.5)

    async def at_its_last_moment(web: Web, number: int) -> None:
        one = purchase(till, web)
        watch.purchases.append(one)
        await one.place()
        await one.begin()
        in_time = number % 2 == 0 and await one.pay()
        till.stage.query(AGE, [one.id])
        works: list[Awaitable[object]] = [sweep(till, web, watch), sweep(till, web, watch)]
        if number % 4 == 0:
            watch.in_time.append(one.id)
        elif in_time:
            works.append(one.give_up(random.choice((one.token, till.stage.admin))))
        else:
            works += [one.pay(), one.come_back()]
        random.shuffle(works)
        await together(works)

    turns = iter(range(orders))

    async def customer(web: Web) -> None:
        for number in turns:
            await at_its_last_moment(web, number)

    till.stage.run(lambda web: together(customer(web) for _ in range(3)))
    return finish(watch, orders, 0)


async def sweep(till: Till, web: Web, watch: MoneyWatch) -> None:
    """The clock of orders, and that of payments, which is the worker's too."""
    for path in ("/faults/sweeps", "/faults/payments/reconcile"):
        answer = await web.send("POST", path, till.stage.admin, {})
        watch.others.append(answer)


def refunds_at_once(stage: Stage, orders: int = 6, people: int = 3) -> Result:
    """Several people give back most of the same money at once."""
    till = till_of(stage)
    till.take_money("at_once")
    watch = begin_with_money(till)
    violations: list[Violation] = []

    async def all_of_them(web: Web) -> None:
        for number in range(orders):
            one = purchase(till, web, PROVIDERS[number % 2])
            watch.purchases.append(one)
            if not await paid(one):
                continue
            answers = await together(one.refund("8.00", fault="inside_t1 pause 0.1") for _ in range(people))
            outcomes = sorted(answer.code or "ok" for answer in answers)
            fits = outcomes == ["ok", "ok", *["refund_too_high"] * (people - 2)]
            violations.extend(expect(TAKEN, fits, f"order {one.id}: {outcomes}"))

    till.stage.run(all_of_them)
    return finish(watch, orders, 0, violations)


def everybody_gives_back(stage: Stage, orders: int = 6) -> Result:
    """At once goods come back or the order is cancelled, staff give back an amount, and somebody does so at the
    provider's own page."""
    till = till_of(stage)
    till.take_money("at_once")
    watch = begin_with_money(till)

    async def one_order(web: Web, number: int) -> None:
        one = purchase(till, web, PROVIDERS[number % 2])
        watch.purchases.append(one)
        if not await paid(one):
            return
        works: list[Awaitable[object]] = [one.refund("3.00"), at_their_page(one, "4.00")]
        if number % 3:
            await one.send()
            works.append(take_in(one))
        else:
            works.append(one.give_up(till.stage.admin))
        random.shuffle(works)
        done = await together(works)
        watch.at_their_pages += sum(outcome is True for outcome in done)

    async def all_of_them(web: Web) -> None:
        await together(one_order(web, number) for number in range(orders))

    till.stage.run(all_of_them)
    began = time.monotonic()
    # The provider refuses what is more than is left there: a person sees it then.
    found = money_verdict(watch, refusals=True)
    asked = sum(len(one.answers) for one in watch.purchases)
    return Result(orders, 0, asked, found, {"came to rest within, s": time.monotonic() - began})


async def at_their_page(one: Purchase, amount: str) -> bool:
    """Somebody gives back an amount at the provider's page. Stripe's are in cents."""
    said = str(int(Decimal(amount) * 100)) if one.provider == "stripe" else amount
    return await acted(one.till, "refund", one.ref, amount=said)


async def take_in(one: Purchase) -> None:
    """One of two units comes back."""
    admin, [line] = one.till.stage.admin, one.wish.result["order_items"]
    lines = [{"order_item_id": line["order_item_id"], "quantity": 1}]
    asked = await one.ask("POST", "/returns", {"lines": lines}, token=admin)
    if asked.ok:
        await one.ask("POST", f"/returns/{asked.document['return_id']}/receive", {}, token=admin)


def taken_with_goods(stage: Stage, orders: int = 5) -> Result:
    """Money was set apart. Both parts of the order leave at once, and staff take the money by hand as well."""
    till = till_of(stage)
    till.take_money("shipment")
    watch = begin_with_money(till)
    violations: list[Violation] = []

    async def one_order(web: Web, number: int) -> None:
        one = purchase(till, web, PROVIDERS[number % 2])
        watch.purchases.append(one)
        if not await one.place() or not await one.begin() or not await one.pay():
            return
        await one.come_back()
        if not await one.until("authorized"):
            return
        [line], admin = one.wish.result["order_items"], till.stage.admin
        part = {"lines": [{"order_item_id": line["order_item_id"], "quantity": 1}]}
        works = [one.ask("POST", "/fulfilments", part, token=admin) for _ in range(2)]
        works.append(one.ask("POST", f"/payments/{one.payments[one.ref]}/capture", {}, token=admin))
        random.shuffle(works)
        await together(works)
        violations.extend(expect(ONE_CAPTURE, await one.until("paid"), f"order {one.id}: {await one.status()}"))

    till.stage.run(lambda web: together(one_order(web, number) for number in range(orders)))
    result = finish(watch, orders, 0, violations)
    for row in till.fake.books(since=watch.began_at):
        if row["payment_id"] and int(row["payment_id"]) > watch.payment:
            fits = [Decimal(charge["amount"]) for charge in row["charges"]] == [TOTAL]
            result.violations += expect(ONE_CAPTURE, fits, row)
    return result


def chaos(stage: Stage, orders: int = 30) -> Result:
    """A part of a day on which everything goes wrong: calls fail, notifications lie, processes die."""
    till = till_of(stage)
    till.take_money(random.choice(("at_once", "shipment")))
    watch = begin_with_money(till)
    till.fake.set(**TOLD_BADLY)
    over = asyncio.Event()
    deaths = 0

    async def trouble() -> None:
        nonlocal deaths
        while not over.is_set():
            call = f"{random.choice(PROVIDERS)}.{random.choice(('create', 'capture', 'cancel', 'refund', 'fetch'))}"
            await asyncio.to_thread(till.fake.fault, call, random.choice(FAULTS), 1, HANG)
            await asyncio.sleep(random.uniform(0.1, 0.4))
            if random.random() < 0.1:
                deaths += 1
                await asyncio.to_thread(till.kill_web)
            if random.random() < 0.01:
                deaths += 1
                random.choice((till.kill_worker, till.crash_database))()

    async def day(web: Web) -> None:
        turns = iter(range(orders))

        async def customer() -> None:
            for _ in turns:
                one = purchase(till, web)
                watch.purchases.append(one)
                await any_life(one)

        going = asyncio.create_task(trouble())
        try:
            await together(customer() for _ in range(8))
        finally:
            over.set()
            await going

    till.stage.run(day)
    return finish(watch, orders, deaths)
