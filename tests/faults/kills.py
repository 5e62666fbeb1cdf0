"""Trials in which processes of the shop are killed without warning: web workers, and the worker amid its jobs."""

import email
import os
import random
import signal
import time
from functools import partial

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import CONVERGES, Result, begin, expect, verdict
from tests.faults.client import Web, together
from tests.faults.stage import MAIN, Stage, wait_for
from tests.faults.traffic import traffic

POINTS = ("after_lock", "after_write", "before_commit", "after_commit")
BEFORE_AND_AFTER = "killed after the commit all is there, killed before it nothing is"
# The buyers registered, so the worker has other mails to send as well.
MAILS = "select message_id, sent_at from events_sentmail where key like 'order.placed:%'"
MAILED = "every mail is sent at least once, under one Message-ID"


def fired(stage: Stage) -> list[str]:
    """What fail points have done in this shop: "point key"."""
    file = stage.shop.data_dir / "fired"
    return file.read_text().splitlines() if file.exists() else []


def kills_at_points(stage: Stage, kills: int = 40) -> Result:
    """A web worker dies over a request at a named place, beside others; the client comes again with its key."""
    skus = [stage.article(100_000, second=1_000) for _ in range(3)]
    watch = begin(stage)
    violations: list[Violation] = []
    wishes = []

    async def victims(web: Web) -> None:
        for number in range(kills):
            point, sku = POINTS[number % len(POINTS)], random.choice(skus)
            wish = client.order(random.choice(stage.buyers), stage.key(), [(sku, 2)])
            if random.random() < 0.3:
                wish = client.receipt(stage.admin, stage.key(), sku, 2, MAIN)
            wishes.append(wish)
            # The connection may have gone to a worker that another victim has killed just now.
            while (expected := f"{point} {wish.key}") not in fired(stage) and len(wish.answers) < 20:
                await wish.ask(web, X_Fault=f"{point} kill")
            there = stage.query(
                "select 1 from orders_order where shipping_address_line2 = %(key)s"
                " union all select 1 from inventory_stockmovement where kind = 'received' and reference = %(key)s",
                {"key": wish.key},
            )
            holds = wish.outcome == "unknown" and len(there) == (point == "after_commit")
            violations.extend(expect(BEFORE_AND_AFTER, holds, f"{expected}: {wish.outcome}, {there}"))
            violations.extend(expect(CONVERGES, await wish.ask_until_known(web), expected))

    with traffic(stage, skus, customers=4) as going:
        stage.run(victims)
    died = sum(line.split()[1] in {wish.key for wish in wishes} for line in fired(stage))
    wishes += going.wishes
    violations += verdict(watch, wishes, going.others)
    return Result(died, died, requests(wishes), violations, wishes=wishes)


def kills_at_random(stage: Stage, kills: int = 40) -> Result:
    """Web workers die at any moment; an order has been placed between two deaths."""
    skus = [stage.article(100_000, second=1_000) for _ in range(3)]
    watch = begin(stage)
    moment = time.monotonic()
    with traffic(stage, skus, customers=8) as going:
        for _ in range(kills):
            wait_for("an order after the last kill", partial(going.ok_since, moment))
            time.sleep(random.uniform(0, 0.05))
            wait_for("a web worker", lambda: len(stage.workers()) > 0)
            os.kill(random.choice(stage.workers()), signal.SIGKILL)
            moment = time.monotonic()
    violations = verdict(watch, going.wishes, going.others)
    return Result(kills, kills, requests(going.wishes), violations, wishes=going.wishes)


def requests(wishes: list[client.Wish]) -> int:
    return sum(len(wish.answers) for wish in wishes)


def kills_in_jobs(stage: Stage, kills: int = 5) -> Result:
    """The worker dies over mails, before they are sent or before that is noted, and is started again."""
    with stage.copy() as shop:
        sku = shop.article(100 * kills)
        watch = begin(shop)
        wishes = [client.order(token, shop.key(), [(sku, 1)]) for token in shop.buyers * kills][: 8 * kills]
        shop.run(lambda web: together(wish.ask_until_known(web) for wish in wishes))
        violations = verdict(watch, wishes)

        def sent() -> int:
            return sum(sent_at is not None for _, sent_at in shop.query(MAILS))

        def start(chance: float) -> None:
            shop.shop.environment["CHANCE_TO_DIE"] = str(chance)
            shop.shop.start("worker", "-m", "tests.faults.worker")

        def stopped(name: str) -> bool:
            return shop.shop.processes[name].poll() is not None

        while len(fired(shop)) < kills and sent() < len(wishes):
            start(0.3)  # at two places of each mail: 16 mails without a death are one round in 100,000
            wait_for("a death or all mails", lambda: stopped("worker") or sent() == len(wishes))
            shop.shop.processes["worker"].kill()
            shop.shop.processes["worker"].wait()
        start(0)
        try:
            wait_for("all mails", lambda: sent() == len(wishes), seconds=120)
        finally:
            shop.shop.processes["worker"].terminate()
            shop.shop.processes["worker"].wait(60)  # it stops when told
        noted = {message_id for message_id, _ in shop.query(MAILS)}
        files = [email.message_from_bytes(file.read_bytes()) for file in (shop.shop.data_dir / "mail").glob("*.eml")]
        written = [str(message["Message-ID"]) for message in files]
        others = {message_id for (message_id,) in shop.query("select message_id from events_sentmail")} - noted
        mailed = [message_id for message_id in written if message_id not in others]
        placed = len(shop.query("select 1 from events_event where kind = 'order.placed'"))
        holds = set(mailed) == noted and len(noted) == placed == len(wishes)
        violations += expect(MAILED, holds, f"{placed} events, {len(noted)} noted, {len(set(mailed))} ids mailed")
        twice = len(mailed) - len(set(mailed))
        deaths = len(fired(shop))
        return Result(deaths, deaths, len(wishes), violations, {"mails that were sent twice": twice}, wishes)
