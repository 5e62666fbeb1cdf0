"""Promises that staff let come from another warehouse."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.db.transaction import TransactionManagementError

from database.refusals import Invalid
from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.exceptions import InsufficientStock, MoreThanReserved, Shortage, UnknownItem
from inventory.models import Reservation, StockItem, StockMovement, Warehouse
from inventory.services import Moved, ReceiptLine
from inventory.tests.factories import (
    StockItemFactory,
    WarehouseFactory,
    held_by,
    hold,
    level_of,
    move,
    reserve,
    snapshot,
    soon,
    state_of,
)
from inventory.tests.races import red

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def north() -> Warehouse:
    warehouse: Warehouse = WarehouseFactory(code="north")
    return warehouse


def receive(item: StockItem, units: int) -> None:
    line = ReceiptLine(item.sku, units, "north")
    services.receive_stock(reference="x", lines=[line], actor=COMMAND, again=True)


def promised(sku: str = "MUG", units: int = 5, free: int = 2) -> StockItem:
    """An item of which r-1 holds so many units in the main warehouse, and so many lie free in the north."""
    item = StockItemFactory(stock=units, sku=sku)
    reserve("r-1" if sku == "MUG" else f"r-1 of {sku}", {item: units})
    if free:
        receive(item, free)
    return item


def test_a_part_of_a_promise_moves() -> None:
    item = promised()

    assert move("r-1", {item: 2}) == [Moved("r-1", "MUG", "main", "north", 2)]

    assert held_by("r-1") == {("MUG", "main"): 3, ("MUG", "north"): 2}
    assert (level_of(item).reserved, level_of(item, "north").reserved) == (3, 2)
    lines = StockMovement.objects.filter(kind="reallocated").order_by("id")
    assert list(lines.values_list("reserved_delta", "reference", "reason")) == [
        (-2, "r-1", "closer"),
        (2, "r-1", "closer"),
    ]
    event = Event.objects.get(kind="stock.reallocated")
    assert event.subject == "stock:r-1"
    assert event.payload["moved"] == [{"reference": "r-1", "sku": "MUG", "from": "main", "to": "north", "quantity": 2}]
    assert red() == set()


def test_several_items_move_at_once_and_join_what_is_there() -> None:
    mug, cup = StockItemFactory(stock={"main": 3, "north": 2}, sku="MUG"), StockItemFactory(stock=4, sku="CUP")
    reserve("r-1", {mug: 5, cup: 4})
    began = min(Reservation.objects.values_list("created_at", flat=True))
    receive(mug, 3)
    receive(cup, 4)

    move("r-1", {mug: 3, cup: 1})

    assert held_by("r-1") == {("MUG", "north"): 5, ("CUP", "main"): 3, ("CUP", "north"): 1}
    assert set(Reservation.objects.filter(state="open").values_list("created_at", flat=True)) == {began}
    assert red() == set()


def test_what_joins_a_younger_part_keeps_its_age() -> None:
    item = promised(units=2)
    began = Reservation.objects.get().created_at
    services.replace_hold(reference="r-1", quantities={item.pk: 3}, actor=COMMAND, expires_at=None)
    assert held_by("r-1") == {("MUG", "main"): 2, ("MUG", "north"): 1}
    Reservation.objects.filter(level__warehouse__code="north").update(created_at=soon(1))

    receive(item, 2)
    move("r-1", {item: 2})

    assert Reservation.objects.get().created_at == began


def test_overdue_holds_of_others_make_room() -> None:
    item = promised(free=3)
    hold("cart-1", item, 2)
    Reservation.objects.filter(reference="cart-1").update(expires_at=soon(-1))

    move("r-1", {item: 3})

    assert state_of("cart-1") == {"expired"}
    assert held_by("r-1") == {("MUG", "main"): 2, ("MUG", "north"): 3}
    assert red() == set()


def refused(refusal: type[Exception], reference: str, quantities: Mapping[StockItem, int], *places: str) -> Any:
    """The refusal of a move, after which all is as it was."""
    before = snapshot()
    with pytest.raises(refusal) as refused:
        move(reference, quantities, *places)
    assert snapshot() == before
    return refused.value


def test_more_than_the_reference_holds_there_is_refused_with_every_item() -> None:
    mug, cup = promised(free=9), promised("CUP", free=9)

    refusal = refused(MoreThanReserved, "r-1", {mug: 6, cup: 1})

    assert refusal.shortages == [Shortage(mug.pk, "MUG", 6, 5), Shortage(cup.pk, "CUP", 1, 0)]
    refused(MoreThanReserved, "r-1", {mug: 1}, "north", "main")


def test_more_than_lies_unpromised_there_is_refused_with_every_item() -> None:
    mug, cup = StockItemFactory(stock=5, sku="MUG"), StockItemFactory(stock=5, sku="CUP")
    reserve("r-1", {mug: 5, cup: 5})
    receive(mug, 2)

    refusal = refused(InsufficientStock, "r-1", {mug: 3, cup: 1})

    assert refusal.shortages == [Shortage(mug.pk, "MUG", 3, 2), Shortage(cup.pk, "CUP", 1, 0)]


def test_units_that_are_only_to_come_are_no_room(north: Warehouse) -> None:
    item = promised(free=0)
    receive(item, 1)
    services.set_backorder_limit(item_id=item.pk, warehouse_id=north.pk, limit=9, actor=COMMAND)

    refused(InsufficientStock, "r-1", {item: 2})


def test_a_hold_that_is_overdue_moves_nothing() -> None:
    item = StockItemFactory(stock=5)
    hold("cart-1", item, 2, overdue=True)
    receive(item, 5)

    refused(MoreThanReserved, "cart-1", {item: 1})


def test_nothing_moves_to_a_warehouse_that_is_not_active() -> None:
    item = promised()
    services.update_warehouse(code="north", is_active=False, actor=COMMAND)

    refused(Invalid, "r-1", {item: 1})


def test_less_than_a_unit_and_a_move_to_the_same_place_are_refused() -> None:
    item = promised()

    for quantities, places in (({item: 0}, ()), ({}, ()), ({item: 1}, ("main", "main"))):
        refused(Invalid, "r-1", quantities, *places)


def test_an_item_that_does_not_exist_is_refused() -> None:
    refused(UnknownItem, "r-1", {StockItem(pk=10**9): 1})


@pytest.mark.django_db(transaction=True)
def test_nothing_moves_outside_a_transaction() -> None:
    item = StockItemFactory(stock=2)
    WarehouseFactory(code="south")

    with pytest.raises(TransactionManagementError):
        move("r-1", {item: 1}, "main", "south")


def test_moving_costs_the_same_statements_for_1_and_20_items(django_assert_num_queries: Any) -> None:
    for items in ([StockItemFactory(stock=9)], [StockItemFactory(stock=9) for _ in range(20)]):
        reserve(f"r-{len(items)}", dict.fromkeys(items, 9))
        for item in items:
            receive(item, 1)
        with django_assert_num_queries(9):
            move(f"r-{len(items)}", dict.fromkeys(items, 1))
