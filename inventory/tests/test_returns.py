"""Goods that come back from customers: a part of what was shipped, where somebody says, whole or damaged."""

from typing import Any

import pytest

from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.exceptions import InsufficientStock, NoWarehouse, UnknownWarehouse
from inventory.models import Reservation, StockItem, StockMovement, Warehouse
from inventory.services import Condition, ReturnLine
from inventory.tests.factories import StockItemFactory, WarehouseFactory, level_of, reserve, snapshot
from inventory.tests.races import red

pytestmark = pytest.mark.django_db


def sold_out(units: int = 3) -> StockItem:
    """An item, all units of which were shipped under r-1."""
    WarehouseFactory(code="north")
    item: StockItem = StockItemFactory(stock=units, sku="MUG")
    reserve("r-1", {item: units})
    services.fulfil(reference="r-1", actor=COMMAND)
    return item


def take_back(*lines: ReturnLine) -> services.Posting:
    return services.return_stock(reference="r-1", lines=lines, actor=COMMAND, reason="too small")


def ledger() -> list[tuple[Any, ...]]:
    """The lines of the ledger for what has come back."""
    columns = ("kind", "level__warehouse__code", "on_hand_delta", "on_hand_after", "reserved_delta", "reference")
    return list(StockMovement.objects.filter(reason="too small").order_by("id").values_list(*columns))


def test_a_part_comes_back_into_the_warehouse_that_is_named_and_is_for_sale() -> None:
    item = sold_out(units=3)

    posting = take_back(ReturnLine("MUG", 2, "north"))

    assert [(line.kind, line.warehouse, line.on_hand_delta) for line in posting.lines] == [("returned", "north", 2)]
    assert (level_of(item).on_hand, level_of(item, "north").on_hand) == (0, 2)
    item.refresh_from_db()
    assert item.in_stock
    # What was shipped stays shipped.
    assert list(Reservation.objects.values_list("quantity", "state")) == [(3, "fulfilled")]
    reserve("r-2", {item: 2})
    assert red() == set()


def test_what_is_damaged_comes_back_and_is_written_off_in_one_posting() -> None:
    item = sold_out()

    posting = take_back(ReturnLine("MUG", 2, "north", Condition.DAMAGED))

    assert ledger() == [("returned", "north", 2, 2, 0, "r-1"), ("shortfall", "north", -2, 0, 0, "r-1")]
    assert len({line.at for line in posting.lines}) == 1
    item.refresh_from_db()
    assert not item.in_stock
    with pytest.raises(InsufficientStock):
        reserve("r-2", {item: 1})
    event = Event.objects.get(kind="stock.returned")
    assert [line["on_hand_delta"] for line in event.payload["lines"]] == [2, -2]
    assert red() == set()


def test_some_units_of_an_item_may_be_damaged_and_others_not() -> None:
    item = sold_out()

    take_back(ReturnLine("MUG", 1, "main", Condition.DAMAGED), ReturnLine("MUG", 2, "main"))

    assert [row[2] for row in ledger()] == [1, -1, 2]
    assert level_of(item).on_hand == 2
    assert red() == set()


def test_damaged_units_cover_no_promise() -> None:
    item = sold_out()
    main = Warehouse.objects.get(code="main")
    services.set_backorder_limit(item_id=item.pk, warehouse_id=main.pk, limit=5, actor=COMMAND)
    reserve("r-2", {item: 2})

    assert take_back(ReturnLine("MUG", 2, "main", Condition.DAMAGED)).covered == []
    assert take_back(ReturnLine("MUG", 2, "main")).covered == ["r-2"]


def test_without_a_warehouse_it_comes_to_the_first_one() -> None:
    item = sold_out()

    take_back(ReturnLine("MUG", 1))

    assert level_of(item).on_hand == 1
    Warehouse.objects.update(is_active=False)
    before = snapshot()
    with pytest.raises(NoWarehouse):
        take_back(ReturnLine("MUG", 1))
    assert snapshot() == before


def test_an_unknown_warehouse_is_refused_with_its_line() -> None:
    sold_out()
    before = snapshot()

    with pytest.raises(UnknownWarehouse) as refusal:
        take_back(ReturnLine("MUG", 1), ReturnLine("MUG", 1, "moon", Condition.DAMAGED))
    assert [error.field for error in refusal.value.errors] == ["lines.1.warehouse"]
    assert snapshot() == before


def test_returns_cost_the_same_statements_for_1_and_20_lines(django_assert_num_queries: Any) -> None:
    for items in ([StockItemFactory(stock=1)], [StockItemFactory(stock=1) for _ in range(20)]):
        with django_assert_num_queries(8):
            take_back(*[ReturnLine(item.sku, 1, "main", Condition.DAMAGED) for item in items])
