"""How many instructions a request takes: `python -m benchmarks.instructions W2 W7`, after a run, with valgrind there.

Times differ by a tenth from one minute to the next on a machine that others use too, and most changes are worth less:
what callgrind counts differs by a hundredth. One client sends requests through the WSGI application, and a long row
less a short one, by the difference in requests, leaves out how both processes began. What the kernel does (sockets,
disk, waking up) is not counted.
"""

import argparse
import dataclasses
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.profile import call, prepared, shop_in_process
from benchmarks.servers import Bench, with_database
from config import embedded
from config.embedded import postgres

FEW, MANY = 100, 300
CALLGRIND = "valgrind --tool=callgrind -q"
# Functions of PostgreSQL, each with all that it calls. A foreign key is checked by a statement of its own, so what
# setting up plans takes is in part also there.
PARTS = {
    "set up": "standard_ExecutorStart",
    "foreign keys": "RI_FKey_check_ins",
    "indexes": "ExecInsertIndexTuples",
    "CHECKs": "ExecConstraints",
}


def replay(name: str, count: int) -> None:
    """In the process that is counted: send requests, and say which backend has served them."""
    application, side = shop_in_process([name], customers=1)
    from django.db import connection

    for request in prepared(name, side)[:count]:
        call(application, request)
    print(connection.connection.info.backend_pid)


def counted(file: Path) -> Counter[str]:
    """Instructions by function, each with all that it calls, once the process has ended; "" is all of them."""
    deadline = time.monotonic() + 60
    while not file.exists() or "\ntotals: " not in file.read_text():
        assert time.monotonic() < deadline, f"{file} was not written."
        time.sleep(0.1)
    command = ["callgrind_annotate", "--inclusive=yes", "--threshold=100", "--auto=no", str(file)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^\s*([\d,]+) \(\s*[\d.]+%\)\s+(?:PROGRAM (TOTALS)|\S*:([\w.']+) )", text, re.M)
    counts: Counter[str] = Counter()
    for number, totals, function in found:
        counts["" if totals else function] += int(number.replace(",", ""))
    return counts


def measure(bench: Bench, folder: Path, name: str) -> None:
    """A row of the table."""
    web, backend = Counter[str](), Counter[str]()
    callgrind = f"{CALLGRIND} --callgrind-out-file={folder}/web"
    settings = bench.environment(
        DJANGO_SETTINGS_MODULE="config.settings",
        LIST_CACHE_SECONDS="0",
        DATABASE_STATEMENT_TIMEOUT_MS="600000",
        EXPENSIVE_STATEMENT_TIMEOUT_MS="600000",
        REQUEST_DEADLINE_SECONDS="3600",
        REDIS_TIMEOUT_SECONDS="60",
        PYTHONHASHSEED="1",
        PYTHONWARNINGS="ignore",
    )
    replaying = [sys.executable, "-m", "benchmarks.instructions", "--replay"]
    subprocess.run([*replaying, "1", name], env=settings, stdout=subprocess.DEVNULL, check=True)  # compiles what is new
    for count, sign in ((MANY, 1), (FEW, -1)):
        done = subprocess.run(
            [*callgrind.split(), *replaying, str(count), name],
            env=settings,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        for side, file in ((web, folder / "web"), (backend, folder / done.stdout.strip())):
            for function, number in counted(file).items():
                side[function] += sign * number
            file.unlink()
    each = (MANY - FEW) * 1000
    parts = " | ".join(f"{backend[function] / each:,.0f}" for function in PARTS.values())
    print(f"| {name} | {web[''] / each:,.0f} | {backend[''] / each:,.0f} | {parts} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=["W1", "W2", "W3", "W7"])
    parser.add_argument("--data-dir", type=Path, default=Path(".data/bench"))
    parser.add_argument("--replay", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.replay:
        replay(options.workloads[0], options.replay)
        return
    if shutil.which("callgrind_annotate") is None:
        sys.exit("This needs valgrind: apt install valgrind")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)  # the server may run as somebody else
        place = postgres.find_place(options.data_dir.resolve())
        program = folder / "postgres"
        program.write_text(
            f'#!/bin/sh\nexec {CALLGRIND} --callgrind-out-file={folder}/%p {place.programs / "postgres"} "$@"\n'
        )
        program.chmod(0o755)
        postgres.find_place = lambda data_dir: dataclasses.replace(place, programs=folder)
        servers = embedded.start(options.data_dir.resolve())
        try:
            bench = Bench(options.data_dir.resolve(), with_database(servers, "shop_small"), "", servers.redis_url)
            print(
                f"| thousand instructions | web | PostgreSQL | {' | '.join(PARTS)} |\n|---|{'---|' * (2 + len(PARTS))}"
            )
            for workload in options.workloads:
                measure(bench, folder, workload)
        finally:
            servers.stop()


if __name__ == "__main__":
    main()
