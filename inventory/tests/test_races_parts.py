"""Parts of promises that are shipped and given back at once. Each race has a control without the protection."""

from functools import partial
from typing import Any

import pytest

from events.actors import COMMAND
from inventory import services
from inventory.exceptions import MoreThanReserved, Shortage
from inventory.models import StockItem, StockLevelQuerySet
from inventory.services import promises, resolving
from inventory.tests.factories import StockItemFactory, held_by, level_of, reserve, units_of
from inventory.tests.races import in_transaction, in_transactions, kinds, promised, red, take_lock_away
from tests.threads import overtaken

pytestmark = pytest.mark.django_db(transaction=True)

CHAIN = "balances of the ledger chain, up to the counters"


def stocked(**promises: int) -> StockItem:
    """An item with promises of so many units, and nothing besides."""
    item: StockItem = StockItemFactory(stock=sum(promises.values()), sku="MUG")
    for reference, quantity in promises.items():
        in_transaction(partial(reserve, reference, {item: quantity}))
    return item


def ship(reference: str, item: StockItem, units: int) -> int:
    return units_of(services.fulfil(reference=reference, quantities={item.pk: units}, actor=COMMAND))


def give_back(reference: str, item: StockItem, units: int) -> int:
    return services.release(reference=reference, quantities={item.pk: units}, actor=COMMAND)


# One promise


def test_of_seven_units_three_of_five_parts_are_shipped() -> None:
    item = stocked(order=7)

    outcomes = in_transactions([partial(ship, "order", item, 2)] * 5)

    assert kinds(outcomes) == {"MoreThanReserved": 2, "int": 3}
    assert held_by("order") == {("MUG", "main"): 1}
    assert (level_of(item).on_hand, level_of(item).reserved) == (1, 1)
    assert red() == set()


def give_back_and_ship(item: StockItem) -> Any:
    """What became of two units of three that were to be shipped while two were given back."""
    return overtaken(partial(give_back, "order", item, 2), partial(ship, "order", item, 2))


def test_a_part_that_is_given_back_meanwhile_is_not_shipped() -> None:
    item = stocked(order=3)

    refused = give_back_and_ship(item)

    assert isinstance(refused, MoreThanReserved)
    assert refused.shortages == [Shortage(item.pk, "MUG", 2, 1)]
    assert (level_of(item).on_hand, promised(item)) == (3, 1)
    assert red() == set()


def test_control_without_locks_only_the_count_of_what_was_resolved_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    item = stocked(order=3, other=5)
    locked = StockLevelQuerySet.locked

    def unlocked(self: StockLevelQuerySet, item_ids: Any) -> StockLevelQuerySet:
        levels = locked(self, item_ids)
        levels.query.select_for_update = False
        return levels

    monkeypatch.setattr(StockLevelQuerySet, "locked", unlocked)
    monkeypatch.setattr(resolving, "HELD_BY", promises.HELD_BY.replace("for update", ""))

    error = give_back_and_ship(item)

    assert str(error) == "A reservation was resolved without its level's lock."


# Two promises of one level


def test_parts_of_two_promises_that_are_shipped_at_once_follow_each_other_in_the_ledger() -> None:
    item = stocked(first=5, second=5)

    outcomes = in_transactions([partial(ship, reference, item, 2) for reference in ("first", "second")])

    assert outcomes == [2, 2]
    assert (level_of(item).on_hand, level_of(item).reserved) == (6, 6)
    assert red() == set()


def test_control_without_the_lock_both_write_the_same_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    item = stocked(first=5, second=5)
    take_lock_away(monkeypatch, resolving, "_to_ship")

    in_transactions([partial(ship, reference, item, 2) for reference in ("first", "second")])

    assert CHAIN in red()
