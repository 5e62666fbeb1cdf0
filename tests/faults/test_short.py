"""The proof in small, as a part of the tests: a few trials of each kind, and the whole sabotage table."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import Result
from tests.faults.prove import State
from tests.faults.report import document
from tests.faults.stage import Stage, open_stage
from tests.faults.table import TABLE, Sabotage, find
from tests.faults.trials import TRIALS, Trial

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("proof"), buyers=50) as stage:
        yield stage


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
def test_nothing_is_lost_invented_or_doubled(stage: Stage, trial: Trial) -> None:
    result = trial.run(stage, trial.short)
    assert result.violations == []
    assert result.trials > 0


@pytest.mark.parametrize("sabotage", TABLE, ids=lambda sabotage: sabotage.removed)
def test_without_one_protection_a_named_check_turns_red(stage: Stage, sabotage: Sabotage) -> None:
    finding = find(stage, sabotage)
    assert finding.detected, finding.example


def test_a_violation_is_noted_and_reported(tmp_path: Path) -> None:
    violation = Violation("what was answered is there", "order 7")
    wish = client.order("token", "key", [("A1", 1)])
    result = Result(trials=3, violations=[violation], wishes=[wish])
    state = State(tmp_path / "state.json", results={TRIALS[0].name: result})
    state.write()
    again = State.read(state.file)
    assert again.results[TRIALS[0].name].violations == [violation]
    assert again.failed
    assert result.wishes == [wish]
    assert "- **what was answered is there**: order 7" in document(again)
