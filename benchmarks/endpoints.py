"""`make bench-endpoints`: what each operation of the API takes, one client in one process; writes endpoints.md.

    python -m benchmarks.endpoints --against ../other-checkout

measures two checkouts in one run: each has a process and a database of its own on the same PostgreSQL and Valkey, and
for each operation they take turns. Production settings and the demo's shop, without rate limits and the cache of lists,
and with the cheapest bcrypt, whose time says nothing about us.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import report
from benchmarks.servers import BASE_DIR, Bench, make_anew, with_database
from config import embedded

PAGE = Path(__file__).parent / "endpoints.md"
ROUNDS, TIMES = 20, 5
SIDES = ("this", "other")
Times = dict[str, dict[str, list[float]]]


class Side:
    """A checkout with a database of its own, and its process that is asked."""

    def __init__(self, name: str, checkout: Path, servers: embedded.Servers, path: Path) -> None:
        self.checkout, database = checkout, f"endpoints_{name}"
        make_anew(servers.database_url, database)
        redis = f"{servers.redis_url.partition('?')[0]}?db={1 + SIDES.index(name)}"
        data_dir = servers.data_dir / name
        data_dir.mkdir(exist_ok=True)
        bench = Bench(data_dir, with_database(servers, database), "", redis)
        self.environment = bench.environment(
            DJANGO_SETTINGS_MODULE="config.settings",
            LIST_CACHE_SECONDS="0",
            BCRYPT_ROUNDS="4",
            LOG_LEVEL="CRITICAL",
            PYTHONHASHSEED="1",  # both sides have their sets and dictionaries alike
            # The measuring process is that of this checkout on both sides, the shop is not.
            PYTHONPATH=f"{path}:{checkout}",
        )
        for command in (["prepare_database"], ["migrate", "-v0"], ["load_demo", "--force"]):
            done = self.run("manage.py", *command)
            assert done.wait() == 0, f"{name}: {' '.join(command)}"
        self.process = self.run("-P", "-m", "benchmarks.asking", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.names: list[str] = self.read()

    def run(self, *command: str, **pipes: Any) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, *command], cwd=self.checkout, env=self.environment, text=True, **pipes)

    def read(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.checkout}: the process has ended"
        return json.loads(line)

    def measure(self, name: str, times: int) -> list[float] | str:
        """Microseconds of each request, or what was wrong with an answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([name, times]) + "\n")
        self.process.stdin.flush()
        measured: list[float] | str = self.read()
        return measured

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


@contextmanager
def running(checkouts: dict[str, Path]) -> Iterator[dict[str, Side]]:
    """A side for each checkout, on servers of their own; all of it stopped and removed in the end."""
    data = BASE_DIR / ".data"
    data.mkdir(exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="endpoints-", dir=data)))
        path = folder / "path"
        path.mkdir()
        (path / "benchmarks").symlink_to(BASE_DIR / "benchmarks")
        servers = embedded.start(folder, report=print)
        stack.callback(servers.stop)
        sides = {}
        for name, checkout in checkouts.items():
            sides[name] = Side(name, checkout, servers, path)
            stack.callback(sides[name].stop)
        yield sides


def measure_all(sides: dict[str, Side], names: list[str], rounds: int) -> tuple[Times, dict[str, str]]:
    """The times of each side by operation, and what went wrong instead. The first round warms up and does not count."""
    times: Times = {name: {side: [] for side in sides} for name in names}
    wrong: dict[str, str] = {}
    for number in range(rounds + 1):
        for name in names:
            for side in list(sides)[:: 1 if number % 2 else -1]:
                if name in wrong:
                    continue
                measured = sides[side].measure(name, TIMES)
                if isinstance(measured, str):
                    wrong[name] = f"{side}: {measured}"
                elif number:
                    times[name][side] += measured
        print(f"\rround {number} of {rounds}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {name: measured for name, measured in times.items() if name not in wrong}, wrong


def spread(times: list[float]) -> str:
    """The median, and the range in which the middle half lies."""
    low, middle, high = quantiles(times, n=4)
    return f"{middle:,.0f} | {low:,.0f} to {high:,.0f}"


def table(times: Times, sides: list[str]) -> str:
    # Of requests that came right after each other: what slows the machine down for a while slows both.
    ratios = {
        name: median(one / other for one, other in zip(of["this"], of["other"], strict=True))
        for name, of in times.items()
        if "other" in of
    }
    rows = [
        f"| `{name}` | {' | '.join(spread(of[side]) for side in sides)} |"
        + (f" {ratios[name]:.2f} |" if name in ratios else "")
        for name, of in times.items()
    ]
    head = "".join(f" {side} | middle half |" for side in sides) + (" this / other |" if ratios else "")
    lines = [f"| microseconds |{head}", f"|---|{'---|' * (head.count('|'))}", *rows]
    if ratios:
        lines += ["", f"The median of all {len(ratios)} ratios is {median(ratios.values()):.3f}."]
    return "\n".join(lines)


def page(text: str, rounds: int, commits: dict[str, str]) -> str:
    machine = ", ".join(str(part) for part in report.machine().values())
    whose = " and ".join(f"{commit} ({side})" for side, commit in commits.items())
    return "\n".join(
        [
            "# What each operation takes",
            "",
            f"`make bench-endpoints` wrote this on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC at {whose}, on {machine}. "
            "One client through the WSGI application of one process, with all of its middleware, PostgreSQL and "
            f"Valkey, and no network: medians of {rounds} rounds of {TIMES} requests, on the demo's shop, which the "
            "requests make grow. Passwords are hashed with the cheapest bcrypt.",
            "",
            text,
            "",
        ]
    )


def commit_of(checkout: Path) -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=checkout, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or str(checkout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="Only operations with one of these in their name; writes no file.")
    parser.add_argument("--against", type=Path, help="Another checkout, measured in turns with this one.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    checkouts = {"this": BASE_DIR} | ({"other": options.against.resolve()} if options.against else {})
    with running(checkouts) as sides:
        names = [name for name in sides["this"].names if not options.parts or any(x in name for x in options.parts)]
        times, wrong = measure_all(sides, names, options.rounds)
    text = table(times, list(sides))
    print(text)
    if not options.parts and options.rounds >= ROUNDS:
        commits = {side: commit_of(checkout) for side, checkout in checkouts.items()}
        PAGE.write_text(page(text, options.rounds, commits))
    if wrong:
        sys.exit("\n".join(f"{name}: {what}" for name, what in wrong.items()))


if __name__ == "__main__":
    main()
