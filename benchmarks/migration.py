"""`make bench-migration`: the large shop of an earlier release is migrated while it is open; no request waits for long.

The earlier release serves orders and reads from 100,000 products and 1,000,000 orders, as its processes do during a
rolling release, while this checkout runs `prepare_database` and `migrate`. Afterwards this checkout serves the same
shop. Writes migration.md, and fails where a request took longer than LONGEST_SECONDS, or was refused.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import report, servers, workloads
from benchmarks.data import SIZES, Size
from benchmarks.growth import mark_of
from benchmarks.load import Plan
from benchmarks.run import generate
from benchmarks.servers import BASE_DIR, PORTS, Bench
from benchmarks.workloads import CUSTOMERS, Shop, credentials
from config import embedded

HERE = Path(__file__).parent
# The last commit before carts: its tables are those of a shop that has never heard of prices beside the catalog's.
BEFORE = "e742b58"
LONGEST_SECONDS = 2.0
# Two generators with an own beat each, so that none of their pauses hides a wait.
LOADS = {"orders": ("W7", 8, 2.0), "reads": ("W10", 8, 3.1)}
BESIDE_SECONDS = 15.0


@dataclass
class Seen:
    """What the clients of one period have seen."""

    name: str
    statuses: Counter[str] = field(default_factory=Counter)
    longest: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LOADS, 0.0))

    def note(self, load: str, result: dict[str, Any]) -> None:
        """Add what one generator has seen."""
        self.statuses.update(result["statuses"])
        self.longest[load] = max(self.longest[load], result["longest_ms"] / 1000)

    @property
    def failed(self) -> bool:
        """Whether a request took too long, or had another answer than its success or "try again"."""
        return bool(set(self.statuses) - {"200", "201", "503"}) or max(self.longest.values()) > LONGEST_SECONDS

    def row(self, seconds: float) -> str:
        """A row of the report."""
        longest = " | ".join(f"{longest:.2f}" for longest in self.longest.values())
        answers = ", ".join(f"{count:,} x {status}" for status, count in sorted(self.statuses.items()))
        return f"| {self.name} | {seconds:.0f} | {answers} | {longest} |"


def under_load(side: Shop, seen: Seen, work: Callable[[], object]) -> float:
    """Do something while customers order and read. Returns how many seconds it took."""
    over = threading.Event()

    def keep_on(load: str) -> None:
        workload, connections, beat = LOADS[load]
        requests = workloads.requests(workload, side, 0)
        while not over.is_set():
            seen.note(load, generate(Plan(side.port, requests, connections, 0.0, beat)))

    with ThreadPoolExecutor(len(LOADS)) as pool:
        running = [pool.submit(keep_on, load) for load in LOADS]
        started = time.monotonic()
        try:
            work()
        finally:
            seconds = time.monotonic() - started
            over.set()
        for load in running:
            load.result()
    return seconds


def side_of(name: str, size: Size) -> Shop:
    """The shop at one of the places for servers, with its customers signed in."""
    side = Shop(name, PORTS[name], size)
    for number in range(1, CUSTOMERS + 1):
        status, document = side.ask(side.login_path, credentials(number))
        assert status == 200, document
        side.tokens.append(document["access_token"])
    return side


def check_out(folder: Path, revision: str) -> str:
    """Put the files of a revision into a folder. Returns the revision's full name."""
    name = report.git("rev-parse", revision)
    mark = folder / "revision"
    if not mark.exists() or mark.read_text() != name:
        folder.mkdir(parents=True, exist_ok=True)
        files = subprocess.run(["git", "archive", name], cwd=BASE_DIR, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", str(folder)], input=files, check=True)
        mark.write_text(name)
    return name


def bench_of(running: embedded.Servers, database: str, checkout: Path) -> Bench:
    """Both releases on one database."""
    url = servers.with_database(running, database)
    return Bench(running.data_dir, url, "", running.redis_url, checkout, url)


def fill(data_dir: Path, checkout: Path, name: str, size_name: str) -> None:
    """Fill the shop of the earlier release by its own loader, unless that was done by an earlier run; and copy it."""
    running = embedded.start(data_dir, report=print, durable=False)
    try:
        source = f"shop_{name}"
        if not mark_of(running, name):
            servers.make_anew(running.database_url, source)
            servers.fill_before(bench_of(running, source, checkout), size_name)
        servers.make_anew(running.database_url, "shop_migrated", template=source)
        # What is set on a role within a database is not copied with the database.
        bench_of(running, "shop_migrated", checkout).run(sys.executable, "manage.py", "prepare_database", before=True)
    finally:
        running.stop()
        os.sync()


def measure(data_dir: Path, checkout: Path, size: Size) -> list[tuple[Seen, float]]:
    """Serve by the earlier release, migrate meanwhile, serve by this one."""
    running = embedded.start(data_dir, report=print)
    bench = bench_of(running, "shop_migrated", checkout)
    quiet, migrated, after = Seen("before"), Seen("while it is migrated"), Seen("served by this checkout")
    try:
        bench.start("before")
        bench.wait_for("before")
        side = side_of("before", size)
        found = [(quiet, under_load(side, quiet, lambda: time.sleep(BESIDE_SECONDS)))]

        def migrate() -> None:
            bench.manage("prepare_database")
            bench.manage("migrate", "-v0")

        found.append((migrated, under_load(side, migrated, migrate)))
        bench.stop("before")
        bench.start("shop")
        bench.wait_for("shop")
        found.append((after, under_load(side_of("shop", size), after, lambda: time.sleep(BESIDE_SECONDS))))
        print(bench.manage("verify_stock").strip())
    finally:
        bench.stop()
        running.stop()
    return found


def page(found: Sequence[tuple[Seen, float]], before: str, size: Size) -> str:
    """The report."""
    machine = report.machine()
    rows = "\n".join(seen.row(seconds) for seen, seconds in found)
    heads = " | ".join(f"longest of {name}, s" for name in LOADS)
    return f"""# The large shop is migrated while it is open

```console
make bench-migration    # writes this page
```

- {datetime.now(UTC):%Y-%m-%d}, commit {report.git("rev-parse", "--short=12", "HEAD")}; before it {before[:12]}
- {size.products:,} products, {size.orders:,} orders
- {machine["cores"]} x {machine["processor"]}, {machine["memory_gb"]} GiB, load {machine["load"]}

The earlier release goes on serving while this checkout migrates its database. A request may take {LONGEST_SECONDS:g} s
at most; 503 says `Retry-After`.

| | s | answers | {heads} |
|---|---|---|{"---|" * len(LOADS)}
{rows}
"""


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="make bench-migration", description=__doc__)
    parser.add_argument("--before", default=BEFORE, help="The earlier release.")
    parser.add_argument("--size", choices=SIZES, default="large", help="A look at a small shop writes no page.")
    parser.add_argument("--data-dir", type=Path, default=Path(".data/migration"))
    options = parser.parse_args()
    data_dir: Path = options.data_dir.resolve()
    checkout = data_dir / "before"
    before = check_out(checkout, options.before)
    fill(data_dir, checkout, f"{options.size}_{before[:12]}", options.size)
    found = measure(data_dir, checkout, SIZES[options.size])
    text = page(found, before, SIZES[options.size])
    print(text)
    if options.size == "large":
        (HERE / "migration.md").write_text(text)
    failed = [seen.name for seen, _ in found if seen.failed]
    sys.exit(f"Too long, or refused: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
