"""Any sequence of what is done with an order and its money: the till has what the order costs."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from payments.services import books
from payments.tests.machine import Till

pytestmark = pytest.mark.django_db


def run(examples: int) -> None:
    """EXAMPLES=1000 tries that many sequences; without it as many as a test has time for."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Till,
        settings=settings(
            max_examples=int(os.environ.get("EXAMPLES", examples)),
            stateful_step_count=10,
            suppress_health_check=checks,
        ),
    )


def test_after_every_sequence_of_verbs_the_till_has_what_the_order_costs() -> None:
    run(6)


def test_control_the_till_has_too_much_where_nothing_is_paid_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "pay_back", lambda *args: [])
    till = Till()
    till.begin()
    till.pay()
    till.take(at_once=True, amount=None)
    till.all_invariants_hold_when_the_worker_has_done_its_work()
    till.cancel()
    with pytest.raises(AssertionError):
        till.all_invariants_hold_when_the_worker_has_done_its_work()
