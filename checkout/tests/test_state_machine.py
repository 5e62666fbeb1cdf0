"""Any sequence of the verbs of carts beside a small model of what they mean: same answers, refusals and holds."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from pytest_django import Settings

from checkout.services import claiming
from checkout.tests.machine import Carts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def guests_may_hold_everything(settings: Settings) -> None:
    """What bounds them has tests of its own."""
    settings.GUEST_HOLD_SHARE = 100
    settings.GUEST_HOLDS_PER_ADDRESS = 0


def run(examples: int) -> None:
    """EXAMPLES=1000 tries that many sequences; without it as many as a test has time for."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Carts,
        settings=settings(
            max_examples=int(os.environ.get("EXAMPLES", examples)),
            stateful_step_count=20,
            suppress_health_check=checks,
        ),
    )


@pytest.mark.slow
def test_every_sequence_of_verbs_does_what_the_model_says() -> None:
    run(40)


def test_control_the_model_sees_a_merge_that_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    summed = claiming.MERGE.replace("greatest(line.quantity, excluded.quantity)", "line.quantity + excluded.quantity")
    assert summed != claiming.MERGE
    monkeypatch.setattr(claiming, "MERGE", summed)
    carts = Carts()
    carts.begin()
    carts.add("own", 2, 1)
    carts.add("guest", 2, 2)
    carts.claim()
    with pytest.raises(AssertionError):
        carts.carts_and_holds_are_those_of_the_model()
