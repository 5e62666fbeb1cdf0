"""All trials by name, and how many of each the long and the short proof run."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.carts import (
    changing_prices,
    coupon_of_one_customer,
    expiring_carts,
    last_unit,
    limited_coupon,
    merges,
    several_tabs,
)
from tests.faults.checks import Result
from tests.faults.crowds import (
    baskets,
    expiring_holds,
    expiring_orders,
    hot_article,
    refresh_race,
    retry_storm,
    swapping_carts,
)
from tests.faults.dear import dear_requests
from tests.faults.kills import kills_at_points, kills_at_random, kills_in_jobs
from tests.faults.late_answers import answers_overtake, cancelled_and_approved, keys_are_forgotten
from tests.faults.order_desk import last_parts, order_desk
from tests.faults.outages import (
    backends_terminated,
    connections_exhausted,
    database_crashes,
    frozen_lock_holder,
    valkey_outages,
    workers_replaced,
)
from tests.faults.parcels import cancelled_by_all, damaged_returns, moving_holds, parcels
from tests.faults.paying import (
    chaos,
    clock_and_people,
    everybody_gives_back,
    refunds_at_once,
    taken_with_goods,
    two_tabs,
)
from tests.faults.payments import anybody_dies, database_dies, providers_fail, told_badly, web_dies, worker_dies
from tests.faults.queues import mail_server_hangs
from tests.faults.returns import returns
from tests.faults.silence import database_frozen, standby_lost
from tests.faults.stage import Stage
from tests.faults.webhooks import three_receivers


@dataclass(frozen=True)
class Trial:
    """`run` makes so many trials; a long proof calls it until `long` is reached, and notes each `batch`."""

    name: str
    counted: str
    run: Callable[[Stage, int], Result]
    long: int
    batch: int
    short: int


def each(trial: Callable[[Stage], Result]) -> Callable[[Stage, int], Result]:
    """A trial that is run once for each count. The invariants are looked at once for all of them."""

    def run(stage: Stage, count: int) -> Result:
        total = Result()
        try:
            for left in reversed(range(count)):
                stage.is_checked_later = left > 0
                total.add(trial(stage))
        finally:
            stage.is_checked_later = False
        return total

    return run


TRIALS = (
    Trial("500 buyers for 100 units of one article", "rounds", each(hot_article), 100, 10, 1),
    Trial("500 baskets in opposite sequence, amid everything else", "rounds", each(baskets), 100, 10, 1),
    Trial("web worker killed at a named place of a request", "kills", kills_at_points, 500, 40, 12),
    Trial("web worker killed at any moment", "kills", kills_at_random, 500, 40, 12),
    Trial("PostgreSQL ended (fast, immediate, kill -9) under load", "crashes", database_crashes, 51, 3, 3),
    Trial("Valkey frozen, flushed, full, stopped under load", "rounds of four", each(valkey_outages), 10, 1, 1),
    Trial("a hold expires when it is confirmed, two sweepers", "holds", expiring_holds, 1_000, 50, 10),
    Trial("16 carts swap two articles, all at once", "rounds", each(swapping_carts), 500, 20, 2),
    Trial("20 staff ship, cancel, give back and move parts of the same promises", "rounds", each(parcels), 200, 5, 2),
    Trial("one parcel, that 8 people cancel at once", "parcels", each(cancelled_by_all), 200, 20, 3),
    Trial("more is asked back than has left, and taken in by three at once", "orders", returns, 200, 20, 3),
    Trial("50 staff ship parts of the same 20 orders and take them back", "rounds", each(order_desk), 100, 5, 1),
    Trial("the last two parts of an order leave at once", "orders", last_parts, 200, 20, 3),
    Trial("damaged units come back while buyers want such", "returns", damaged_returns, 500, 50, 5),
    Trial("a hold is promised while it moves", "holds", moving_holds, 200, 20, 4),
    Trial("an order expires when it is confirmed, two sweepers", "orders", expiring_orders, 1_000, 50, 10),
    Trial("each order sent five times at once with one key", "orders", retry_storm, 2_000, 100, 20),
    Trial("a connection's backend terminated every 100 ms", "backends", backends_terminated, 1_000, 50, 15),
    Trial("all connections of the server taken", "times", each(connections_exhausted), 20, 1, 1),
    Trial("a lock holder that never lets go", "times", each(frozen_lock_holder), 10, 1, 1),
    Trial("PostgreSQL frozen for longer than a request's deadline", "times", each(database_frozen), 8, 1, 1),
    Trial("a synchronous standby lost", "times", each(standby_lost), 8, 1, 1),
    Trial("web processes replaced (HUP) under load", "times", each(workers_replaced), 100, 5, 2),
    Trial("16 visitors ask for what is dear while a customer orders", "times", each(dear_requests), 8, 1, 1),
    Trial("worker killed amid its jobs", "kills", kills_in_jobs, 50, 5, 2),
    Trial("mail server that hangs beside overdue orders", "orders", mail_server_hangs, 5_000, 1_000, 200),
    Trial("500 carts with a coupon for 100, some given back", "rounds", each(limited_coupon), 20, 1, 1),
    Trial("16 carts of one customer with a coupon for two of them", "rounds", each(coupon_of_one_customer), 100, 10, 1),
    Trial("16 carts hold and place the last unit", "rounds", each(last_unit), 200, 10, 2),
    Trial("a hold ends when its cart is placed, beside a rival, two sweepers", "carts", expiring_carts, 500, 25, 8),
    Trial("a cart placed in five tabs at once", "carts", several_tabs, 500, 50, 10),
    Trial("carts claimed in five tabs, filled and placed meanwhile", "carts", merges, 800, 8, 8),
    Trial("16 carts placed while their price changes", "rounds", each(changing_prices), 100, 10, 1),
    Trial("webhooks to three receivers, worker killed", "events", three_receivers, 100_000, 100_000, 300),
    Trial("a refresh token used 20 times at once", "tokens", refresh_race, 1_000, 50, 5),
)
# Money, at the fake of both providers. Of kills there are a thousand together.
OF_MONEY = (
    Trial("web worker killed at a named place of a payment", "kills", web_dies, 480, 48, 8),
    Trial("worker killed at a named place of a payment", "kills", worker_dies, 140, 14, 2),
    Trial("PostgreSQL killed at a named place of a payment", "crashes", database_dies, 98, 14, 2),
    Trial("web and worker killed while customers pay", "kills", anybody_dies, 300, 50, 6),
    Trial("notifications lost, doubled, late and forged", "orders", told_badly, 500, 50, 8),
    Trial("providers drop, hang, fail, refuse too many, and are down", "faults", providers_fail, 600, 60, 6),
    Trial("an order paid in four tabs, at one provider or both", "orders", two_tabs, 300, 20, 4),
    Trial("the clock, the customer and staff at the last moment", "orders", clock_and_people, 400, 20, 4),
    Trial("three people give the same money back", "orders", refunds_at_once, 100, 10, 1),
    Trial("goods come back, staff and provider give money back", "orders", everybody_gives_back, 150, 12, 3),
    Trial("money that was set apart, and two parcels at once", "orders", taken_with_goods, 150, 10, 2),
    Trial("an answer is joined after all that came later", "orders", answers_overtake, 50, 10, 1),
    Trial("a refund of which nobody knows, and a forgotten key", "orders", keys_are_forgotten, 80, 8, 1),
    Trial("a payment cancelled in silence, and approved", "orders", cancelled_and_approved, 50, 5, 1),
    Trial("a day's chaos", "orders", chaos, 10_000, 250, 12),
)
ALL_TRIALS = (*TRIALS, *OF_MONEY)
