"""Promises that come from another warehouse, since too few units stay in their own."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from events.actors import COMMAND
from inventory import services
from inventory.exceptions import InsufficientStock
from inventory.invariants import violations
from inventory.models import Reservation, StockItem, StockMovement, Warehouse
from inventory.services import AdjustmentLine, CountLine, Moved, TransferLine
from inventory.tests.factories import (
    StockItemFactory,
    WarehouseFactory,
    hold,
    level_of,
    move,
    promise,
    reserve,
    snapshot,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def north() -> Warehouse:
    warehouse: Warehouse = WarehouseFactory(code="north")
    return warehouse


def stocked(main: int, north: int, *promised: int) -> StockItem:
    """An item with promises r-1, r-2 ... from the main warehouse, and so many free units in the north."""
    item = StockItemFactory(stock={"main": main})
    for number, quantity in enumerate(promised, start=1):
        reserve(f"r-{number}", {item: quantity})
    if north:
        line = services.ReceiptLine(item.sku, north, "north")
        services.receive_stock(reference="north", lines=[line], actor=COMMAND)
    return item


def held(item: StockItem) -> dict[str, dict[str, int]]:
    """The units that each reference holds, by warehouse."""
    found: dict[str, dict[str, int]] = {}
    for row in Reservation.objects.filter(level__item=item, state="open").select_related("level__warehouse"):
        found.setdefault(row.reference, {})[row.level.warehouse.code] = row.quantity
    return found


def adjust(item: StockItem, delta: int) -> services.Posting:
    line = AdjustmentLine(item.sku, "main", delta=delta)
    return services.adjust_stock(reason="mice", lines=[line], actor=COMMAND)


def correct(item: StockItem, delta: int) -> services.Posting:
    there = level_of(item).on_hand
    line = AdjustmentLine(item.sku, "main", set_to=there + delta, expected=there)
    return services.adjust_stock(reason="mice", lines=[line], actor=COMMAND)


def count(item: StockItem, delta: int) -> services.Posting:
    line = CountLine(item.sku, level_of(item).on_hand + delta, "main")
    return services.count_stock(lines=[line], actor=COMMAND, reason="mice")


@pytest.mark.parametrize("verb", [adjust, correct, count])
def test_promises_move_to_free_units_elsewhere_when_too_few_stay(
    verb: Callable[[StockItem, int], services.Posting],
) -> None:
    item = stocked(10, 5, 4, 4)

    posting = verb(item, -4)

    assert held(item) == {"r-1": {"main": 4}, "r-2": {"north": 4}}
    assert posting.moved == [Moved("r-2", item.sku, "main", "north", 4)]
    assert [(level_of(item, place).on_hand, level_of(item, place).reserved) for place in ("main", "north")] == [
        (6, 4),
        (5, 4),
    ]
    rows = StockMovement.objects.filter(kind="reallocated").order_by("id")
    assert [(row.level.warehouse.code, row.reserved_delta, row.reserved_after, row.reference) for row in rows] == [
        ("main", -4, 4, "r-2"),
        ("north", 4, 4, "r-2"),
    ]
    assert {row.reason for row in rows} == {"mice"}
    assert list(violations()) == []


def test_moves_cost_the_same_statements_for_1_and_20_items(django_assert_num_queries: Any) -> None:
    for items in ([stocked(5, 5)], [stocked(5, 5) for _ in range(20)]):
        reserve(f"order-of-{len(items)}", dict.fromkeys(items, 5))
        with django_assert_num_queries(12):
            lines = [AdjustmentLine(item.sku, "main", delta=-1) for item in items]
            services.adjust_stock(reason="mice", lines=lines, actor=COMMAND)


def test_an_order_moves_whole_where_it_can_and_in_parts_where_it_must() -> None:
    item = stocked(12, 7, 6, 6)

    posting = adjust(item, -7)

    assert [(move.reference, move.quantity) for move in posting.moved] == [("r-2", 6), ("r-1", 1)]
    assert held(item) == {"r-1": {"main": 5, "north": 1}, "r-2": {"north": 6}}
    assert list(violations()) == []


def test_units_join_those_that_the_reference_holds_there_already() -> None:
    item = StockItemFactory(stock={"main": 3, "north": 2})
    reserve("r-1", {item: 5})
    services.receive_stock(reference="x", lines=[services.ReceiptLine(item.sku, 4, "north")], actor=COMMAND)

    adjust(item, -1)

    assert held(item) == {"r-1": {"north": 5}}
    assert list(violations()) == []


def test_what_cannot_move_is_refused_with_how_many_can_leave() -> None:
    item = stocked(10, 3, 8)
    before = snapshot()

    with pytest.raises(InsufficientStock) as refusal:
        adjust(item, -6)

    assert [(short.requested, short.available) for short in refusal.value.shortages] == [(6, 5)]
    assert [error.message for error in refusal.value.errors] == ["At most 5 can leave."]
    assert snapshot() == before
    assert adjust(item, -5).moved == [Moved("r-1", item.sku, "main", "north", 3)]


def test_nothing_moves_to_a_warehouse_that_is_not_active(north: Warehouse) -> None:
    item = stocked(5, 5, 5)
    services.update_warehouse(code="north", is_active=False, actor=COMMAND)

    with pytest.raises(InsufficientStock):
        adjust(item, -1)

    assert held(item) == {"r-1": {"main": 5}}


def test_promises_go_along_with_goods_that_are_transferred() -> None:
    item = stocked(5, 0, 5)

    posting = services.transfer_stock(
        source="main", target="north", lines=[TransferLine(item.sku, 5)], actor=COMMAND, reference="van"
    )

    assert held(item) == {"r-1": {"north": 5}}
    assert posting.moved == [Moved("r-1", item.sku, "main", "north", 5)]
    assert [line.kind for line in posting.lines] == ["transferred_out", "transferred_in"]
    assert list(violations()) == []


def test_overdue_holds_keep_no_units_from_a_promise() -> None:
    item = stocked(5, 3, 5)
    hold("cart", item, 3, overdue=True)

    adjust(item, -3)

    assert held(item) == {"r-1": {"main": 2, "north": 3}}
    assert Reservation.objects.get(reference="cart").state == "expired"


def test_a_promise_that_has_moved_keeps_its_age_and_is_reserved_only_once() -> None:
    item = stocked(10, 10, 4, 4)
    adjust(item, -6)
    assert held(item) == {"r-1": {"main": 4}, "r-2": {"north": 4}}

    move("r-1", {item: 4})
    again = reserve("r-1", {item: 4})

    assert [(part.quantity, part.warehouse_id) for part in again] == [(4, level_of(item, "north").warehouse_id)]
    first, second = Reservation.objects.order_by("created_at")
    assert (first.reference, second.reference) == ("r-1", "r-2")
    # So the newer one is given up first, though the older one came to the north later.
    assert list(services.outlook(level_of(item, "north"), 10).given_up) == ["r-2"]


def test_a_hold_keeps_its_end_and_can_be_promised_in_its_new_place() -> None:
    item = stocked(5, 5)
    hold("cart", item, 4)
    end = Reservation.objects.get().expires_at

    adjust(item, -3)

    assert held(item) == {"cart": {"north": 4}}
    assert Reservation.objects.get(state="open").expires_at == end
    with transaction.atomic():
        assert promise("cart", "r-1", {item: 4}) == 4
