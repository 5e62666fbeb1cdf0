"""Trials in which PostgreSQL answers nothing: its processes are frozen, or commits wait for a standby that is gone."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import Result, begin, expect, verdict
from tests.faults.client import Web, Wish, together
from tests.faults.kills import requests
from tests.faults.stage import ENVIRONMENT, Stage, wait_for

DEADLINE = float(ENVIRONMENT["REQUEST_DEADLINE_SECONDS"])
IN_TIME = "each request is answered within its deadline and a second"
LIVES = "/health/live answers within a second"
SAYS_WHY = "the log says why"
SERVES_AGAIN = "the shop serves again within 2 s of the database's return"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
# More than there are threads: some wait for one until their deadline.
BUYERS = 20


def database_frozen(stage: Stage) -> Result:
    """SIGSTOP for all processes of PostgreSQL."""
    postmaster = stage.servers.processes["PostgreSQL"].pid

    def send(number: signal.Signals) -> None:
        for pid in [postmaster, *map(int, Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split())]:
            os.kill(pid, number)

    return silence(stage, lambda: send(signal.SIGSTOP), lambda: send(signal.SIGCONT))


def standby_lost(stage: Stage) -> Result:
    """A synchronous standby that does not come back: commits are on the primary's disk and wait for ever."""

    def name_standby(name: str) -> None:
        address = stage.servers.database_url
        with psycopg.connect(address, user="postgres", dbname="postgres", autocommit=True) as superuser:
            statement = sql.SQL("alter system set synchronous_standby_names = {}")
            superuser.execute(statement.format(sql.Literal(name)))
            superuser.execute("select pg_reload_conf()")
        wait_for("the setting", lambda: stage.query("show synchronous_standby_names") == [(name,)])

    return silence(stage, lambda: name_standby("nobody"), lambda: name_standby(""))


def silence(stage: Stage, fall_silent: Callable[[], None], speak: Callable[[], None]) -> Result:
    """Orders at once while the database is silent. It speaks again when all are answered, or all should have been."""
    skus = [stage.article(1_000) for _ in range(4)]
    watch = begin(stage)
    wishes = [client.order(token, stage.key(), [(skus[n % 4], 1)]) for n, token in enumerate(stage.buyers[:BUYERS])]
    warm = [client.order(token, stage.key(), [(skus[0], 1)]) for token in stage.buyers[:BUYERS]]
    stage.run(lambda web: together(wish.ask_until_known(web) for wish in warm))
    log = stage.log_size()
    spoke = threading.Event()

    def speak_once() -> None:
        if not spoke.is_set():
            spoke.set()
            speak()

    fall_silent()
    latest = threading.Timer(DEADLINE + 2.5, speak_once)
    latest.start()
    try:
        slowest_live = stage.run(lambda web: asked_beside_live(web, wishes))
        said = (stage.shop.data_dir / "web.log").read_bytes()[log:].decode()
    finally:
        latest.cancel()
        latest.join()
        speak_once()
    moment = time.monotonic()
    wait_for("a shop that serves", lambda: stage.run(lambda web: web.send("GET", f"/products/{skus[0]}")).status != 503)
    again = time.monotonic() - moment
    slowest = max(wish.answers[0].seconds for wish in wishes)
    violations: list[Violation] = expect(IN_TIME, slowest <= DEADLINE + 1, f"{slowest:.2f} s")
    violations += expect(LIVES, slowest_live <= 1, f"{slowest_live:.2f} s")
    violations += expect(SAYS_WHY, '"database silent: ' in said, said[-500:])
    violations += expect(SERVES_AGAIN, again <= 2, f"{again:.2f} s")
    stage.run(lambda web: together(wish.ask_until_known(web) for wish in wishes))
    violations += verdict(watch, wishes + warm)
    figures = {"slowest answer, s": slowest, "slowest answer of /health/live, s": slowest_live}
    return Result(1, 1, requests(wishes + warm), violations, figures, wishes + warm)


async def asked_beside_live(web: Web, wishes: list[Wish]) -> float:
    """Ask for each wish once; meanwhile /health/live, whose slowest answer took so many seconds."""
    asking = asyncio.gather(*(wish.ask(web) for wish in wishes))
    slowest = 0.0
    while not asking.done():
        began = time.monotonic()
        status, _, _ = await web.exchange(LIVE)
        slowest = max(slowest, time.monotonic() - began if status == 200 else float("inf"))
        await asyncio.sleep(0.1)  # the pace of the questions
    await asking
    return slowest
