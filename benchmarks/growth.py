"""`make bench-data` builds the large shop, `make bench-growth` measures it beside the small one.

100,000 products and 1,000,000 orders with their ledger, against 10,000 products and 20,000 orders. Only
our shop, with its cache of lists off.
"""

import argparse
from pathlib import Path
from statistics import median

from benchmarks import servers, workloads
from benchmarks.data import SIZES
from benchmarks.load import Plan
from benchmarks.run import WARM_UP, generate
from benchmarks.servers import PORTS, Bench
from benchmarks.workloads import NAMES, Shop
from config import embedded

MEASURED = ("W1", "W2", "W3", "W4", "W5", "W7", "W9")
# The large shop may be so many times slower.
LIMITS = dict.fromkeys(MEASURED, 1.5) | {"W4": 3.0}


def bench_of(running: embedded.Servers, name: str) -> Bench:
    return Bench(running.data_dir, servers.with_database(running, f"shop_{name}"), "", running.redis_url)


def measure(bench: Bench, name: str, seconds: float) -> dict[str, float]:
    """The rate of each workload on one size."""
    bench.start("shop")
    try:
        bench.wait_for("shop")
        side = Shop("shop", PORTS["shop"], SIZES[name])
        side.prepare()
        rates = {}
        for workload in MEASURED:
            plan = Plan(side.port, workloads.requests(workload, side, 0), warm_up=WARM_UP, seconds=seconds)
            result = generate(plan)
            assert set(map(int, result["statuses"])) <= workloads.EXPECTED.get(workload, {200}), result["statuses"]
            rates[workload] = result["rate"]
            print(f"{name:<6}{workload:<4}{result['rate']:8,.0f}/s  p99 {result['p99_ms']:6.1f} ms", flush=True)
    finally:
        bench.stop()
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["data", "measure"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--data-dir", type=Path, default=Path(".data/bench"))
    options = parser.parse_args()
    running = embedded.start(options.data_dir.resolve(), report=print)
    try:
        for name in SIZES:
            if not servers.exists(running.database_url, f"shop_{name}") or (options.what, name) == ("data", "large"):
                servers.fill_shop(bench_of(running, name), running, name)
        if options.what == "measure":
            rounds = [
                {name: measure(bench_of(running, name), name, options.seconds) for name in SIZES}
                for _ in range(options.rounds)
            ]
            print("| | | small | large | times slower | limit |\n|---|---|---|---|---|---|")
            for workload in MEASURED:
                small, large = (median(found[name][workload] for found in rounds) for name in ("small", "large"))
                slower = median(found["small"][workload] / found["large"][workload] for found in rounds)
                limit = LIMITS[workload]
                print(f"| {workload} | {NAMES[workload]} | {small:,.0f} | {large:,.0f} | {slower:.2f} | {limit} |")
    finally:
        running.stop()


if __name__ == "__main__":
    main()
