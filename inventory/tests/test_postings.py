"""Receiving, adjusting, counting, returning, transferring, and setting a quantity."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from database.refusals import Invalid
from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.exceptions import (
    InsufficientStock,
    NoWarehouse,
    Shortage,
    StaleCount,
    StockLimit,
    UnknownItem,
    UnknownWarehouse,
)
from inventory.models import MAX_QUANTITY, StockItem, StockMovement, Warehouse
from inventory.services import AdjustmentLine, CountLine, ReceiptLine, ReturnLine, TransferLine
from inventory.tests.factories import StockItemFactory, WarehouseFactory, level_of, snapshot

pytestmark = pytest.mark.django_db


def receive(*lines: ReceiptLine, reference: str = "DN-1") -> services.Posting:
    return services.receive_stock(reference=reference, lines=lines, actor=COMMAND)


def adjust(*lines: AdjustmentLine) -> services.Posting:
    return services.adjust_stock(reason="found", lines=lines, actor=COMMAND)


def promised(item: StockItem, quantity: int) -> None:
    services.reserve(reference="promised", quantities={item.pk: quantity}, actor=COMMAND)


def test_goods_go_to_the_active_warehouse_of_highest_priority() -> None:
    WarehouseFactory(code="first", priority=1)
    WarehouseFactory(code="closed", priority=0, is_active=False)
    item = StockItemFactory()

    receive(ReceiptLine(item.sku, 5))

    assert level_of(item, "first").on_hand == 5


def test_without_an_active_warehouse_somebody_must_say_where() -> None:
    item = StockItemFactory()
    Warehouse.objects.update(is_active=False)
    before = snapshot()

    with pytest.raises(NoWarehouse):
        receive(ReceiptLine(item.sku, 5))
    with pytest.raises(NoWarehouse):
        services.set_stock(item_id=item.pk, quantity=5, actor=COMMAND)
    assert snapshot() == before
    receive(ReceiptLine(item.sku, 5, "main"))
    item.refresh_from_db()
    assert not item.in_stock


def test_two_lines_of_one_item_keep_their_costs_and_chain_their_balances() -> None:
    item = StockItemFactory()

    posting = receive(ReceiptLine(item.sku, 5), ReceiptLine(item.sku, 2))

    assert [line.on_hand_after for line in posting.lines] == [5, 7]
    assert level_of(item).on_hand == 7
    event = Event.objects.get(kind="stock.received")
    assert event.payload["lines"][1] == {"sku": item.sku, "warehouse": "main", "on_hand_delta": 2}


def test_more_than_a_level_can_count_is_refused() -> None:
    item = StockItemFactory(stock=1)
    before = snapshot()

    with pytest.raises(StockLimit):
        receive(ReceiptLine(item.sku, MAX_QUANTITY))
    assert snapshot() == before


def test_unknown_warehouses_are_refused_with_their_lines() -> None:
    item = StockItemFactory(stock=1)
    before = snapshot()

    with pytest.raises(UnknownWarehouse) as refusal:
        receive(ReceiptLine(item.sku, 1), ReceiptLine(item.sku, 1, "moon"))
    assert [error.field for error in refusal.value.errors] == ["lines.1.warehouse"]
    assert snapshot() == before


def test_goods_come_back() -> None:
    item = StockItemFactory(stock=1)

    services.return_stock(reference="RMA-1", lines=[ReturnLine(item.sku, 2)], actor=COMMAND)

    assert level_of(item).on_hand == 3
    assert StockMovement.objects.order_by("-id")[0].kind == "returned"


def test_an_adjustment_cannot_take_what_is_promised() -> None:
    item, other = StockItemFactory(stock=5), StockItemFactory(stock=5)
    promised(item, 3)
    before = snapshot()

    with pytest.raises(InsufficientStock) as refusal:
        adjust(AdjustmentLine(other.sku, delta=-1), AdjustmentLine(item.sku, delta=-3))
    assert refusal.value.shortages == [Shortage(item.pk, item.sku, 3, 2)]
    assert [error.field for error in refusal.value.errors] == ["lines.1.delta"]
    with pytest.raises(InsufficientStock):
        adjust(AdjustmentLine(item.sku, set_to=2, expected=5))
    assert snapshot() == before


def test_an_adjustment_to_what_is_there_posts_nothing() -> None:
    item = StockItemFactory(stock=5)
    before = snapshot()

    posting = adjust(AdjustmentLine(item.sku, set_to=5, expected=5), AdjustmentLine(StockItemFactory().sku, delta=0))

    assert posting.lines == []
    assert snapshot()["StockMovement"] == before["StockMovement"]


def test_a_stale_expectation_is_refused_with_the_value_of_now() -> None:
    item = StockItemFactory(stock=5)
    before = snapshot()

    with pytest.raises(StaleCount) as refusal:
        adjust(AdjustmentLine(item.sku, set_to=9, expected=4))
    assert refusal.value.extra["lines"] == [{"line": 0, "sku": item.sku, "expected": 4, "on_hand": 5}]
    assert snapshot() == before


def test_a_place_is_adjusted_by_one_line_only() -> None:
    item = StockItemFactory(stock=5)
    before = snapshot()

    with pytest.raises(Invalid) as refusal:
        adjust(AdjustmentLine(item.sku, delta=1), AdjustmentLine(item.sku, "main", set_to=5, expected=5))
    assert [(error.field, error.code) for error in refusal.value.errors] == [("lines.1", "duplicate_line")]
    assert snapshot() == before


def test_a_count_keeps_what_was_sold_after_it() -> None:
    item = StockItemFactory(stock=10)
    counted_at = timezone.now()
    promised(item, 4)
    services.fulfil(reference="promised", actor=COMMAND)

    services.count_stock(lines=[CountLine(item.sku, 9, counted_at=counted_at)], actor=COMMAND)

    movement = StockMovement.objects.order_by("-id")[0]
    assert (movement.kind, movement.on_hand_delta, level_of(item).on_hand) == ("counted", -1, 5)


def test_a_count_of_now_sets_what_is_there() -> None:
    item, agreed = StockItemFactory(stock=10), StockItemFactory(stock=3)

    posting = services.count_stock(
        lines=[CountLine(item.sku, 12), CountLine(agreed.sku, 3)], actor=COMMAND, reference="sheet-7"
    )

    assert [(line.sku, line.on_hand_after) for line in posting.lines] == [(item.sku, 12)]
    assert posting.reference == "sheet-7"


def test_before_the_first_movement_nothing_was_there() -> None:
    item = StockItemFactory(stock=10)
    long_ago = timezone.now() - timedelta(days=1)

    services.count_stock(lines=[CountLine(item.sku, 2, counted_at=long_ago)], actor=COMMAND)

    assert level_of(item).on_hand == 12


def test_a_counted_loss_of_what_is_promised_is_refused() -> None:
    item = StockItemFactory(stock=5)
    promised(item, 4)
    before = snapshot()

    with pytest.raises(InsufficientStock) as refusal:
        services.count_stock(lines=[CountLine(item.sku, 3)], actor=COMMAND)
    assert [error.field for error in refusal.value.errors] == ["lines.0.counted"]
    assert snapshot() == before


def test_a_transfer_leaves_what_is_promised_where_it_is_unless_it_can_go_along() -> None:
    WarehouseFactory(code="north", is_active=False)
    item = StockItemFactory(stock=5)
    promised(item, 3)
    before = snapshot()

    with pytest.raises(InsufficientStock) as refusal:
        services.transfer_stock(
            source="main",
            target="north",
            lines=[TransferLine(item.sku, 2), TransferLine(item.sku, 1)],
            actor=COMMAND,
        )
    assert refusal.value.shortages == [Shortage(item.pk, item.sku, 3, 2)]
    assert [error.field for error in refusal.value.errors] == ["lines.0.quantity", "lines.1.quantity"]
    assert snapshot() == before

    services.transfer_stock(source="main", target="north", lines=[TransferLine(item.sku, 2)], actor=COMMAND)
    assert (level_of(item).on_hand, level_of(item, "north").on_hand) == (3, 2)


@pytest.mark.parametrize(("source", "target", "field"), [("moon", "main", "from"), ("main", "moon", "to")])
def test_a_transfer_names_the_end_that_it_does_not_know(source: str, target: str, field: str) -> None:
    item = StockItemFactory(stock=5)
    before = snapshot()

    with pytest.raises(UnknownWarehouse) as refusal:
        services.transfer_stock(source=source, target=target, lines=[TransferLine(item.sku, 1)], actor=COMMAND)
    assert [error.field for error in refusal.value.errors] == [field]
    assert snapshot() == before


@pytest.mark.parametrize(
    ("quantity", "difference", "main", "north"),
    [(9, 5, 9, 6), (4, 0, 4, 6), (3, -1, 3, 6), (1, -3, 2, 5), (0, -4, 2, 4)],
)
def test_setting_a_quantity_posts_the_difference_where_it_can(
    quantity: int, difference: int, main: int, north: int
) -> None:
    WarehouseFactory(code="north")
    item = StockItemFactory(stock={"main": 4, "north": 6})
    services.reserve(reference="a", quantities={item.pk: 2}, actor=COMMAND)  # of main, which keeps 2
    services.reserve(reference="b", quantities={item.pk: 4}, actor=COMMAND)  # of north, which keeps 2
    before = StockMovement.objects.count()

    assert services.set_stock(item_id=item.pk, quantity=quantity, actor=COMMAND) == difference

    assert (level_of(item).on_hand, level_of(item, "north").on_hand) == (main, north)
    assert (StockMovement.objects.count() == before) == (difference == 0)


def test_a_quantity_below_zero_reads_as_zero_and_is_lifted_above_it() -> None:
    item = StockItemFactory()
    main = Warehouse.objects.get(code="main")
    services.set_backorder_limit(item_id=item.pk, warehouse_id=main.pk, limit=5, actor=COMMAND)
    promised(item, 3)

    assert services.set_stock(item_id=item.pk, quantity=0, actor=COMMAND) == 0
    assert services.set_stock(item_id=item.pk, quantity=2, actor=COMMAND) == 5
    assert level_of(item).on_hand - level_of(item).reserved == 2


def test_the_quantity_of_an_unknown_item_cannot_be_set() -> None:
    with pytest.raises(UnknownItem):
        services.set_stock(item_id=10**9, quantity=1, actor=COMMAND)


def test_goods_name_the_promises_that_they_cover_oldest_first() -> None:
    item = StockItemFactory(stock=1)
    main = Warehouse.objects.get(code="main")
    services.set_backorder_limit(item_id=item.pk, warehouse_id=main.pk, limit=9, actor=COMMAND)
    for reference, quantity in (("r-1", 1), ("r-2", 2), ("r-3", 4)):
        services.reserve(reference=reference, quantities={item.pk: quantity}, actor=COMMAND)

    assert receive(ReceiptLine(item.sku, 1)).covered == []
    assert receive(ReceiptLine(item.sku, 2)).covered == ["r-2"]
    assert receive(ReceiptLine(item.sku, 3), ReceiptLine(item.sku, 5)).covered == ["r-3"]
    assert receive(ReceiptLine(item.sku, 3)).covered == []


def test_postings_cost_the_same_statements_for_1_and_20_lines(django_assert_num_queries: Any) -> None:
    WarehouseFactory(code="north")
    few, many = [StockItemFactory(stock=60)], [StockItemFactory(stock=60) for _ in range(20)]
    for items in (few, many):
        with django_assert_num_queries(10):
            receive(*[ReceiptLine(item.sku, 1) for item in items])
        with django_assert_num_queries(9):
            adjust(*[AdjustmentLine(item.sku, delta=-1) for item in items])
        with django_assert_num_queries(8):
            lines = [TransferLine(item.sku, 1) for item in items]
            services.transfer_stock(source="main", target="north", lines=lines, actor=COMMAND)
