"""Trials in which what the shop stands on fails under load: PostgreSQL, its connections and locks, and Valkey."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import psycopg
from redis import Redis

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import Result, begin, expect, verdict
from tests.faults.client import Answer, Web, together
from tests.faults.kills import requests
from tests.faults.stage import Stage, wait_for
from tests.faults.traffic import Traffic, traffic

WAYS_TO_STOP = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill -9": signal.SIGKILL}
SERVES_AGAIN = "the shop serves again within 2 s of the database's return"
SLOWER = 0.5
# On a busy machine the slowest request before the fault is the measure instead.
NO_SLOWER = f"without Valkey no request is slower by more than {SLOWER} s, or than twice the slowest before"
TRIES = 3
REVOKED = "no revoked token works"
STAYS_IN = "a good token goes on working"
NONE_LOST = "no request is lost while the web processes are replaced"
BOUNDED = "waiting has an end"
# DATABASE_LOCK_TIMEOUT_MS twice, since whoever waits behind another one waits for that one's place first.
LONGEST_WAIT = 7.0


def database_crashes(stage: Stage, crashes: int = 3) -> Result:
    """PostgreSQL ends fast, immediately or by kill -9, and is started again as `make run` would."""
    skus = [stage.article(100_000, second=1_000) for _ in range(3)]
    watch = begin(stage)
    violations: list[Violation] = []
    moment, slowest = time.monotonic(), 0.0
    with traffic(stage, skus) as going:
        for number in range(crashes):
            wait_for("an order before the crash", partial(going.ok_since, moment))
            time.sleep(random.uniform(0.05, 0.3))
            way = list(WAYS_TO_STOP)[number % len(WAYS_TO_STOP)]
            server = stage.servers.processes["PostgreSQL"]
            os.kill(server.pid, WAYS_TO_STOP[way])
            server.wait(30)
            stage.servers.start_again("PostgreSQL")
            moment = time.monotonic()
            seconds = wait_for("an order after the crash", partial(going.ok_since, moment))
            slowest = max(slowest, seconds)
            violations += expect(SERVES_AGAIN, seconds <= 2.0, f"{way}: {seconds:.2f} s")
    violations += verdict(watch, going.wishes, going.others)
    figures = {"slowest return to service, s": slowest}
    return Result(crashes, crashes, requests(going.wishes), violations, figures, going.wishes)


def valkey_outages(stage: Stage, seconds: float = 2.5) -> Result:
    """Valkey is stopped, frozen, flushed and full. The limits ask it on every request.

    Two cores that do something else for a moment make a request slow too. A fault does so each time it is tried, so
    one that was slow is tried again, and the best of TRIES counts.
    """
    skus = [stage.article(100_000, second=1_000) for _ in range(3)]
    watch = begin(stage)
    violations: list[Violation] = []
    valkey = Redis.from_url(stage.servers.redis_url)

    def send(number: signal.Signals) -> None:
        os.kill(stage.servers.processes["Valkey"].pid, number)

    def stop() -> None:
        send(signal.SIGINT)
        stage.servers.processes["Valkey"].wait(10)

    def fill_up() -> None:
        valkey.config_set("maxmemory-policy", "noeviction")
        valkey.config_set("maxmemory", "1")

    def empty() -> None:
        valkey.config_set("maxmemory", "64mb")
        valkey.config_set("maxmemory-policy", "allkeys-lru")

    faults: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "frozen": (lambda: send(signal.SIGSTOP), lambda: send(signal.SIGCONT)),
        "flushed": (valkey.flushall, lambda: None),
        "full": (fill_up, empty),
        "stopped": (stop, lambda: stage.servers.start_again("Valkey")),
    }
    worst = 0.0
    with traffic(stage, skus) as going:
        time.sleep(seconds)
        calm = going.slowest()
        for name, (begin_fault, end_fault) in faults.items():
            slower = float("inf")
            for _ in range(TRIES):
                began = time.monotonic()
                begin_fault()
                try:
                    violations += revocation(stage)
                    time.sleep(max(0.0, began + seconds - time.monotonic()))
                finally:
                    end_fault()
                slower = min(slower, going.slowest(began) - calm)
                if slower <= max(SLOWER, calm):
                    break
            worst = max(worst, slower)
            violations += expect(
                NO_SLOWER, slower <= max(SLOWER, calm), f"{name}: slower by {slower:.2f} s than {calm:.2f} s"
            )
    violations += verdict(watch, going.wishes, going.others)
    figures = {"slower than without the fault by at most, s": worst}
    return Result(1, len(faults), requests(going.wishes), violations, figures, going.wishes)


def revocation(stage: Stage) -> list[Violation]:
    """A session that is ended now is over on every worker, and another one is not."""
    token = stage.session()["access_token"]
    good = stage.run(lambda web: web.send("GET", "/users/me", token))
    stage.call("POST", "/users/logout", token)
    answers = stage.run(lambda web: together(web.send("GET", "/users/me", token) for _ in range(8)))
    return expect(STAYS_IN, good.ok, good) + expect(REVOKED, {a.status for a in answers} == {401}, answers)


def backends_terminated(stage: Stage, kills: int = 30) -> Result:
    """A server process of the shop's connections is terminated every 100 ms."""
    backend = """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
        order by random() limit 1
    """

    def fault(going: Traffic) -> int:
        done = 0
        while done < kills:
            time.sleep(0.1)
            done += len(stage.query(backend))
        return done

    return under_traffic(stage, fault)


def connections_exhausted(stage: Stage, seconds: float = 2.0) -> Result:
    """Somebody takes every connection that the server has, while the shop loses its own."""

    def fault(going: Traffic) -> int:
        taken: list[psycopg.Connection[object]] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(psycopg.OperationalError):
                taken.append(stage.connect())
                continue
            taken[0].execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                " and backend_type = 'client backend' and pid <> all(%s)",
                [[connection.info.backend_pid for connection in taken]],
            )
            time.sleep(0.01)
        for connection in taken:
            connection.close()
        return 1

    return under_traffic(stage, fault)


def workers_replaced(stage: Stage) -> Result:
    """HUP: other web processes take over, and those before finish what they have begun."""

    def fault(going: Traffic) -> int:
        before = set(stage.workers())
        stage.shop.processes["web"].send_signal(signal.SIGHUP)
        wait_for("the end of the old processes", lambda: not before & set(stage.workers()))
        return 1

    result = under_traffic(stage, fault)
    lost = [wish.key for wish in result.wishes for answer in wish.answers if answer.status == client.UNKNOWN]
    result.violations += expect(NONE_LOST, not lost, lost)
    return result


def under_traffic(stage: Stage, fault: Callable[[Traffic], int]) -> Result:
    """A fault that clients may notice as 503 only, and after which the shop serves again."""
    skus = [stage.article(100_000, second=1_000) for _ in range(3)]
    watch = begin(stage)
    with traffic(stage, skus) as going:
        wait_for("an order before the fault", lambda: going.ok_since(0))
        faults = fault(going)
        moment = time.monotonic()
        again = wait_for("an order after the fault", lambda: going.ok_since(moment))
    violations = expect(SERVES_AGAIN, again <= 2.0, f"{again:.2f} s")
    violations += expect(BOUNDED, going.slowest() <= LONGEST_WAIT, f"{going.slowest():.2f} s")
    violations += verdict(watch, going.wishes, going.others)
    refused = sum(answer.status == 503 for wish in going.wishes for answer in wish.answers)
    figures = {"slowest answer, s": going.slowest(), "answers of 503": refused}
    return Result(faults, faults, requests(going.wishes), violations, figures, going.wishes)


def frozen_lock_holder(stage: Stage, buyers: int = 4) -> Result:
    """Somebody locks an article's stock and does nothing more, until everybody who waits for it has been answered."""
    sku = stage.article(1_000)
    watch = begin(stage)
    wishes = [client.order(token, stage.key(), [(sku, 1)]) for token in stage.buyers[:buyers]]
    with stage.connect() as holder, holder.transaction():
        holder.execute(
            "select from inventory_stocklevel l join inventory_stockitem i on i.id = l.item_id where i.sku = %s"
            " for update of l",
            [sku],
        )
        answers: list[Answer] = stage.run(lambda web: asked(web, wishes))
    slowest = max(answer.seconds for answer in answers)
    told = {(answer.status, answer.code, bool(answer.retry_after)) for answer in answers}
    violations = expect(BOUNDED, slowest <= LONGEST_WAIT and told == {(503, "busy", True)}, f"{slowest:.2f} s, {told}")
    violations += verdict(watch, wishes)
    return Result(1, 1, requests(wishes), violations, {"longest wait, s": slowest}, wishes)


async def asked(web: Web, wishes: list[client.Wish]) -> list[Answer]:
    return await together(wish.ask(web) for wish in wishes)
