"""`make prove`: all trials and the sabotage table, as long as it takes; stopped by Ctrl-C, continued by the next run.

What has been shown adds up in a state file, which each batch of trials is noted in. Counts of other code prove nothing:
when the code has changed, the next run starts anew. The first violation ends the run; then the servers' folder, their
logs and every client's log are kept where the last line says.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inventory.invariants import Violation
from tests.faults.checks import Result
from tests.faults.money_table import ALL_ROWS
from tests.faults.report import document
from tests.faults.stage import Stage, open_stage
from tests.faults.table import Finding, find
from tests.faults.trials import ALL_TRIALS
from tests.shop import BASE_DIR

BUYERS = 500
# Texts, and measurements that no trial takes part in: they may change between two runs that add up.
NO_CODE = (":(exclude)docs", ":(exclude)benchmarks", ":(exclude,glob)*.md")


def fingerprint(root: Path = BASE_DIR) -> str:
    """What the code is, by the content of its files as they lie there; committed or not. Empty where git is missing."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".", *NO_CODE]
    try:
        names = subprocess.run(listing, cwd=root, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        return ""
    code = hashlib.sha256()
    for name in sorted(set(filter(None, names))):
        file = root / name
        content = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "gone"
        code.update(f"{name}\0{content}\0".encode())
    return code.hexdigest()


@dataclass
class State:
    """What all runs together have shown of the code with this fingerprint."""

    file: Path
    code: str = ""
    commits: list[str] = field(default_factory=list)
    machine: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path, code: str) -> "State":
        """What the file says about this code; an empty state when it is about other code, or nobody knows which."""
        noted: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        if not code or noted.get("code") != code:
            return cls(file, code)
        results = {name: Result(**row) for name, row in noted.pop("results").items()}
        for result in results.values():
            result.violations = [Violation(**row) for row in result.violations]  # type: ignore[arg-type]  # as noted
        findings = {name: Finding(**row) for name, row in noted.pop("findings").items()}
        return cls(file, results=results, findings=findings, **noted)

    def write(self) -> None:
        noted = vars(self) | {
            "results": {name: summary(result) for name, result in self.results.items()},
            "findings": {name: asdict(finding) for name, finding in self.findings.items()},
        }
        del noted["file"]
        draft = self.file.with_suffix(".draft")
        draft.write_text(json.dumps(noted, indent=1))
        draft.replace(self.file)

    @property
    def failed(self) -> bool:
        missed = any(not finding.detected for finding in self.findings.values())
        return missed or any(result.violations for result in self.results.values())


def summary(result: Result) -> dict[str, Any]:
    """A result without the clients' logs, which are kept only when something went wrong."""
    return asdict(replace(result, wishes=[]))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("--short", action="store_true", help="A small count of everything, and no report.")
    parser.add_argument("--only", default="", help="Trials whose names contain this expression, and no sabotage.")
    parser.add_argument("--data", type=Path, default=BASE_DIR / ".data" / "proof", help="Where state and servers are.")
    parser.add_argument("--report", type=Path, default=BASE_DIR / "docs" / "proof.md")
    options = parser.parse_args()
    data: Path = options.data / "short" if options.short else options.data
    data.mkdir(parents=True, exist_ok=True)
    file = data / "state.json"
    state = State(file) if options.short else State.read(file, fingerprint())
    try:
        with (
            kept_on_failure(data, state) as folder,
            open_stage(folder, buyers=50 if options.short else BUYERS) as stage,
        ):
            state.machine = machine(stage)
            note_commit(state)
            prove(stage, state, short=options.short, only=options.only)
    except KeyboardInterrupt:
        print("\nStopped. The next run goes on from here.", flush=True)
    text = document(state)
    if not options.short:
        options.report.write_text(text)
    print(text)
    return 1 if state.failed else 0


def prove(stage: Stage, state: State, *, short: bool, only: str = "") -> None:
    """Run what is still missing, or the trials of these names alone; end at the first violation."""
    for sabotage in () if only else ALL_ROWS:
        if sabotage.removed not in state.findings:
            finding = find(stage, sabotage)
            state.findings[sabotage.removed] = finding
            state.write()
            print(f"without {finding.removed}: {finding.red if finding.detected else finding.example}", flush=True)
            if state.failed:
                return
    for trial in ALL_TRIALS:
        if not re.search(only, trial.name):
            continue
        total = state.results.setdefault(trial.name, Result())
        target = trial.short if short else trial.long
        while total.trials < target:
            started = time.monotonic()
            result = trial.run(stage, min(trial.batch, target - total.trials))
            total.add(result)
            state.seconds[trial.name] = state.seconds.get(trial.name, 0.0) + time.monotonic() - started
            state.write()
            print(f"{trial.name}: {total.trials} of {target} {trial.counted}", flush=True)
            if state.failed:
                keep_log(stage, result)
                return
            total.wishes.clear()


def keep_log(stage: Stage, result: Result) -> None:
    """Write down what every client asked and was told, and what was wrong."""
    rows = [
        {"kind": wish.kind, "key": wish.key, "body": wish.body, "outcome": wish.outcome}
        | {"answers": [[answer.sent, answer.seconds, answer.status, answer.code] for answer in wish.answers]}
        for wish in result.wishes
    ]
    violations = [asdict(violation) for violation in result.violations]
    document = {"violations": violations, "wishes": rows}
    (stage.shop.data_dir / "clients.json").write_text(json.dumps(document, indent=1, default=str))


@contextmanager
def kept_on_failure(data: Path, state: State) -> Iterator[Path]:
    """A fresh folder for the servers, removed in the end unless something went wrong."""
    folder = data / "shop"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except BaseException:
        print(f"Kept: {keep(folder)}", file=sys.stderr)
        raise
    if state.failed:
        print(f"Kept: {keep(folder)}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def keep(folder: Path) -> Path:
    return folder.rename(folder.with_name(f"failure-{datetime.now(UTC):%Y%m%d-%H%M%S}"))


def note_commit(state: State) -> None:
    done = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=BASE_DIR, capture_output=True, check=False)
    commit = done.stdout.decode().strip() or "unknown"
    if commit not in state.commits:
        state.commits.append(commit)


def machine(stage: Stage) -> list[str]:
    """What the figures were measured on."""
    processors = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in processors.read_text().splitlines() if "model name" in line]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    ((version, fsync, commit),) = stage.query(
        "select split_part(version(), ' on ', 1), current_setting('fsync'), current_setting('synchronous_commit')"
    )
    return [
        f"{os.cpu_count()} x {models[0] if models else platform.machine()}, {memory:.0f} GiB, {platform.system()}",
        f"Python {platform.python_version()}, {version}, fsync {fsync}, synchronous_commit {commit}",
    ]


if __name__ == "__main__":
    sys.exit(main())
