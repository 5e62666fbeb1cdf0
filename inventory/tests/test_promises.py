"""Reserving, releasing and shipping."""

from typing import Any

import pytest
from django.db import connection
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from database.refusals import Invalid
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import (
    AlreadyReserved,
    InsufficientStock,
    NothingReserved,
    NotOnHand,
    Shortage,
    UnknownItem,
)
from inventory.models import Reservation, StockItem, StockMovement, Warehouse
from inventory.services import engine
from inventory.tests.factories import (
    StockItemFactory,
    WarehouseFactory,
    level_of,
    reserve,
    snapshot,
    state_of,
    units_of,
)

pytestmark = pytest.mark.django_db


def last_movement() -> tuple[Any, ...]:
    fields = ("kind", "on_hand_delta", "reserved_delta", "on_hand_after", "reserved_after", "reference", "reason")
    row: tuple[Any, ...] = StockMovement.objects.order_by("-id").values_list(*fields)[0]
    return row


def test_reserving_promises_units_and_writes_the_ledger() -> None:
    item = StockItemFactory(stock=10)

    allocations = reserve("r-1", {item: 4})

    level = level_of(item)
    assert allocations == [services.Allocation(item.pk, level.warehouse_id, 4)]
    assert (level.on_hand, level.reserved, level.available) == (10, 4, 6)
    assert last_movement() == ("reserved", 0, 4, 10, 4, "r-1", "")
    reservation = Reservation.objects.get()
    assert (reservation.quantity, reservation.state, reservation.expires_at) == (4, "open", None)


def test_reserving_more_than_there_is_names_every_short_item_and_changes_nothing() -> None:
    short, enough, empty = StockItemFactory(stock=3), StockItemFactory(stock=9), StockItemFactory()
    before = snapshot()

    with pytest.raises(InsufficientStock) as refusal:
        reserve("r-1", {short: 4, enough: 1, empty: 1})

    assert refusal.value.shortages == [Shortage(short.pk, short.sku, 4, 3), Shortage(empty.pk, empty.sku, 1, 0)]
    assert snapshot() == before


def test_an_item_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownItem):
        services.reserve(reference="r-1", quantities={10**9: 1}, actor=COMMAND)


def test_a_quantity_below_one_is_refused() -> None:
    item = StockItemFactory(stock=3)
    before = snapshot()

    with pytest.raises(Invalid):
        reserve("r-1", {item: 0})
    assert snapshot() == before


def test_reserving_the_same_again_changes_nothing() -> None:
    item = StockItemFactory(stock=10)
    first = reserve("r-1", {item: 4})
    before = snapshot()

    assert reserve("r-1", {item: 4}) == first
    assert snapshot() == before


def test_a_reference_that_holds_something_else_is_refused() -> None:
    item, without_levels = StockItemFactory(stock=10), StockItemFactory()
    reserve("r-1", {item: 4})
    before = snapshot()

    with pytest.raises(AlreadyReserved):
        reserve("r-1", {without_levels: 1})
    with pytest.raises(AlreadyReserved):
        reserve("r-1", {item: 5})
    assert snapshot() == before


def test_stock_in_an_inactive_warehouse_is_not_promised() -> None:
    WarehouseFactory(code="closed", is_active=False)
    item = StockItemFactory(stock={"main": 2, "closed": 50})

    with pytest.raises(InsufficientStock) as refusal:
        reserve("r-1", {item: 3})
    assert refusal.value.shortages[0].available == 2


def test_one_warehouse_that_has_all_is_better_than_two_of_better_priority() -> None:
    for code in ("near", "far"):
        WarehouseFactory(code=code)
    item = StockItemFactory(stock={"main": 2, "near": 2, "far": 4})

    reserve("r-1", {item: 4})

    assert [level_of(item, code).reserved for code in ("main", "near", "far")] == [0, 0, 4]


def test_a_split_takes_the_fewest_warehouses_and_of_those_the_first() -> None:
    for code in ("b", "c", "d"):
        WarehouseFactory(code=code)
    item = StockItemFactory(stock={"main": 1, "b": 3, "c": 2, "d": 3})

    reserve("r-1", {item: 5})

    assert [level_of(item, code).reserved for code in ("main", "b", "c", "d")] == [0, 3, 2, 0]


def test_the_answer_names_items_in_the_sequence_of_the_basket() -> None:
    items: list[StockItem] = [StockItemFactory(stock=5) for _ in range(3)]
    basket = {items[1]: 1, items[2]: 2, items[0]: 3}

    first = reserve("r-1", basket)

    assert [(part.item_id, part.quantity) for part in first] == [(item.pk, units) for item, units in basket.items()]
    assert reserve("r-1", basket) == first


@pytest.mark.parametrize(("quantity", "statements"), [(400, 2), (600, 4)])
def test_only_what_is_split_is_read_and_written_by_statements_of_its_own(quantity: int, statements: int) -> None:
    WarehouseFactory(code="north")
    item = StockItemFactory(stock={"main": 500, "north": 500})

    with CaptureQueriesContext(connection) as captured:
        reserve("r-1", {item: quantity})

    assert len(captured) == statements


def test_units_that_are_there_are_promised_before_units_to_come() -> None:
    WarehouseFactory(code="near")
    item = StockItemFactory(stock={"near": 3})
    main = Warehouse.objects.get(code="main")
    services.set_backorder_limit(item_id=item.pk, warehouse_id=main.pk, limit=10, actor=COMMAND)

    reserve("r-1", {item: 3})
    reserve("r-2", {item: 2})

    assert (level_of(item, "near").reserved, level_of(item).reserved) == (3, 2)


def test_releasing_gives_units_back_once() -> None:
    item = StockItemFactory(stock=10)
    reserve("r-1", {item: 4})

    assert services.release(reference="r-1", actor=COMMAND, reason="changed my mind") == 4
    assert last_movement() == ("released", 0, -4, 10, 0, "r-1", "changed my mind")
    before = snapshot()
    assert services.release(reference="r-1", actor=COMMAND) == 0
    assert snapshot() == before
    assert state_of("r-1") == {"released"}


def test_what_is_released_can_be_reserved_again_by_the_same_reference() -> None:
    item = StockItemFactory(stock=4)
    reserve("r-1", {item: 4})
    services.release(reference="r-1", actor=COMMAND)

    reserve("r-1", {item: 3})

    assert level_of(item).reserved == 3


def test_shipping_takes_units_out_of_the_building() -> None:
    item, other = StockItemFactory(stock=10), StockItemFactory(stock=10)
    reserve("r-1", {item: 4, other: 1})

    assert units_of(services.fulfil(reference="r-1", actor=COMMAND)) == 5

    level = level_of(item)
    assert (level.on_hand, level.reserved) == (6, 0)
    assert state_of("r-1") == {"fulfilled"}
    before = snapshot()
    with pytest.raises(NothingReserved):
        services.fulfil(reference="r-1", actor=COMMAND)
    assert snapshot() == before


def test_backordered_units_cannot_be_shipped_before_they_are_there() -> None:
    item = StockItemFactory(stock=1)
    main = Warehouse.objects.get(code="main")
    services.set_backorder_limit(item_id=item.pk, warehouse_id=main.pk, limit=5, actor=COMMAND)
    reserve("r-1", {item: 3})
    before = snapshot()

    with pytest.raises(NotOnHand) as refusal:
        services.fulfil(reference="r-1", actor=COMMAND)
    assert refusal.value.shortages == [Shortage(item.pk, item.sku, 3, 1)]
    assert snapshot() == before

    posting = services.receive_stock(reference="DN-1", lines=[services.ReceiptLine(item.sku, 2)], actor=COMMAND)
    assert posting.covered == ["r-1"]
    assert units_of(services.fulfil(reference="r-1", actor=COMMAND)) == 3


@pytest.mark.django_db(transaction=True)
def test_stock_is_not_promised_outside_a_transaction() -> None:
    item = StockItemFactory(stock=2)

    with pytest.raises(TransactionManagementError):
        reserve("r-1", {item: 1})


def test_the_check_stands_behind_the_decision() -> None:
    """With the decision broken, the database still refuses, and in the words of the contract."""
    item = StockItemFactory(stock=2)
    broken = level_of(item)
    broken.on_hand = 100

    with pytest.raises(InsufficientStock):
        engine.post([engine.Entry(broken, engine.Kind.RESERVED, reserved=3)], actor=COMMAND)


def test_promises_cost_the_same_statements_for_1_and_20_items(django_assert_num_queries: Any) -> None:
    few, many = [StockItemFactory(stock=60)], [StockItemFactory(stock=60) for _ in range(20)]
    for items in (few, many):
        with django_assert_num_queries(2):
            reserve(f"r-{len(items)}", dict.fromkeys(items, 1))
        with django_assert_num_queries(3):
            services.fulfil(reference=f"r-{len(items)}", actor=COMMAND)
        reserve(f"s-{len(items)}", dict.fromkeys(items, 1))
        with django_assert_num_queries(3):
            services.release(reference=f"s-{len(items)}", actor=COMMAND)


def test_one_posting_has_one_moment_and_rising_ids() -> None:
    WarehouseFactory(code="b")
    item = StockItemFactory(stock={"main": 1, "b": 1})

    reserve("r-1", {item: 2})

    rows = list(
        StockMovement.objects.filter(reference="r-1").order_by("id").values_list("level__warehouse__code", "at")
    )
    assert [code for code, _ in rows] == ["main", "b"]
    assert rows[0][1] == rows[1][1]
    with connection.cursor() as cursor:
        cursor.execute("select now()")
        assert rows[0][1] > cursor.fetchone()[0]
