"""The sabotage table of payments: with one protection taken away, a named check must turn red."""

import asyncio

from inventory.invariants import Violation
from tests.faults.client import Web
from tests.faults.late_answers import (
    CANCELLED,
    KNOWN,
    answers_overtake,
    call_made_again,
    cancelled_and_approved,
    keys_are_forgotten,
)
from tests.faults.money_checks import AS_PROMISED, AT_REST, IN_TIME, NET, ONE_REFUND, begin_with_money
from tests.faults.paying import ONE_PAYMENT, clock_and_people, two_tabs
from tests.faults.payments import finish, paid
from tests.faults.stage import Stage
from tests.faults.table import TABLE, Sabotage
from tests.faults.till import purchase, till_of

SUMS = "payments are the sum of their entries"
# Nothing comes to its end without the reconciler, however long it is waited for.
SHORT_PATIENCE = 8.0


def refunded(stage: Stage, way: str = "", fault: str = "", *, again: bool = True) -> list[Violation]:
    """Some money of a card goes back: the provider does it or not, and does not answer, or the web process dies."""
    till = till_of(stage)
    till.take_money("at_once")
    watch = begin_with_money(till)

    async def one_order(web: Web) -> None:
        one = purchase(till, web, "stripe")
        watch.purchases.append(one)
        if way:
            await asyncio.to_thread(till.hear_nothing)
        if not await paid(one):
            return
        if way:
            await asyncio.to_thread(till.fake.fault, "stripe.refund", way)
        await one.refund("5.00", fault=fault)
        if way:
            await asyncio.to_thread(till.look_later)
        if way and again:
            await asyncio.to_thread(call_made_again, till)

    till.stage.run(one_order)
    return finish(watch, 1, 1).violations


def left_alone(stage: Stage) -> list[Violation]:
    """Nobody knows what became of a refund, and nobody comes back to it."""
    till = till_of(stage)
    before, till.patience = till.patience, SHORT_PATIENCE
    try:
        return refunded(stage, "drop_before", again=False)
    finally:
        till.patience = before


def cancelled(stage: Stage, way: str = "") -> list[Violation]:
    """An order that is paid is cancelled. The provider may be silent when the money is to go back."""
    till = till_of(stage)
    till.take_money("at_once")
    watch = begin_with_money(till)

    async def one_order(web: Web) -> None:
        one = purchase(till, web, "stripe")
        watch.purchases.append(one)
        if not await paid(one):
            return
        if way:
            await asyncio.to_thread(till.fake.fault, "stripe.refund", way)
        await one.give_up(till.stage.admin)

    till.stage.run(one_order)
    return finish(watch, 1, 1).violations


MONEY = (
    Sabotage("one key for all tries of a call", ONE_REFUND, lambda stage: refunded(stage, "drop_after")),
    Sabotage("row on disk before the call", AS_PROMISED, lambda stage: refunded(stage, fault="inside_t1 kill")),
    Sabotage("question of the clock before it cancels", IN_TIME, lambda stage: clock_and_people(stage, 12).violations),
    Sabotage("automatic refund", NET, cancelled),
    Sabotage("join of what providers say", KNOWN, lambda stage: answers_overtake(stage, 1).violations),
    Sabotage("look before a call with an old key", ONE_REFUND, lambda stage: keys_are_forgotten(stage, 1).violations),
    Sabotage("reconciler", AT_REST, left_alone),
    Sabotage("no answer means that nobody knows", NET, lambda stage: cancelled(stage, "drop_before")),
    Sabotage(
        "lock on an order that is to be paid",
        ONE_PAYMENT,
        lambda stage: two_tabs(stage, 4).violations,
        behind=("one live payment of an order",),
    ),
    Sabotage("fence around what is cancelled", CANCELLED, lambda stage: cancelled_and_approved(stage, 1).violations),
    Sabotage(
        "one entry for each thing that happened",
        SUMS,
        lambda stage: refunded(stage),
        behind=("unique entries of the books",),
    ),
)
ALL_ROWS = (*TABLE, *MONEY)
