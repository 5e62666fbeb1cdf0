"""Uses of promotions under concurrency, on real connections. Each race has a control without the protection."""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction

from database.refusals import Busy
from database.transactions import run_unit
from events.actors import COMMAND
from pricing import rulebook, services
from pricing.exceptions import CouponNotValid
from pricing.models import Promotion, Redemption, Slot
from pricing.rulebook import current_rules
from pricing.services import redemptions
from pricing.tests.factories import discount_of, make_promotion, make_tax_rate, use
from tests.threads import apart, at_once, overtaken

pytestmark = pytest.mark.django_db(transaction=True)


def outcome_of(work: Callable[[], object]) -> str:
    """The word used, or the reason against it."""
    try:
        work()
    except CouponNotValid as refused:
        return refused.reason
    return "used"


def open_uses() -> int:
    return Redemption.objects.filter(given_back_at=None).count()


def test_five_hundred_at_once_get_exactly_the_uses_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redemptions, "PATIENCE", 60)
    made = make_promotion(total_limit=37)

    def many(first: int) -> list[str]:
        numbers = range(first, first + 25)
        return [outcome_of(partial(use, made, f"order {number}", f"user:{number}")) for number in numbers]

    outcomes: Counter[str] = Counter()
    for each in at_once([partial(many, first) for first in range(0, 500, 25)]):
        outcomes.update(each)
    assert outcomes == {"used": 37, "used_up": 463}
    assert (open_uses(), Slot.objects.count()) == (37, 0)


def test_control_counting_and_then_writing_uses_one_promotion_twice() -> None:
    made = make_promotion(total_limit=1)
    both_have_counted = threading.Barrier(2, timeout=30)

    def read_then_write(reference: str) -> str:
        with transaction.atomic():
            used = Redemption.objects.filter(promotion=made, given_back_at=None).count()
            both_have_counted.wait()
            if used >= 1:
                return "used_up"
            Redemption.objects.create(promotion=made, reference=reference, customer=reference)
            return "used"

    assert at_once([partial(read_then_write, name) for name in ("a", "b")]) == ["used", "used"]
    assert open_uses() == 2


def test_sixteen_uses_of_one_customer_at_once_are_two_where_two_are_allowed() -> None:
    made = make_promotion(per_customer=2)
    outcomes = at_once([partial(outcome_of, partial(use, made, f"order {number}")) for number in range(16)])
    assert Counter(outcomes) == {"used": 2, "used_by_customer": 14}
    assert open_uses() == 2


def test_control_without_the_lock_one_customer_uses_a_promotion_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    unlocked = "select %(customer)s::text, %(promotion_id)s::bigint"
    monkeypatch.setattr(redemptions, "LOCK_CUSTOMER", unlocked)
    made = make_promotion(per_customer=1)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        services.redeem(reference="a", discounts=[discount_of(made)], customer="user:1")
        assert pool.submit(apart, partial(use, made, "b", "user:1")).result(30) is None
    assert open_uses() == 2


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set as soon as somebody has found every slot taken or locked."""
    event = threading.Event()
    take_slot = redemptions._take_slot

    def tell_and_take(*args: Any) -> None:
        event.set()
        take_slot(*args)

    monkeypatch.setattr(redemptions, "_take_slot", tell_and_take)
    monkeypatch.setattr(redemptions, "PATIENCE", 60)
    return event


class Undone(Exception):
    """What a unit of work ends with that changes its mind."""


@pytest.mark.parametrize(("holder", "expected"), [("commits", "used_up"), ("undoes it", "used")])
def test_the_last_use_is_waited_for_while_its_holder_may_undo_it(
    holder: str, expected: str, looking: threading.Event
) -> None:
    made = make_promotion(total_limit=1)
    with ThreadPoolExecutor(1) as pool:

        def hold() -> Any:
            services.redeem(reference="a", discounts=[discount_of(made)], customer="user:1")
            second = pool.submit(apart, partial(outcome_of, partial(use, made, "b", "user:2")))
            assert looking.wait(30)
            if holder == "undoes it":
                raise Undone(second)
            return second

        try:
            second = run_unit(hold)
        except Undone as undone:
            [second] = undone.args
        assert second.result(30) == expected
    assert (open_uses(), Slot.objects.count()) == (1, 0)


def test_a_use_that_is_held_for_long_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redemptions, "PATIENCE", 0.2)
    made = make_promotion(total_limit=1)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        services.redeem(reference="a", discounts=[discount_of(made)], customer="user:1")
        assert isinstance(pool.submit(apart, partial(use, made, "b", "user:2")).result(30), Busy)
    assert open_uses() == 1


def test_what_is_given_back_many_times_at_once_comes_back_once() -> None:
    made = make_promotion(total_limit=2)
    use(made, "a")

    def back() -> None:
        with transaction.atomic():
            services.give_back(reference="a")

    assert at_once([back] * 16) == [None] * 16
    assert (open_uses(), Slot.objects.count()) == (0, 2)


def test_a_limit_counts_the_use_that_was_on_its_way() -> None:
    made = make_promotion()

    def limit() -> Promotion:
        return services.update_promotion(promotion_id=made.pk, total_limit=1, actor=COMMAND)

    def use_it() -> None:
        services.redeem(reference="a", discounts=[discount_of(made)], customer="user:1")

    assert isinstance(overtaken(use_it, limit), Promotion)
    assert (open_uses(), Slot.objects.count()) == (1, 0)


def test_a_limit_counts_what_is_given_back_on_its_way() -> None:
    made = make_promotion(total_limit=5)
    use(made, "a")

    def limit() -> Promotion:
        return services.update_promotion(promotion_id=made.pk, total_limit=2, actor=COMMAND)

    assert isinstance(overtaken(partial(services.give_back, reference="a"), limit), Promotion)
    assert (open_uses(), Slot.objects.count()) == (0, 2)


def test_two_edits_at_once_of_one_version_are_one_edit_and_a_refusal() -> None:
    made = make_promotion()

    def rename(name: str) -> Promotion:
        return services.update_promotion(promotion_id=made.pk, name=name, expected_version=1, actor=COMMAND)

    outcomes = Counter(type(outcome).__name__ for outcome in at_once([partial(rename, "One"), partial(rename, "Two")]))
    assert outcomes == {"Promotion": 1, "VersionMismatch": 1}
    assert Promotion.objects.get().version == 2


def test_rules_are_read_again_when_an_edit_comes_between(monkeypatch: pytest.MonkeyPatch) -> None:
    make_tax_rate()
    before = current_rules().revision
    make_tax_rate(country="AT")
    read, edits = rulebook._assembled, iter([partial(make_promotion)])

    def assembled_with_an_edit_after(revision: int) -> Any:
        rules = read(revision)
        for edit in edits:
            edit()
        return rules

    monkeypatch.setattr(rulebook, "_assembled", assembled_with_an_edit_after)
    rules = current_rules()
    assert rules.revision != before
    assert (len(rules.tax_rates), len(rules.promotions)) == (2, 1)


def test_an_edit_of_another_process_is_seen_by_the_next_question() -> None:
    rate = make_tax_rate()
    assert current_rules().tax_rates[0].rate == 19
    # Another process: a Python of its own, with its own copy of the rules.
    program = (
        "import django; django.setup()\n"
        "from decimal import Decimal; from events.actors import COMMAND; from pricing import services\n"
        f"services.update_tax_rate(tax_rate_id={rate.pk}, rate=Decimal(16), actor=COMMAND)\n"
    )
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": database.geturl()}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
    assert current_rules().tax_rates[0].rate == 16
