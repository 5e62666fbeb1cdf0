"""The sabotage table in small: rows of each kind of protection. `make prove` runs all of them.

Of most other protections the tests of the apps take the same away, in threads, as the control beside a race.
"""

from collections.abc import Iterator

import pytest

from tests.faults.stage import Stage, open_stage
from tests.faults.table import TABLE, Sabotage, find

pytestmark = pytest.mark.slow
# A lock, a sum, a key, a coupon, goods that come back, what the disk keeps, dead connections, a deadline, and
# the order of webhooks.
ROWS = (
    "row lock",
    "sum per item before checking",
    "lock on the key",
    "slots of a limited coupon",
    "lock on an order whose goods come back",
    "commit that waits for the disk",
    "dead-connection handling",
    "deadline of requests",
    "position of an event of a thing",
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("sabotage"), buyers=50) as stage:
        yield stage


def test_the_rows_are_rows_of_the_table() -> None:
    assert set(ROWS) <= {sabotage.removed for sabotage in TABLE}


@pytest.mark.parametrize(
    "sabotage", [sabotage for sabotage in TABLE if sabotage.removed in ROWS], ids=lambda sabotage: sabotage.removed
)
def test_without_one_protection_a_named_check_turns_red(stage: Stage, sabotage: Sabotage) -> None:
    finding = find(stage, sabotage)
    assert finding.detected, finding.example
