"""Damaged goods that come back while somebody wants such goods, with a control without the protection."""

from functools import partial

import pytest

from events.actors import COMMAND
from inventory import services
from inventory.exceptions import InsufficientStock
from inventory.models import StockItem
from inventory.services import Condition, ReturnLine
from inventory.tests.factories import StockItemFactory, held_by, level_of, reserve
from inventory.tests.races import adjust, in_transaction, red
from tests.threads import overtaken

pytestmark = pytest.mark.django_db(transaction=True)


def take_back(condition: Condition) -> None:
    services.return_stock(reference="r-1", lines=[ReturnLine("MUG", 1, "main", condition)], actor=COMMAND)


def shipped() -> StockItem:
    """An item, the last unit of which was shipped."""
    item: StockItem = StockItemFactory(stock=1, sku="MUG")
    in_transaction(partial(reserve, "r-1", {item: 1}))
    in_transaction(partial(services.fulfil, reference="r-1", actor=COMMAND))
    return item


def test_whoever_waits_for_units_does_not_get_damaged_ones() -> None:
    item = shipped()

    refused = overtaken(partial(take_back, Condition.DAMAGED), partial(reserve, "r-2", {item: 1}))

    assert isinstance(refused, InsufficientStock)
    assert (level_of(item).on_hand, held_by("r-2")) == (0, {})
    assert red() == set()


def test_control_written_off_in_a_posting_of_their_own_they_are_promised_first() -> None:
    item = shipped()

    overtaken(partial(take_back, Condition.RESTOCK), partial(reserve, "r-2", {item: 1}))

    assert held_by("r-2") == {("MUG", "main"): 1}
    with pytest.raises(InsufficientStock):
        adjust(item, -1)
