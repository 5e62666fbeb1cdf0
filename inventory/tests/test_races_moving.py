"""Promises that staff move while others want them or their units. Each race has a control without the protection."""

from functools import partial
from typing import Any

import pytest

from database.transactions import run_unit
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import MoreThanReserved
from inventory.models import StockItem, Warehouse
from inventory.services import ReceiptLine, moving, reallocation
from inventory.tests.factories import (
    StockItemFactory,
    WarehouseFactory,
    held_by,
    hold,
    level_of,
    move,
    promise,
    reserve,
)
from inventory.tests.races import in_transaction, in_transactions, kinds, red, take_lock_away
from tests.threads import at_once, overtaken

pytestmark = pytest.mark.django_db(transaction=True)


def free_in_the_north(item: StockItem, units: int) -> None:
    north = Warehouse.objects.filter(code="north").first() or WarehouseFactory(code="north")
    services.receive_stock(reference="x", lines=[ReceiptLine(item.sku, units, north.code)], actor=COMMAND)
    # With backorders no CHECK stands behind the lock.
    services.set_backorder_limit(item_id=item.pk, warehouse_id=north.pk, limit=9, actor=COMMAND)


# The last free units


def two_promises() -> StockItem:
    """Two promises of three units in the main warehouse; three units lie free in the north."""
    item: StockItem = StockItemFactory(stock=6, sku="MUG")
    for reference in ("r-1", "r-2"):
        in_transaction(partial(reserve, reference, {item: 3}))
    free_in_the_north(item, 3)
    return item


def test_the_last_free_units_take_over_one_promise() -> None:
    item = two_promises()

    outcomes = in_transactions([partial(move, reference, {item: 3}) for reference in ("r-1", "r-2")])

    assert kinds(outcomes) == {"InsufficientStock": 1, "list": 1}
    assert (level_of(item, "north").on_hand, level_of(item, "north").reserved) == (3, 3)
    assert red() == set()


def test_control_without_the_lock_they_take_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    item = two_promises()
    take_lock_away(monkeypatch, moving, "promises_from")

    outcomes = in_transactions([partial(move, reference, {item: 3}) for reference in ("r-1", "r-2")])

    assert kinds(outcomes) == {"list": 2}
    assert "balances of the ledger chain, up to the counters" in red()


# A hold that is promised meanwhile


def promise_and_move() -> Any:
    """What became of a hold that was to move while it became the promise r-1."""
    item = StockItemFactory(stock=4, sku="MUG")
    in_transaction(partial(hold, "cart-1", item, 4))
    free_in_the_north(item, 4)
    return overtaken(partial(promise, "cart-1", "r-1", {item: 4}), partial(move, "cart-1", {item: 4}))


def test_a_hold_that_becomes_a_promise_meanwhile_stays_one() -> None:
    assert isinstance(promise_and_move(), MoreThanReserved)

    assert held_by("r-1") == {("MUG", "main"): 4}
    assert held_by("cart-1") == {}
    assert red() == set()


def test_control_without_a_lock_on_what_moves_the_promise_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reallocation, "LOCK_PROMISED", reallocation.LOCK_PROMISED.replace("for update", ""))

    promise_and_move()

    assert held_by("r-1") == {}
    assert held_by("cart-1") == {("MUG", "north"): 4}


# Opposite ways


def test_promises_that_change_places_at_once_do_not_deadlock() -> None:
    WarehouseFactory(code="north")
    items: list[StockItem] = [StockItemFactory(stock={"main": 40, "north": 40}) for _ in range(2)]
    ids = dict(Warehouse.objects.values_list("code", "pk"))
    places = ("main", "north")
    for number in range(4):
        place = ids[places[number % 2]]
        in_transaction(partial(reserve, f"r-{number}", dict.fromkeys(items, 4), warehouse_id=place))

    def wander(number: int) -> None:
        there, other = places[number % 2], places[1 - number % 2]
        basket = dict.fromkeys(items[:: 1 - 2 * (number % 2)], 4)
        for _ in range(4):
            run_unit(partial(move, f"r-{number}", basket, there, other))
            there, other = other, there

    outcomes = at_once([partial(wander, number) for number in range(4)])

    assert kinds(outcomes) == {"NoneType": 4}
    assert [level_of(item, place).reserved for item in items for place in places] == [8, 8, 8, 8]
    assert red() == set()
