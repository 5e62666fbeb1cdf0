"""docs/proof.md: what `make prove` has shown, with its bounds."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.faults.checks import Result
from tests.faults.trials import ALL_TRIALS

if TYPE_CHECKING:
    from tests.faults.prove import State

BEGINNING = """# The proof

The shop is put under load and under faults, as a whole: gunicorn, PostgreSQL with `fsync` and `synchronous_commit` on,
Valkey. Every client writes down what it asked and what it was told; afterwards all invariants of `manage.py
verify_stock` must hold, and every client's log must agree with the database.

```console
make prove            # what this page shows; Ctrl-C stops it, the next run of the same code goes on and adds up
make prove SHORT=1    # a small count of everything; it is part of `make test` too
```

All counts are of one state of the code: when a file outside docs/, benchmarks/ and the texts beside the Makefile has
changed, committed or not, the next run starts anew.

Written by the command itself: do not edit.
"""
MEANING = """
A violation is any of these: an invariant that does not hold; an answer of 2xx that is not in the database exactly once
and as it was asked for; something in the database that nobody asked for; a lost answer whose effect is there in part or
twice, or whose key does not converge within three tries; an answer other than 2xx, 4xx, or 503 with `Retry-After`;
something that only the safety net of `api.problems` caught; and what each trial looks for by itself. Of money it
is any difference between the books of the providers, ours and the orders, a charge for what was given up, a charge or a
refund twice, an order that is paid and not confirmed, one that its customer paid in time and the clock cancelled, and
anything that is left half done. Where no violation was seen in n trials, the chance of one is below 3/n with 95 %
confidence, for trials like these.
"""
SABOTAGE = """
## Sabotage

Each run takes one protection away, in test code or by SQL, and must turn a named check red; the same run with the
protection must leave it green. Some protections stand behind another one: for these the first line is away in both.

| protection taken away | behind | check that must turn red | detected | seen |
|---|---|---|---|---|
"""
LIMITS = """
## Not tested here

- A power cut of the machine: processes are killed, and the operating system keeps what they have written. Whether a
  disk keeps what `fsync` has promised is the disk's matter.
- A full disk, a broken disk, a clock that jumps, replication and a fail-over, several machines.
- The worker's waits (heartbeats, claims of mails, retries, and those for providers) are seconds instead of minutes.
- Stripe and PayPal themselves: a fake of both keeps the books that ours are compared with.
- Bcrypt has 4 rounds, and rate limits are so high that nobody meets them.
"""


def document(state: "State") -> str:
    lines = [BEGINNING]
    lines.append(f"- {datetime.now(UTC):%Y-%m-%d}, commit {', '.join(state.commits)}")
    lines += [f"- {line}" for line in state.machine]
    lines.append(f"- {sum(state.seconds.values()) / 60:.0f} minutes of trials\n")
    lines.append("## Trials\n")
    lines.append("| trial | n | faults injected | requests | violations | bound | worst seen |")
    lines.append("|---|---|---|---|---|---|---|")
    for trial in ALL_TRIALS:
        result = state.results.get(trial.name, Result())
        bound = f"{3 / result.trials:.2g}" if result.trials and not result.violations else ""
        worst = "; ".join(f"{name}: {figure:.3g}" for name, figure in result.figures.items())
        counts = f"{result.trials:,} {trial.counted} | {result.faults:,} | {result.requests:,}"
        lines.append(f"| {trial.name} | {counts} | {len(result.violations)} | {bound} | {worst} |")
    lines.append(MEANING)
    for result in state.results.values():
        lines += [f"- **{violation.invariant}**: {violation.row}" for violation in result.violations[:20]]
    lines.append(SABOTAGE.lstrip("\n").rstrip("\n"))
    for row in state.findings.values():
        detected = "yes" if row.detected else "**no**"
        seen = row.example.replace("|", "/")
        lines.append(f"| {row.removed} | {row.behind} | {row.red} | {detected} | `{seen}` |")
    lines.append(LIMITS)
    return "\n".join(lines)
