"""The proof in small, as a part of the tests: a few trials of each kind, and the whole sabotage table."""

from collections.abc import Iterator

import pytest

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
