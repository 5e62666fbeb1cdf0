"""Parcels that come back while others want the same. Each race has a control without the protection."""

from functools import partial

import pytest

from events.actors import COMMAND
from inventory import services
from inventory.exceptions import InsufficientStock
from inventory.models import StockItem
from inventory.services import ReturnLine, unshipping
from inventory.tests.factories import StockItemFactory, held_by, level_of, reserve, units_of
from inventory.tests.races import in_transaction, in_transactions, kinds, red, take_lock_away
from tests.threads import overtaken

pytestmark = pytest.mark.django_db(transaction=True)

TOO_MANY = "no more comes back under a reference than was shipped"


def shipped(units: int) -> StockItem:
    """An item, all units of which were shipped under r-1."""
    item: StockItem = StockItemFactory(stock=units, sku="MUG")
    in_transaction(partial(reserve, "r-1", {item: units}))
    in_transaction(partial(services.fulfil, reference="r-1", actor=COMMAND))
    return item


def cancel(item: StockItem, units: int) -> int:
    place = item.pk, level_of(item).warehouse_id
    return services.unship(reference="r-1", quantities={place: units}, actor=COMMAND)


# A parcel that several cancel


def test_a_parcel_that_is_cancelled_four_times_at_once_comes_back_once() -> None:
    item = shipped(3)

    outcomes = in_transactions([partial(cancel, item, 3)] * 4)

    assert kinds(outcomes) == {"MoreThanShipped": 3, "int": 1}
    assert (level_of(item).on_hand, level_of(item).reserved) == (3, 3)
    assert red() == set()


def test_control_without_the_lock_it_comes_back_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    item = shipped(3)
    take_lock_away(monkeypatch, unshipping, "_need_away")

    outcomes = in_transactions([partial(cancel, item, 3)] * 2)

    assert kinds(outcomes) == {"int": 2}
    assert TOO_MANY in red()


# Somebody waits for the units


def test_whoever_waits_for_units_does_not_get_those_that_come_back() -> None:
    item = shipped(1)

    refused = overtaken(partial(cancel, item, 1), partial(reserve, "r-2", {item: 1}))

    assert isinstance(refused, InsufficientStock)
    assert held_by("r-1") == {("MUG", "main"): 1}
    assert red() == set()


def test_control_in_two_postings_the_first_customer_loses_them() -> None:
    item = shipped(1)

    services.return_stock(reference="r-1", lines=[ReturnLine("MUG", 1)], actor=COMMAND)
    in_transaction(partial(reserve, "r-2", {item: 1}))

    with pytest.raises(InsufficientStock):
        in_transaction(partial(reserve, "r-1", {item: 1}))


# All verbs of parts at once


def test_a_promise_that_is_shipped_given_back_and_cancelled_at_once_has_each_unit_once() -> None:
    item = shipped(8)
    in_transaction(partial(cancel, item, 8))
    one = {item.pk: 1}

    def ship() -> int:
        return units_of(services.fulfil(reference="r-1", quantities=one, actor=COMMAND))

    give_back = partial(services.release, reference="r-1", quantities=one, actor=COMMAND)

    outcomes = in_transactions([ship, ship, give_back, partial(cancel, item, 1)] * 3)

    assert set(kinds(outcomes)) <= {"int", "MoreThanReserved", "MoreThanShipped"}
    done = [outcome == 1 for outcome in outcomes]
    gone = sum(done[0::4]) + sum(done[1::4]) - sum(done[3::4])
    free = sum(done[2::4])
    assert held_by("r-1") == {("MUG", "main"): 8 - gone - free}
    assert (level_of(item).on_hand, level_of(item).reserved) == (8 - gone, 8 - gone - free)
    assert red() == set()
