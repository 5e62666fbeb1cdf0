"""The proof of payments in small, as a part of the tests: a few trials of each kind, and rows of the sabotage table."""

from collections.abc import Iterator

import pytest

from tests.faults.money_table import MONEY
from tests.faults.stage import Stage, open_stage
from tests.faults.table import Sabotage, find
from tests.faults.till import open_till
from tests.faults.trials import OF_MONEY, Trial

pytestmark = pytest.mark.slow
# Money goes back, and stays known. `make prove` runs all rows.
ROWS = ("automatic refund", "join of what providers say")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("money"), buyers=20) as stage:
        # No other trials are run in this shop, so that its till needs no copy.
        stage.till = stage.closing.enter_context(open_till(stage))
        yield stage


@pytest.mark.parametrize("trial", OF_MONEY, ids=lambda trial: trial.name)
def test_nobody_is_charged_twice_or_loses_money_or_goods(stage: Stage, trial: Trial) -> None:
    result = trial.run(stage, trial.short)
    assert result.violations == []
    assert result.trials > 0


def test_the_rows_are_rows_of_the_table() -> None:
    assert set(ROWS) <= {sabotage.removed for sabotage in MONEY}


@pytest.mark.parametrize(
    "sabotage", [sabotage for sabotage in MONEY if sabotage.removed in ROWS], ids=lambda sabotage: sabotage.removed
)
def test_without_one_protection_a_named_check_turns_red(stage: Stage, sabotage: Sabotage) -> None:
    finding = find(stage, sabotage)
    assert finding.detected, finding.example
