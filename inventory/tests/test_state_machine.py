"""Any sequence of the verbs of stock beside a small model of what they mean: same answers, refusals and sums."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from inventory.services import allocation, promises, statements
from inventory.tests.machine import Stock


def run(examples: int = 80, **options: Any) -> None:
    """EXAMPLES=1000 tries that many sequences; without it as many as a test has time for."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    examples = int(os.environ.get("EXAMPLES", examples))
    run_state_machine_as_test(
        Stock,
        settings=settings(max_examples=examples, stateful_step_count=25, suppress_health_check=checks, **options),
    )


@pytest.mark.django_db
@pytest.mark.slow
def test_every_sequence_of_verbs_does_what_the_model_says() -> None:
    run()


@pytest.mark.django_db
def test_control_the_model_sees_an_engine_that_forgets_a_warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_the_first_only(levels: Any, wanted: Any, held: Any) -> Any:
        first = {level.item_id: level for level in reversed(levels)}
        return allocation.allocate_all(list(first.values()), wanted, held)

    monkeypatch.setattr(promises, "allocate_all", of_the_first_only)
    # So that all of it is decided there.
    monkeypatch.setattr(statements, "RESERVE", statements.RESERVE.replace(" as is_whole", " and false as is_whole"))
    with pytest.raises(
        AssertionError, match=r"(reserve|replace_hold) refuses with .*InsufficientStock|replace_hold moved"
    ):
        run(1000, phases=[Phase.generate])  # ends with the first sequence that shows it
