"""Parcels that come back before they were delivered."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.db.transaction import TransactionManagementError

from database.refusals import Invalid
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import InsufficientStock, MoreThanShipped, Shortage, UnknownItem
from inventory.models import Reservation, StockItem, StockMovement, Warehouse
from inventory.services import ReturnLine
from inventory.tests.factories import StockItemFactory, WarehouseFactory, held_by, level_of, reserve, snapshot, units_of
from inventory.tests.races import red

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def north() -> Warehouse:
    warehouse: Warehouse = WarehouseFactory(code="north")
    return warehouse


def ship(item: StockItem, units: int, reference: str = "r-1") -> None:
    services.fulfil(reference=reference, quantities={item.pk: units}, actor=COMMAND)


def cancel(parcel: Mapping[tuple[StockItem, str], int], reference: str = "r-1") -> int:
    """Let a parcel come back, by item and code of the warehouse."""
    ids = dict(Warehouse.objects.values_list("code", "pk"))
    quantities = {(item.pk, ids[code]): units for (item, code), units in parcel.items()}
    return services.unship(reference=reference, quantities=quantities, actor=COMMAND, reason="lost label")


def shipped(units: int = 3, promised: int = 5) -> StockItem:
    """An item of which r-1 was promised so many units in the main warehouse, and so many of them were shipped."""
    item = StockItemFactory(stock=promised, sku="MUG")
    reserve("r-1", {item: promised})
    ship(item, units)
    return item


def test_a_parcel_comes_back_and_is_promised_again() -> None:
    item = shipped(units=3, promised=3)
    [parcel] = Reservation.objects.all()

    assert cancel({(item, "main"): 3}) == 3

    assert (level_of(item).on_hand, level_of(item).reserved) == (3, 3)
    [was, now] = Reservation.objects.order_by("id")
    assert (was.pk, was.state, was.resolved_at) == (parcel.pk, "fulfilled", parcel.resolved_at)
    assert (now.quantity, now.state, now.created_at, now.expires_at) == (3, "open", parcel.created_at, None)
    lines = StockMovement.objects.filter(reason="lost label").order_by("id")
    assert list(lines.values_list("kind", "on_hand_delta", "reserved_delta", "reserved_after", "reference")) == [
        ("returned", 3, 0, 0, "r-1"),
        ("reserved", 0, 3, 3, "r-1"),
    ]
    assert len(set(lines.values_list("at", flat=True))) == 1
    assert red() == set()


def test_what_comes_back_joins_what_is_still_open() -> None:
    item = shipped(units=3, promised=5)

    cancel({(item, "main"): 2})

    assert held_by("r-1") == {("MUG", "main"): 4}
    assert (level_of(item).on_hand, level_of(item).reserved) == (4, 4)
    assert red() == set()


def test_it_comes_back_to_each_warehouse_that_it_left() -> None:
    mug, cup = StockItemFactory(stock={"main": 2, "north": 2}, sku="MUG"), StockItemFactory(stock=2, sku="CUP")
    reserve("r-1", {mug: 4, cup: 2})
    services.fulfil(reference="r-1", actor=COMMAND)

    assert cancel({(mug, "main"): 1, (mug, "north"): 2, (cup, "main"): 2}) == 5

    assert held_by("r-1") == {("MUG", "main"): 1, ("MUG", "north"): 2, ("CUP", "main"): 2}
    assert red() == set()


def test_it_is_shipped_again_and_comes_back_again() -> None:
    item = shipped(units=3, promised=3)

    for _ in range(2):
        cancel({(item, "main"): 3})
        assert units_of(services.fulfil(reference="r-1", actor=COMMAND)) == 3

    assert (level_of(item).on_hand, level_of(item).reserved) == (0, 0)
    assert red() == set()


def test_nobody_else_can_have_what_comes_back() -> None:
    item = shipped(units=3, promised=3)
    item.refresh_from_db()
    assert not item.in_stock

    cancel({(item, "main"): 3})

    item.refresh_from_db()
    assert not item.in_stock
    with pytest.raises(InsufficientStock):
        reserve("r-2", {item: 1})


def test_it_comes_back_to_a_warehouse_that_is_no_longer_active() -> None:
    item = shipped(units=3, promised=3)
    services.update_warehouse(code="main", is_active=False, actor=COMMAND)

    cancel({(item, "main"): 3})

    assert held_by("r-1") == {("MUG", "main"): 3}
    assert red() == set()


def refused(parcel: Mapping[tuple[StockItem, str], int], reference: str = "r-1") -> list[Shortage]:
    """What is short when more is cancelled than was shipped; all is as it was then."""
    before = snapshot()
    with pytest.raises(MoreThanShipped) as refusal:
        cancel(parcel, reference)
    assert snapshot() == before
    return refusal.value.shortages


def test_more_than_was_shipped_does_not_come_back() -> None:
    item, other = shipped(units=3, promised=5), StockItemFactory(stock=5, sku="CUP")

    assert refused({(item, "main"): 4, (other, "main"): 1}) == [
        Shortage(item.pk, "MUG", 4, 3),
        Shortage(other.pk, "CUP", 1, 0),
    ]
    assert refused({(item, "north"): 1}) == [Shortage(item.pk, "MUG", 1, 0)]
    assert refused({(item, "main"): 1}, "r-2") == [Shortage(item.pk, "MUG", 1, 0)]


def test_what_has_come_back_does_not_come_back_again() -> None:
    item = shipped(units=3, promised=3)
    cancel({(item, "main"): 2})

    assert refused({(item, "main"): 2}) == [Shortage(item.pk, "MUG", 2, 1)]


def test_what_was_returned_elsewhere_does_not_come_back_again() -> None:
    item = shipped(units=3, promised=3)
    services.return_stock(reference="r-1", lines=[ReturnLine("MUG", 2, "north")], actor=COMMAND)

    assert refused({(item, "main"): 2}) == [Shortage(item.pk, "MUG", 2, 1)]
    assert cancel({(item, "main"): 1}) == 1
    assert red() == set()


def test_less_than_one_unit_is_refused() -> None:
    item = shipped()
    before = snapshot()

    parcels: list[dict[tuple[StockItem, str], int]] = [{}, {(item, "main"): 0}]
    for parcel in parcels:
        with pytest.raises(Invalid):
            cancel(parcel)
    assert snapshot() == before


def test_an_item_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownItem):
        cancel({(StockItem(pk=10**9), "main"): 1})


@pytest.mark.django_db(transaction=True)
def test_nothing_comes_back_outside_a_transaction() -> None:
    item = StockItemFactory(stock=2)

    with pytest.raises(TransactionManagementError):
        cancel({(item, "main"): 1})


def test_it_costs_the_same_statements_for_1_and_20_items(django_assert_num_queries: Any) -> None:
    for items in ([StockItemFactory(stock=9)], [StockItemFactory(stock=9) for _ in range(20)]):
        reference = f"r-{len(items)}"
        reserve(reference, dict.fromkeys(items, 3))
        services.fulfil(reference=reference, actor=COMMAND)
        place = level_of(items[0]).warehouse_id
        with django_assert_num_queries(4):
            services.unship(reference=reference, quantities={(i.pk, place): 1 for i in items}, actor=COMMAND)
