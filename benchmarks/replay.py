"""`make bench-replay`: how long the replay of a shop of the benchmarks takes, and that it finds no difference.

`SHOP=large` takes that of `make bench-data`, and without it the small one is filled first, if it is not there. What the
loader wrote of the catalog no event tells, so the journal gets a baseline of it, once.
"""

import argparse
import sys
import time
from pathlib import Path

import psycopg

from benchmarks.data import SIZES
from benchmarks.growth import bench_of, fill, mark_of
from config import embedded

# What a worker would do, so that the shop is as it was for what else is measured of it.
DISPATCHED = """
update events_event event set position = feed.last + waiting.step
from (select id, row_number() over (order by id) as step from events_event where position is null) waiting,
     (select coalesce(max(position), 0) as last from events_event) feed
where event.id = waiting.id
"""


def main() -> None:
    """Replay one of the shops. Exits with 1 when there is a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shop", choices=sorted(SIZES), nargs="?", default="small")
    parser.add_argument("--data-dir", type=Path, default=Path(".data/bench"))
    options = parser.parse_args()
    data_dir = options.data_dir.resolve()
    if options.shop == "small":
        fill(data_dir, ["small"])
    running = embedded.start(data_dir, report=print)
    try:
        if not mark_of(running, options.shop):
            sys.exit("There is no such shop: run `make bench-data`.")
        bench = bench_of(running, options.shop)
        size = SIZES[options.shop]
        print(f"==> The {options.shop} shop: {size.products:,} products, {size.orders:,} orders", flush=True)
        bench.manage("migrate", "-v0")
        bench.manage("replay", "catalog", "--baseline", "--verify", "-v0")
        with psycopg.connect(bench.shop_url) as connection:
            connection.execute(DISPATCHED)
        for subject in ("orders", "stock", "payments", "catalog"):
            started = time.monotonic()
            print(bench.manage("replay", subject, "--verify").rstrip(), flush=True)
            print(f"{subject}: {time.monotonic() - started:.1f} s with the start of the command", flush=True)
    finally:
        running.stop()


if __name__ == "__main__":
    main()
