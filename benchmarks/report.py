"""From the runs to results.json, results.md and the picture."""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.servers import BASE_DIR, PEER_PYTHON
from benchmarks.workloads import NAMES

# The ratio to the peer that must hold, and the far goal. The mix has another pair as the shop is delivered.
CACHED_GOALS = {"W10": (1.5, 2.0)}
GOALS = {
    "W1": (1.05, 1.3),
    "W2": (1.05, 1.2),
    "W3": (1.0, 1.3),
    "W4": (3.5, 6.0),
    "W5": (1.1, 1.3),
    "W7": (1.2, 1.6),
    "W8": (1.8, 2.4),
    "W9": (1.6, 2.0),
    "W10": (1.1, 1.3),
    "W11": (1.0, 1.3),
    "W12": (1.2, 1.6),
    "W13": (1.5, 2.0),
}
PACKAGES = {"shop": ("django", "djangorestframework", "psycopg", "gunicorn"), "peer": ("fastapi", "sqlalchemy",
            "asyncpg", "uvicorn")}  # fmt: skip
Results = dict[str, Any]


def results(
    runs: Sequence[dict[str, Any]],
    hot: Sequence[dict[str, Any]],
    started: datetime,
    commit: str,
    seconds: float,
    memory: dict[str, list[list[float]]],
    cold_start: float,
) -> Results:
    return {
        "started": f"{started:%Y-%m-%d %H:%M} UTC",
        "minutes": round((datetime.now(UTC) - started).total_seconds() / 60),
        "seconds_per_measurement": seconds,
        "rounds": 1 + max(run["round"] for run in runs),
        "machine": machine(),
        "versions": versions(),
        "commit": commit,
        "memory_mb": {name: [[round(size) for size in sizes] for sizes in rounds] for name, rounds in memory.items()},
        "requests": {
            name: sum(sum(run["statuses"].values()) for run in runs if run["side"] == name) for name in memory
        },
        "cold_start_s": round(cold_start, 2),
        "hot": list(hot),
        "workloads": {name: summary(name, runs) for name in NAMES if any(run["workload"] == name for run in runs)},
        "runs": list(runs),
    }


def summary(workload: str, runs: Sequence[dict[str, Any]]) -> Results:
    """Per side the median rate; per kind of ours the ratios of each round with the peer of that round."""
    by_side: dict[str, list[dict[str, Any]]] = {}
    for run in sorted(runs, key=lambda run: run["round"]):
        if run["workload"] == workload:
            by_side.setdefault(run["side"], []).append(run)
    found: Results = {}
    for side, own in by_side.items():
        found[side] = {key: round(median(run[key] for run in own), 1) for key in ("rate", "p50_ms", "p99_ms", "bytes")}
        if workload == "W8":
            found[side]["refused_p50_ms"] = round(median(run["refused_p50_ms"] for run in own), 1)
        if side != "peer":
            ratios = [ours["rate"] / theirs["rate"] for ours, theirs in zip(own, by_side["peer"], strict=True)]
            found[side]["ratio"] = round(median(ratios), 2)
            found[side]["ratios"] = [round(ratio, 2) for ratio in ratios]
    return found


def table(results: Results) -> str:
    lines = [
        "| | | FastAPI peer | ours | ratio (lowest to highest) | with the cache of lists | goal, far goal | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in results["workloads"].items():
        ours = row["shop"]
        cached = f"{row['cached']['rate']:,.0f}: **{row['cached']['ratio']:.2f}**" if "cached" in row else ""
        goals = " and ".join(f"{goal:g}" for goal in GOALS[name]) if name in GOALS else ""
        goals += f"; cached {CACHED_GOALS[name][0]:g}" if name in CACHED_GOALS else ""
        spread = f"{min(ours['ratios']):.2f} to {max(ours['ratios']):.2f}"
        lines.append(
            f"| {name} | {NAMES[name]} | {row['peer']['rate']:,.0f} | {ours['rate']:,.0f} | **{ours['ratio']:.2f}** "
            f"({spread}) | {cached} | {goals} | {verdict(name, row)} |"
        )
    return "\n".join(lines)


def too_slow(results: Results, committed: Results) -> list[str]:
    """What has less than half of the ratio that was once measured: more than noise takes."""
    found = []
    for name, row in results["workloads"].items():
        ratio, once = row["shop"]["ratio"], committed["workloads"][name]["shop"]["ratio"]
        print(f"{name}: {ratio:.2f} of the peer, {once:.2f} in results.json")
        if ratio < once / 2:
            found.append(f"{name} has less than half of what results.json says.")
    return found


def planned_anew(found: dict[str, Any]) -> list[str]:
    """The statements of workloads that PostgreSQL plans anew for each request: up to half of the time they take."""
    return [
        f"{statement['source']} is planned anew each time: {statement['text'][:80]}"
        for statement in (*found["hottest"], *found["others"])
        if statement["source"] in NAMES and not statement["general"]
    ]


def hot_line(results: Results) -> str:
    """How fast orders of random articles come through beside a hot one, in times of beside each other."""
    said = []
    for side, name in (("shop", "ours"), ("peer", "the peer")):
        ratios = [run["beside_hot"] / run["beside_random"] for run in results["hot"] if run["side"] == side]
        said.append(f"{name} {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    return ", ".join(said)


def verdict(name: str, row: Results) -> str:
    if name not in GOALS:
        return ""
    said = judged(row["shop"]["ratio"], *GOALS[name])
    if "cached" in row:
        said += f"; cached {judged(row['cached']['ratio'], *CACHED_GOALS.get(name, GOALS[name]))}"
    return said


def judged(ratio: float, goal: float, far: float) -> str:
    return "far goal" if ratio >= far else "reached" if ratio >= goal else "missed"


def latency_row(name: str, row: Results) -> str:
    peer, ours = row["peer"], row["shop"]
    times = " | ".join(f"{side['p50_ms']:.1f}, {side['p99_ms']:.1f}" for side in (peer, ours))
    return f"| {name} | {times} | {peer['bytes']:,.0f} | {ours['bytes']:,.0f} |"


def page(results: Results) -> str:
    size = results["machine"]
    latencies = "\n".join(latency_row(name, row) for name, row in results["workloads"].items())
    flash = results["workloads"]["W8"]
    packages = "; ".join(
        f"{side}: " + ", ".join(f"{name} {version}" for name, version in found.items())
        for side, found in results["versions"].items()
    )
    memory = "; ".join(
        f"{name} {', '.join(' and '.join(map(str, sizes)) for sizes in rounds)} ({requests:,} requests)"
        for (name, rounds), requests in zip(results["memory_mb"].items(), results["requests"].values(), strict=True)
    )
    return f"""# What `make bench` has measured

Requests per second by both shops in the same run, the medians of {results["rounds"]} rounds of
{results["seconds_per_measurement"]:g} s for each workload and side. README.md says what is compared, and what is not.
The ratio is that of each round, its median in bold; below 15 % a difference is a tie.

{table(results)}

![Ratios to the FastAPI peer](results.svg)

W8 counts orders until the last unit is sold: exactly 1,000 each time, on both sides. Its p99 is
{flash["shop"]["p99_ms"]:.0f} ms against {flash["peer"]["p99_ms"]:.0f} ms; a refusal after the sell-out takes
{flash["shop"]["refused_p50_ms"]:.1f} ms against {flash["peer"]["refused_p50_ms"]:.1f} ms (16 clients at once, medians).
After each measurement of orders their number in the database was that of the answers, and in the end
`manage.py verify_stock` was clean.

Orders of random articles while one hot article is ordered from as many connections, in times of what comes through
beside other random orders: {hot_line(results)}.

| | peer: p50, p99 in ms | ours | peer: bytes of a body | ours |
|---|---|---|---|---|
{latencies}

- Commit {results["commit"]}, {results["started"]}, {results["minutes"]} minutes.
- {size["processor"]}, {size["cores"]} cores, {size["memory_gb"]} GB, {size["system"]}; load before: {size["load"]}.
- {packages}.
- Memory of the two workers after each round, in MB: {memory}.
- A web server that was not running answers from the database after {results["cold_start_s"]:.1f} s.

Absolute figures do not travel: generator, shops, PostgreSQL and Valkey share the cores. Compare ratios.
"""


def picture(results: Results) -> str:
    """A bar for each ratio: the peer is the line at 1, the goal a tick, ours with the cache of lists in light."""
    rows, scale = results["workloads"], 110
    width, height = 190 + scale * 6, 40 + 34 * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        f'font-size="13"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="10" y="20" font-weight="bold">Times the rate of the FastAPI peer (tick: goal)</text>'
    ]
    for place, (name, row) in enumerate(rows.items()):
        y = 34 + 34 * place
        parts.append(f'<text x="10" y="{y + 17}">{name}</text>')
        for side, colour, top, thick in (("cached", "#a8cbe8", 0, 26), ("shop", "#1f6fb2", 6, 14)):
            if side in row:
                bar = min(row[side]["ratio"], 6) * scale
                parts.append(f'<rect x="50" y="{y + top}" width="{bar:.0f}" height="{thick}" fill="{colour}"/>')
        best = max(row[side]["ratio"] for side in ("cached", "shop") if side in row)
        label = f"{row['shop']['ratio']:.2f}" + (f" / {row['cached']['ratio']:.2f}" if "cached" in row else "")
        parts.append(f'<text x="{58 + min(best, 6) * scale:.0f}" y="{y + 18}">{label}</text>')
        if name in GOALS:
            x = 50 + GOALS[name][0] * scale
            parts.append(
                f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{y - 2}" y2="{y + 28}" stroke="#c0392b" stroke-width="2"/>'
            )
    one = 50 + scale
    parts.append(f'<line x1="{one}" x2="{one}" y1="30" y2="{height - 4}" stroke="#555" stroke-dasharray="4"/></svg>')
    return "\n".join(parts) + "\n"


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load": f"{os.getloadavg()[2]:.1f}",
    }


def versions() -> dict[str, dict[str, str]]:
    say = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    theirs = subprocess.run([PEER_PYTHON, "-c", say, *PACKAGES["peer"]], capture_output=True, text=True, check=True)
    return {
        "shop": {name: metadata.version(name) for name in PACKAGES["shop"]},
        "peer": dict(zip(PACKAGES["peer"], theirs.stdout.split(), strict=True)),
    }


def git(*command: str) -> str:
    done = subprocess.run(["git", *command], cwd=BASE_DIR, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def against(runs: Sequence[Mapping[str, Any]]) -> str:
    """A table of each workload's rate, now and before, and the ratio of each round's pair: lowest, median, highest."""
    rates: dict[tuple[str, str], list[float]] = {}
    for run in sorted(runs, key=lambda run: run["round"]):
        rates.setdefault((run["workload"], run["side"]), []).append(run["rate"])
    lines = [f"{'':5}{'before/s':>10}{'now/s':>10}  now/before (lowest, median, highest)"]
    for workload in sorted({workload for workload, _ in rates}, key=lambda name: int(name[1:])):
        before, now = rates[workload, "before"], rates[workload, "shop"]
        ratios = sorted(after / first for first, after in zip(before, now, strict=True))
        spread = f"{ratios[0]:.2f}  {median(ratios):.2f}  {ratios[-1]:.2f}"
        lines.append(f"{workload:5}{median(before):10,.0f}{median(now):10,.0f}  {spread}")
    return "\n".join(lines)
