"""Trials of payments in which an answer comes late, or never: what is known then, and what is asked for once more."""

import asyncio

from inventory.invariants import Violation
from tests.faults.checks import Result, expect
from tests.faults.client import Web
from tests.faults.money_checks import begin_with_money
from tests.faults.payments import finish, paid
from tests.faults.stage import Stage, wait_for
from tests.faults.till import PROVIDERS, Till, purchase, till_of

KNOWN = "what was known of a payment is not forgotten"
CANCELLED = "a payment that was cancelled takes nothing"
# The provider has forgotten every key, and the shop may think so.
AGE_CALLS = """
update payments_operation set created_at = created_at - interval '3 days', called_at = called_at - interval '1 hour'
where state = 'intended' and payment_id = any(%s)
"""

ONCE_TRIED = "select 1 from payments_operation where kind = 'refund' and state = 'intended' and tries < 2"


def call_made_again(till: Till) -> None:
    """Wait until no refund waits for its second call. Afterwards the books are compared, which tells all."""
    wait_for("the call made again", lambda: not till.stage.query(ONCE_TRIED))


def answers_overtake(stage: Stage, orders: int = 4) -> Result:
    """An answer is fetched before the buyer pays, and joined when all that came later is known."""
    till = till_of(stage)
    till.take_money("at_once")
    watch = begin_with_money(till)
    till.fake.set(lost=1)
    violations: list[Violation] = []

    async def one_order(web: Web) -> None:
        one = purchase(till, web, "stripe")
        watch.purchases.append(one)
        if not await one.place() or not await one.begin():
            return
        file = till.let("web", "before_apply", "wait")
        taken = file.with_name(f"taken.{file.name}")
        late = asyncio.create_task(one.come_back())
        await asyncio.to_thread(wait_for, "an answer that waits", taken.exists)
        await one.pay()
        await one.come_back()
        before = await one.status()
        taken.unlink()
        answer = await late
        told = (await one.status(), answer.document.get("captured"))
        fits = told == (before, "19.80") and before[1] == "paid"
        violations.extend(expect(KNOWN, fits, f"order {one.id}: {before}, then {told}"))

    async def all_of_them(web: Web) -> None:
        for _ in range(orders):
            await one_order(web)

    till.stage.run(all_of_them)
    return finish(watch, orders, 0, violations)


def keys_are_forgotten(stage: Stage, orders: int = 4) -> Result:
    """Nobody knows whether a refund was made, and the provider knows the key of the call no more."""
    till = till_of(stage)
    till.take_money("at_once")
    watch = begin_with_money(till)
    till.hear_nothing()

    async def one_order(web: Web, number: int) -> None:
        one = purchase(till, web, PROVIDERS[number % 2])
        watch.purchases.append(one)
        if not await paid(one):
            return
        call, way = f"{one.provider}.refund", ("drop_after", "drop_before")[number // 2 % 2]
        await asyncio.to_thread(till.fake.fault, call, way)
        await one.refund("5.00")
        await asyncio.to_thread(till.look_later)
        await asyncio.to_thread(till.fake.tell, "forget_keys")
        till.stage.query(AGE_CALLS, [list(one.payments.values())])
        await asyncio.to_thread(call_made_again, till)

    async def all_of_them(web: Web) -> None:
        for number in range(orders):
            await one_order(web, number)

    till.stage.run(all_of_them)
    return finish(watch, orders, orders)


def cancelled_and_approved(stage: Stage, orders: int = 4) -> Result:
    """A buyer cancels a payment while its provider is silent, and pays it in another tab all the same."""
    till = till_of(stage)
    till.take_money("at_once")
    watch = begin_with_money(till)
    violations: list[Violation] = []

    async def one_order(web: Web) -> None:
        one = purchase(till, web, "paypal")
        watch.purchases.append(one)
        if not await one.place() or not await one.begin():
            return
        ref = one.ref
        await asyncio.to_thread(till.fake.fault, "paypal.fetch", "drop_before")
        cancelled = await one.ask("POST", f"/payments/{one.payments[ref]}/cancel")
        await one.pay()
        await one.come_back()
        rows = await asyncio.to_thread(till.fake.books, one.payments[ref], watch.began_at)
        charges = [charge for row in rows for charge in row["charges"]]
        violations.extend(expect(CANCELLED, cancelled.ok and not charges, f"order {one.id}: {cancelled}, {charges}"))

    async def all_of_them(web: Web) -> None:
        for _ in range(orders):
            await one_order(web)

    till.stage.run(all_of_them)
    return finish(watch, orders, orders, violations)
