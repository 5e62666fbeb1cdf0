"""`make bench`: both shops side by side, W1 to W13; writes results.json and results.md. See README.md."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import cart_data, carts, report, servers, workloads
from benchmarks.data import FLASH_STOCK, SIZES, flash_article
from benchmarks.load import Plan
from benchmarks.servers import PORTS, Bench
from benchmarks.workloads import CART_WORKLOADS, NAMES, Shop, Side

HERE = Path(__file__).parent
ATTEMPTS = 2 * FLASH_STOCK
WARM_UP = 1.0
COUNTS = {
    "shop": "select count(*) from orders_order",
    "peer": "select count(*) from purchase",
}
LEFT = {
    "shop": "select sum(on_hand - reserved) from inventory_stocklevel where item_id = %s",
    "peer": "select stock from product where id = %s",
}


class Comparison:
    """One run of the bench: what was asked of whom, and what came of it."""

    def __init__(self, bench: Bench, size_name: str, seconds: float) -> None:
        size = SIZES[size_name]
        self.bench, self.seconds = bench, seconds
        kinds = {"peer": Side}
        self.sides: dict[str, Side] = {name: kinds.get(name, Shop)(name, PORTS[name], size) for name in bench.names}
        if bench.carts:
            self.cart_sides = {name: kinds.get(name, Shop)(f"{name}_carts", PORTS[f"{name}_carts"], size)
                               for name in ("peer", "shop")}  # fmt: skip
        self.runs: list[dict[str, Any]] = []
        self.hot: list[dict[str, Any]] = []
        self.place = 0

    def prepare(self, *, compare: bool) -> None:
        for side in self.sides.values():
            side.prepare()
        if compare:  # after a run their stocks differ
            workloads.agree(list(self.sides.values()))

    def round(self, number: int, asked: Collection[str]) -> None:
        """Every workload once on each side; whoever was first is last in the next round."""
        for workload in asked:
            names = [n for n in self.sides if n != "cached" or workload in workloads.LIST_WORKLOADS]
            measure = self.measure_carts if workload in CART_WORKLOADS else self.measure
            for name in names if number % 2 == 0 else reversed(names):
                measure(workload, name, number)
        if {"W7", "W8"} <= set(asked) and not self.bench.checkout:
            for name in ("peer", "shop"):
                self.beside_a_hot_article(name, number)

    def measure(self, workload: str, name: str, number: int) -> None:
        side, self.place = self.sides[name], self.place + 1
        plan = Plan(side.port, workloads.requests(workload, side, self.place if workload == "W8" else number))
        plan.connections = workloads.CONNECTIONS.get(workload, plan.connections)
        if workload == "W8":
            plan.attempts = ATTEMPTS
        else:
            plan.warm_up, plan.seconds = WARM_UP, self.seconds
        before = self.value(name, COUNTS)
        result = generate(plan)
        self.check(workload, name, result, self.value(name, COUNTS) - before)
        self.note(workload, name, number, result)

    def measure_carts(self, workload: str, name: str, number: int) -> None:
        """Fill carts, then measure what is asked of them. In a flash sale both have the same article and coupon."""
        side = self.cart_sides[name]
        filled = carts.fill(self.bench, side, workload, number)
        plan = Plan(side.port, carts.requests(side, workload, number, filled), attempts=carts.attempts(workload))
        if not plan.attempts:
            plan.warm_up, plan.seconds = WARM_UP, self.seconds
        before = self.value(side.name, COUNTS)
        result = generate(plan)
        self.check(workload, side.name, result, self.value(side.name, COUNTS) - before)
        if workload == "W13":
            self.sold_out(side, flash_article(side.size, number), result)
            used = self.value(side.name, carts.USES, cart_data.flash_code(number))
            assert used == FLASH_STOCK, f"{name} has reduced {used} orders by {FLASH_STOCK} coupons"
        self.note(workload, name, number, result)

    def note(self, workload: str, name: str, number: int, result: dict[str, Any]) -> None:
        """Keep a result, and print it."""
        result |= {"workload": workload, "side": name, "round": number}
        del result["bodies"]
        self.runs.append(result)
        print(
            f"{workload:<4}{name:<7} {result['rate']:8,.0f}/s  p50 {result['p50_ms']:6.1f}  p99 {result['p99_ms']:6.1f}"
            f" ms {result['bytes']:7,.0f} bytes  generator {result['processor_share']:.0%} of a core",
            flush=True,
        )

    def beside_a_hot_article(self, name: str, number: int) -> None:
        """Orders of random articles from eight connections, while eight others order one article, or random ones too.

        A lock on the one article must not hold up the others: both times they should come through as fast.
        """
        side, rates = self.sides[name], []
        for others in (workloads.hot(side), workloads.requests("W7", side, -1)):
            plans = [
                Plan(side.port, requests, 8, WARM_UP, self.seconds)
                for requests in (workloads.requests("W7", side, number), others)
            ]
            with ThreadPoolExecutor(len(plans)) as both:
                measured, beside = both.map(generate, plans)
            assert set(measured["statuses"]) == set(beside["statuses"]) == {"201"}, (measured, beside)
            rates.append(measured["rate"])
        self.hot.append({"side": name, "round": number, "beside_hot": rates[0], "beside_random": rates[1]})
        print(
            f"W7 beside one hot article {name:<7}{rates[0]:8,.0f}/s, beside random ones {rates[1]:8,.0f}/s", flush=True
        )

    def check(self, workload: str, name: str, result: dict[str, Any], orders: int) -> None:
        """Statuses are the expected ones, bodies are documents of the right shape, and the database has each order."""
        statuses = {int(status): count for status, count in result["statuses"].items()}
        unexpected = set(statuses) - workloads.EXPECTED.get(workload, {200})
        bodies = [(int(text[:3]), json.loads(text[4:])) for text in result["bodies"]]
        assert not unexpected, f"{workload} {name}: {statuses} {[b for b in bodies if b[0] in unexpected][:2]}"
        assert orders == statuses.get(201, 0), f"{workload} {name}: {orders} orders in the database, {statuses}"
        side = self.sides[name.removesuffix("_carts")]
        for status, body in bodies:
            if status == 201:
                assert len(body[side.lines]) == (1 if workload in ("W8", "W13") else 3), body
            if workload in ("W1", "W4", "W5"):
                assert len(body["results"]) == 20, body
            if workload == "W9":
                assert len(body["results"]) == 10, body
        if workload == "W8":
            self.sold_out(side, flash_article(side.size, self.place), result)

    def sold_out(self, side: Side, article: int, result: dict[str, Any]) -> None:
        """All units of a flash sale are sold, and not one more."""
        sold, left = result["statuses"].get("201", 0), self.value(side.name, LEFT, article)
        assert (sold, left) == (FLASH_STOCK, 0), f"{side.name} has sold {sold} of {FLASH_STOCK}, {left} are left"

    def value(self, name: str, statements: dict[str, str], *params: object) -> int:
        kind = "peer" if name.startswith("peer") else "shop"
        urls = {"peer": self.bench.peer_url, "before": self.bench.before_url}
        urls |= {"peer_carts": self.bench.peer_carts_url, "shop_carts": self.bench.shop_carts_url}
        url = urls.get(name, self.bench.shop_url)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            row = connection.execute(statements[kind].encode(), params).fetchone()
        assert row is not None
        return int(row[0])


def cold_start(bench: Bench) -> float:
    """Seconds until a web server that was not running has answered from the database."""
    bench.stop("cached")
    begun = time.monotonic()
    bench.start("cached")
    bench.wait_for("cached")
    return time.monotonic() - begun


def generate(plan: Plan) -> dict[str, Any]:
    """Let the generator carry out a plan, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=plan.dump(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="W", help=" ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--data-dir", type=Path, default=Path(".data/bench"))
    parser.add_argument("--smoke", action="store_true", help="Fail like `make bench-smoke`.")
    parser.add_argument("--against", type=Path, help="Measure beside the shop of this checkout, and not the peer.")
    parser.add_argument("--keep", action="store_true", help="Use the databases of the last run.")
    options = parser.parse_args()
    if unknown := set(options.workloads) - set(NAMES):
        parser.error(f"There is no workload {', '.join(unknown)}.")
    options.workloads = options.workloads or list(NAMES)
    started, commit = datetime.now(UTC), report.git("rev-parse", "--short", "HEAD")
    checkout = options.against and options.against.resolve()
    data_dir, with_carts = options.data_dir.resolve(), bool(set(options.workloads) & set(CART_WORKLOADS))
    if checkout and with_carts:
        options.workloads = [name for name in options.workloads if name not in CART_WORKLOADS]
        with_carts = False
    with servers.running(data_dir, "small", anew=not options.keep, checkout=checkout, carts=with_carts) as bench:
        comparison = Comparison(bench, "small", options.seconds)
        comparison.prepare(compare=not options.keep and checkout is None)
        memory: dict[str, list[list[float]]] = {name: [] for name in bench.names}
        for number in range(options.rounds):
            print(f"==> Round {number + 1} of {options.rounds}")
            comparison.round(number, options.workloads)
            for name, after_each_round in memory.items():
                after_each_round.append(bench.memory_mb(name))
                print(f"Memory of {name}: {', '.join(f'{mb:.1f} MB' for mb in after_each_round[-1])}", flush=True)
        if checkout:
            print(bench.manage("verify_stock").strip())
            print(report.against(comparison.runs))
            return
        start = cold_start(bench)
        print(bench.manage("verify_stock").strip())
        failed = report.planned_anew(bench.plans("small")) if options.smoke else []
    results = report.results(comparison.runs, comparison.hot, started, commit, options.seconds, memory, start)
    print(report.table(results))
    if options.smoke:
        failed += report.too_slow(results, json.loads((HERE / "results.json").read_text()))
        sys.exit("\n".join(failed) or None)
    if set(options.workloads) == set(NAMES):
        (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
        (HERE / "results.md").write_text(report.page(results))
        (HERE / "results.svg").write_text(report.picture(results))


if __name__ == "__main__":
    main()
