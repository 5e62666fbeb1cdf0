"""`make bench-data` builds the large shop, `make bench-growth` measures it beside the small one; writes growth.md.

100,000 products and 1,000,000 orders with their ledger, against 10,000 products and 20,000 orders. Only our shop,
with its cache of lists off. The end says what is slower than it may be, and which statements read a large table.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from benchmarks import report, servers, workloads
from benchmarks.data import LARGE, SIZES, SMALL, Size
from benchmarks.load import Plan
from benchmarks.run import generate
from benchmarks.servers import PORTS, Bench
from benchmarks.workloads import NAMES, Shop
from config import embedded

HERE = Path(__file__).parent
MEASURED = ("W1", "W2", "W3", "W4", "W5", "W7", "W9")
# The large shop may be so many times slower.
LIMITS = dict.fromkeys(MEASURED, 1.5) | {"W4": 3.0}
# What verify_stock may take for a million movements.
VERIFY_SECONDS = 10
# Longer than for the comparison: the tables of a shop that has been open for a while are in memory, but for the tail.
WARM_UP = 4.0
PLAN_LINES = 16
# Of the places for servers that the comparison has.
SERVERS = {"small": "shop", "large": "cached"}

Rates = dict[str, dict[str, list[float]]]


def bench_of(running: embedded.Servers, name: str) -> Bench:
    return Bench(running.data_dir, servers.with_database(running, f"shop_{name}"), "", running.redis_url)


def mark_of(running: embedded.Servers, name: str) -> str:
    """What the filling left behind when it was done; nothing for a shop that is not there, or half filled."""
    with psycopg.connect(running.database_url) as connection:
        row = connection.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", [f"shop_{name}"]
        ).fetchone()
    return (row and row[0]) or ""


def fill(data_dir: Path, names: Sequence[str], *, anew: bool = False) -> None:
    """Fill the shops that are not there. Until that is done a crash of the machine would only mean to begin again."""
    running = embedded.start(data_dir, report=print, durable=False)
    try:
        for name in names:
            if anew or not mark_of(running, name):
                size = SIZES[name]
                print(f"==> The {name} shop: {size.products:,} products, {size.orders:,} orders", flush=True)
                started = time.monotonic()
                servers.fill_shop(bench_of(running, name), running, name)
                print(f"With its migrations {time.monotonic() - started:.0f} s.", flush=True)
                movements, seconds = verify(bench_of(running, name))
                print(f"verify_stock: {movements:,} movements, nothing amiss, {seconds:.0f} s.", flush=True)
    finally:
        running.stop()
        os.sync()


class Uncached(Bench):
    """Whatever server is started, its cache of lists is off."""

    def environment(self, **more: str) -> dict[str, str]:
        return super().environment(**more | {"LIST_CACHE_SECONDS": "0"})


def measure_all(running: embedded.Servers, rounds: int, seconds: float) -> Rates:
    """Both shops stand ready, and each workload is asked of one right after the other: the machine is seldom quiet."""
    rates: Rates = {name: {workload: [] for workload in MEASURED} for name in SIZES}
    benches = {
        name: Uncached(running.data_dir, bench_of(running, name).shop_url, "", running.redis_url) for name in SIZES
    }
    sides = {name: Shop(server, PORTS[server], SIZES[name]) for name, server in SERVERS.items()}
    try:
        for name, server in SERVERS.items():
            benches[name].start(server)
            benches[name].wait_for(server)
            sides[name].prepare()
        for number in range(rounds):
            print(f"==> Round {number + 1} of {rounds}", flush=True)
            for workload in MEASURED:
                for name in SIZES if number % 2 == 0 else reversed(SIZES):
                    rates[name][workload].append(measure(sides[name], name, workload, seconds))
    finally:
        for bench in benches.values():
            bench.stop()
    return rates


def measure(side: Shop, name: str, workload: str, seconds: float) -> float:
    plan = Plan(side.port, workloads.requests(workload, side, 0), warm_up=WARM_UP, seconds=seconds)
    result = generate(plan)
    assert set(map(int, result["statuses"])) <= workloads.EXPECTED.get(workload, {200}), result["statuses"]
    print(f"{name:<6}{workload:<4}{result['rate']:8,.0f}/s  p99 {result['p99_ms']:6.1f} ms", flush=True)
    return float(result["rate"])


def verify(bench: Bench) -> tuple[int, float]:
    """How many movements verify_stock has proved, and the seconds that took."""
    with psycopg.connect(bench.shop_url) as connection:
        [(movements,)] = connection.execute("select count(*) from inventory_stockmovement").fetchall()
    started = time.monotonic()
    bench.manage("verify_stock")
    return movements, time.monotonic() - started


def slower(rates: Rates, workload: str) -> float:
    """How many times: the median over the rounds, each compared within itself."""
    return median(
        small / large for small, large in zip(rates["small"][workload], rates["large"][workload], strict=True)
    )


def table(rates: Rates) -> str:
    lines = ["| | | small | large | times slower | may be |", "|---|---|---|---|---|---|"]
    for workload in MEASURED:
        small, large = (median(rates[name][workload]) for name in ("small", "large"))
        lines.append(
            f"| {workload} | {NAMES[workload]} | {small:,.0f} | {large:,.0f} | **{slower(rates, workload):.2f}** |"
            f" {LIMITS[workload]:g} |"
        )
    return "\n".join(lines)


def words(size: Size) -> str:
    return f"{size.products:,} products and {size.orders:,} orders"


def page(rates: Rates, verified: tuple[int, float], found: dict[str, Any], mark: str, commit: str) -> str:
    """growth.md."""
    movements, seconds = verified
    rounds = len(rates["small"]["W1"])
    machine = ", ".join(str(part) for part in report.machine().values())
    parts = [
        "# The shop when it is large",
        f"`make bench-growth` wrote this on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC at {commit}, on {machine}.",
        f"Small: {words(SMALL)}. Large: {words(LARGE)}, by `make bench-data` {mark}. The rates are requests per "
        f"second, the median of {rounds} rounds, in which small and large take turns; cache of lists off.",
        table(rates),
        f"`manage.py verify_stock` over {movements:,} movements: {seconds:.0f} s, {per_million(verified):.1f} s for a "
        "million. It reads the orders, their lines, history and events too.",
        "## The ten hottest statements",
        f"Of so many requests of each workload those which took longest in all, on the large shop. The plan is the one "
        f"that PostgreSQL settles for once the statement is prepared, run and timed. A table is large above 10,000 "
        f"rows: {', '.join(found['large'])}.",
    ]
    for statement in found["hottest"]:
        scans = f" **Reads all of {', '.join(statement['scans'])}.**" if statement["scans"] else ""
        kind = "a plan for any values" if statement["general"] else "a plan for these values"
        lines = statement["plan"][:PLAN_LINES]
        if len(statement["plan"]) > PLAN_LINES:
            lines.append(f"… and {len(statement['plan']) - PLAN_LINES} nodes below")
        parts += [
            f"### {statement['source']}: {statement['plan_ms']:.2f} ms, {kind}{scans}",
            "```text\n" + statement["text"][:200] + " …\n\n" + "\n".join(lines) + "\n```",
        ]
    reading = [statement for statement in found["others"] if statement["scans"]]
    parts += [
        "## What else reads a large table from end to end",
        f"Of the {len(found['others'])} other statements of the API:",
        "\n".join(
            f"- `{statement['source']}`: {', '.join(statement['scans'])}, {statement['plan_ms']:.0f} ms"
            for statement in reading
        )
        or "None.",
    ]
    return "\n\n".join(parts) + "\n"


def per_million(verified: tuple[int, float]) -> float:
    movements, seconds = verified
    return seconds / movements * 1_000_000


def failures(rates: Rates, verified: tuple[int, float], found: dict[str, Any]) -> list[str]:
    """What is not as it must be."""
    slow = [(name, slower(rates, name)) for name in MEASURED]
    said = [
        f"{name} is {times:.2f} times slower, {LIMITS[name]:g} allowed" for name, times in slow if times > LIMITS[name]
    ]
    if per_million(verified) > VERIFY_SECONDS:
        said.append(f"verify_stock takes {per_million(verified):.1f} s for a million movements")
    reading = [statement for statement in found["hottest"] if statement["scans"]]
    said += [f"{s['source']} reads all of {', '.join(s['scans'])}: {s['text'][:80]}" for s in reading]
    return said + report.planned_anew(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["data", "measure"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--data-dir", type=Path, default=Path(".data/bench"))
    options = parser.parse_args()
    data_dir, commit = options.data_dir.resolve(), report.git("rev-parse", "--short", "HEAD")
    if options.what == "data":
        fill(data_dir, ["large"], anew=True)
        return
    fill(data_dir, list(SIZES))
    running = embedded.start(data_dir, report=print)
    try:
        for name in SIZES:
            bench_of(running, name).manage("migrate", "-v0")
        rates = measure_all(running, options.rounds, options.seconds)
        print("==> The plans, and verify_stock", flush=True)
        large = bench_of(running, "large")
        found, verified, mark = large.plans("large"), verify(large), mark_of(running, "large")
    finally:
        running.stop()
    text = page(rates, verified, found, mark, commit)
    (HERE / "growth.md").write_text(text)
    print(text)
    if failed := failures(rates, verified, found):
        sys.exit("\n".join(["", "Not as it must be:", *failed]))


if __name__ == "__main__":
    main()
