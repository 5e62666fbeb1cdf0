"""Which warehouses the units of a replaced hold come from, and reserving from one warehouse alone."""

import pytest

from events.actors import COMMAND
from inventory import services
from inventory.exceptions import AlreadyReserved, InsufficientStock, Shortage
from inventory.models import Reservation, Warehouse
from inventory.services import Allocation
from inventory.tests.factories import (
    StockItemFactory,
    WarehouseFactory,
    held_by,
    hold,
    level_of,
    move,
    replace,
    reserve,
    snapshot,
    soon,
    state_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def north() -> Warehouse:
    warehouse: Warehouse = WarehouseFactory(code="north")
    return warehouse


def test_more_comes_from_where_units_are_held_before_other_warehouses(north: Warehouse) -> None:
    item = StockItemFactory(sku="MUG", stock={"north": 5})
    hold("cart-1", item, 2)
    services.receive_stock(reference="DN-1", lines=[services.ReceiptLine("MUG", 5, "main")], actor=COMMAND)

    replace("cart-1", {item: 4})

    assert held_by() == {("MUG", "north"): 4}


def test_one_warehouse_that_has_all_is_better_than_what_is_held_and_another(north: Warehouse) -> None:
    item = StockItemFactory(sku="MUG", stock={"main": 2, "north": 5})
    hold("cart-1", item, 2)

    replace("cart-1", {item: 3})

    assert held_by() == {("MUG", "north"): 3}
    assert level_of(item).reserved == 0


def test_units_to_come_are_given_back_before_units_that_are_there(north: Warehouse) -> None:
    item = StockItemFactory(sku="MUG", stock={"north": 3})
    main = Warehouse.objects.get(code="main")
    services.set_backorder_limit(item_id=item.pk, warehouse_id=main.pk, limit=3, actor=COMMAND)
    hold("cart-1", item, 5)
    assert held_by() == {("MUG", "main"): 3, ("MUG", "north"): 2}

    replace("cart-1", {item: 2})

    assert held_by() == {("MUG", "north"): 2}


def test_units_in_a_warehouse_that_was_closed_stay_held_and_no_more_of_them(north: Warehouse) -> None:
    item = StockItemFactory(sku="MUG", stock={"main": 5, "north": 1})
    hold("cart-1", item, 2)
    services.update_warehouse(code="main", is_active=False, actor=COMMAND)

    replace("cart-1", {item: 3})

    assert held_by() == {("MUG", "main"): 2, ("MUG", "north"): 1}
    with pytest.raises(InsufficientStock) as refusal:
        replace("cart-1", {item: 4})
    assert refusal.value.shortages[0].available == 3


def test_what_staff_moved_to_another_warehouse_stays_there(north: Warehouse) -> None:
    item = StockItemFactory(sku="MUG", stock={"main": 5, "north": 5})
    hold("cart-1", item, 2)
    move("cart-1", {item: 2})

    replace("cart-1", {item: 2}, minutes=None, new_reference="order:1")

    assert held_by("order:1") == {("MUG", "north"): 2}


def test_units_to_be_picked_up_come_from_their_warehouse(north: Warehouse) -> None:
    item = StockItemFactory(sku="MUG", stock={"main": 5, "north": 3})
    hold("cart-1", item, 2)

    replace("cart-1", {item: 3}, warehouse_id=north.pk)

    assert held_by() == {("MUG", "north"): 3}
    assert level_of(item).reserved == 0
    before = snapshot()
    with pytest.raises(InsufficientStock) as refusal:
        replace("cart-1", {item: 4}, warehouse_id=north.pk)
    assert refusal.value.shortages == [Shortage(item.pk, "MUG", 4, 3)]
    assert snapshot() == before


def test_reserving_from_one_warehouse_takes_nothing_from_others(north: Warehouse) -> None:
    item = StockItemFactory(sku="MUG", stock={"main": 5, "north": 3})
    hold("cart-2", item, 1)
    replace("cart-2", {item: 1}, warehouse_id=north.pk)
    Reservation.objects.filter(reference="cart-2").update(expires_at=soon(-1))

    first = reserve("cart-1", {item: 3}, warehouse_id=north.pk, expires_at=(end := soon()))

    assert first == [Allocation(item.pk, north.pk, 3, end)]
    assert (held_by(), state_of("cart-2")) == ({("MUG", "north"): 3}, {"released", "expired"})
    before = snapshot()
    assert reserve("cart-1", {item: 3}, warehouse_id=north.pk, expires_at=end) == first
    with pytest.raises(AlreadyReserved):
        reserve("cart-1", {item: 3}, warehouse_id=level_of(item).warehouse_id)
    with pytest.raises(InsufficientStock):
        reserve("cart-3", {item: 1}, warehouse_id=north.pk)
    assert snapshot() == before
