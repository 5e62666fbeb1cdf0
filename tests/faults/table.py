"""The sabotage table: with one protection taken away, a named check must turn red, or it would check nothing.

Some protections stand behind another one and are never needed while that one holds. For these the first line is away in
both runs: the control shows that the second line suffices alone, and the sabotage that it is needed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.carts import (
    AS_SEEN,
    EXACT,
    NOTHING_LOST,
    ONE_ORDER,
    changing_prices,
    limited_coupon,
    merges,
    several_tabs,
)
from tests.faults.checks import AS_ASKED, DEADLOCKS, begin, expect, no_deadlock, verdict
from tests.faults.client import together
from tests.faults.crowds import (
    ONE_RESOLUTION,
    ONE_SUCCESSOR,
    TOLD_AT_ONCE,
    expiring_holds,
    hot_article,
    refresh_race,
    retry_storm,
    swapping_carts,
)
from tests.faults.dear import BESIDE, dear_requests
from tests.faults.order_desk import LAST, last_parts
from tests.faults.outages import BOUNDED, database_crashes, frozen_lock_holder
from tests.faults.parcels import CAME_BACK, KEPT, UNSOLD, cancelled_by_all, damaged_returns, moving_holds, parcels
from tests.faults.queues import EXPIRED, mail_server_hangs
from tests.faults.returns import ONCE, returns
from tests.faults.silence import IN_TIME, database_frozen
from tests.faults.stage import MAIN, SECOND, Stage, wait_for
from tests.faults.webhooks import IN_ORDER as BY_POSITION
from tests.faults.webhooks import IN_TIME as WHOLE_IN_TIME
from tests.faults.webhooks import ONCE as ONE_MESSAGE
from tests.faults.webhooks import PRIVATE, SIGNED, dripping_receiver, one_receiver, private_address

CHAIN = "balances of the ledger chain, up to the counters"
NOT_OVERSOLD = "nothing is negative or oversold"
IN_STOCK = "in_stock says whether some of an item is available"
IDLE_DEATHS = "connections that died idle cost no answer"
ROUNDS = 5  # a race may have to be run again before it goes wrong


def same_article_twice(stage: Stage) -> list[Violation]:
    sku = stage.article(100)
    watch = begin(stage)
    wish = client.order(stage.buyers[0], stage.key(), [(sku, 3), (sku, 2)])
    stage.run(wish.ask_until_known)
    return verdict(watch, [wish])


def last_units_in_two_warehouses(stage: Stage) -> list[Violation]:
    """Both leave at the same time: the second posting begins before the first has committed."""
    sku = stage.article(1, second=1)
    watch = begin(stage)
    wishes = [client.adjustment(stage.admin, stage.key(), sku, -1, place) for place in (MAIN, SECOND)]
    stage.run(lambda web: together(wish.ask(web, X_Fault="after_write pause 0.3") for wish in wishes))
    return verdict(watch, wishes)


def idle_deaths(stage: Stage) -> list[Violation]:
    """All connections of the shop die while nobody uses them."""
    sku = stage.article(100)
    others = """from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"""
    wishes = [client.order(token, stage.key(), [(sku, 1)]) for token in stage.buyers[:16]]
    stage.run(lambda web: together(wish.ask(web) for wish in wishes[:8]))
    stage.query(f"select pg_terminate_backend(pid) {others}")
    wait_for("the end of all connections", lambda: not stage.query(f"select 1 {others}"))
    answers = stage.run(lambda web: together(wish.ask(web) for wish in wishes[8:]))
    return expect(IDLE_DEATHS, all(answer.ok for answer in answers), {answer.code for answer in answers})


def opposite_baskets(stage: Stage) -> list[Violation]:
    """Each half of the customers names the same two articles the other way round."""
    skus = [stage.article(100), stage.article(100)]
    watch = begin(stage)
    baskets = [[(sku, 1) for sku in (skus, skus[::-1])[number % 2]] for number in range(16)]
    wishes = [client.order(token, stage.key(), some) for token, some in zip(stage.buyers, baskets, strict=False)]
    stage.run(lambda web: together(wish.ask_until_known(web) for wish in wishes))
    return verdict(watch, wishes) + no_deadlock(watch)


@dataclass(frozen=True)
class Sabotage:
    removed: str
    red: str
    scenario: Callable[[Stage], list[Violation]]
    behind: tuple[str, ...] = ()


TABLE = (
    Sabotage("row lock", CHAIN, lambda stage: hot_article(stage, 60, 20).violations),
    Sabotage("lock order", DEADLOCKS, opposite_baskets),
    Sabotage("one lock for what a hold has and is to have", DEADLOCKS, lambda stage: swapping_carts(stage).violations),
    Sabotage("lock on all warehouses of an item", IN_STOCK, last_units_in_two_warehouses),
    Sabotage("clock_timestamp", CHAIN, lambda stage: hot_article(stage, 60, 20).violations),
    Sabotage("state guard of reservations", ONE_RESOLUTION, lambda stage: expiring_holds(stage, 6).violations),
    Sabotage("lock on stock for parts of promises", CHAIN, lambda stage: parcels(stage).violations),
    Sabotage("lock on promises that move", KEPT, lambda stage: moving_holds(stage).violations),
    Sabotage("look at what is away", CAME_BACK, lambda stage: cancelled_by_all(stage).violations),
    Sabotage("lock on an order whose goods come back", ONCE, lambda stage: returns(stage, 2).violations),
    Sabotage("lock on an order of which a part leaves", LAST, lambda stage: last_parts(stage).violations),
    Sabotage("one posting for what comes back damaged", UNSOLD, lambda stage: damaged_returns(stage).violations),
    Sabotage("sum per item before checking", AS_ASKED, same_article_twice),
    Sabotage("dead-connection handling", IDLE_DEATHS, idle_deaths),
    Sabotage("lock on the key", TOLD_AT_ONCE, lambda stage: retry_storm(stage, 20).violations),
    Sabotage(
        "unique idempotency key", AS_ASKED, lambda stage: retry_storm(stage, 20).violations, behind=("lock on the key",)
    ),
    Sabotage(
        "CHECK against overselling",
        NOT_OVERSOLD,
        lambda stage: hot_article(stage, 60, 20).violations,
        behind=("row lock",),
    ),
    Sabotage("slots of a limited coupon", EXACT, lambda stage: limited_coupon(stage, 60, 20).violations),
    Sabotage("lock on a cart that is placed", ONE_ORDER, lambda stage: several_tabs(stage, 6).violations),
    Sabotage("locks on the carts of a merge", NOTHING_LOST, lambda stage: merges(stage).violations),
    Sabotage("comparison with the total that was seen", AS_SEEN, lambda stage: changing_prices(stage).violations),
    Sabotage("conditional exchange of refresh tokens", ONE_SUCCESSOR, lambda stage: refresh_race(stage, 3).violations),
    Sabotage("commit that waits for the disk", AS_ASKED, lambda stage: database_crashes(stage, 3).violations),
    Sabotage("lock time-out", BOUNDED, lambda stage: frozen_lock_holder(stage).violations),
    Sabotage("deadline of requests", IN_TIME, lambda stage: database_frozen(stage).violations),
    Sabotage("lane of expensive work", BESIDE, lambda stage: dear_requests(stage, 10_000).violations),
    Sabotage("claim on a delivery", ONE_MESSAGE, lambda stage: one_receiver(stage).violations),
    Sabotage("position of an event of a thing", BY_POSITION, lambda stage: one_receiver(stage).violations),
    Sabotage("secret of an endpoint", SIGNED, lambda stage: one_receiver(stage, 10).violations),
    Sabotage("check of a receiver's address", PRIVATE, private_address),
    Sabotage("deadline of a webhook", WHOLE_IN_TIME, dripping_receiver),
    Sabotage("queue of mails", EXPIRED, lambda stage: mail_server_hangs(stage, 100).violations),
)


@dataclass(frozen=True)
class Finding:
    """What a run with and one without the protection have shown."""

    removed: str
    red: str
    behind: str
    detected: bool
    example: str


def find(stage: Stage, sabotage: Sabotage) -> Finding:
    """Run the control, where the named check must stay green, and the sabotage, where it must turn red."""
    if sabotage.behind:
        with stage.copy(*sabotage.behind) as control:
            false_alarm = next(reds(control, sabotage), None)
    else:
        false_alarm = next(reds(stage, sabotage), None)
    example = None
    if false_alarm is None:
        with stage.copy(*sabotage.behind, sabotage.removed) as damaged:
            for _ in range(ROUNDS):
                if example := next(reds(damaged, sabotage), None):
                    break
    row = f"without sabotage: {false_alarm}" if false_alarm else example or "not detected"
    return Finding(sabotage.removed, sabotage.red, ", ".join(sabotage.behind), bool(example), row[:200])


def reds(stage: Stage, sabotage: Sabotage) -> Iterator[str]:
    return (violation.row for violation in sabotage.scenario(stage) if violation.invariant == sabotage.red)
