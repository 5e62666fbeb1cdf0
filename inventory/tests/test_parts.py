"""Parts of promises that are shipped or given back: the rest stays open."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from database.refusals import Invalid
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import MoreThanReserved, NothingReserved, NotOnHand, Shortage, UnknownItem
from inventory.models import Reservation, StockItem, StockMovement, Warehouse
from inventory.tests.factories import (
    StockItemFactory,
    WarehouseFactory,
    held_by,
    hold,
    level_of,
    move,
    reserve,
    snapshot,
    units_of,
)
from inventory.tests.races import red

pytestmark = pytest.mark.django_db
T = TypeVar("T")


@pytest.fixture(autouse=True)
def north() -> Warehouse:
    warehouse: Warehouse = WarehouseFactory(code="north")
    return warehouse


def id_of(warehouse: str) -> int:
    return Warehouse.objects.get(code=warehouse).pk


def part(verb: Callable[..., T], quantities: Mapping[StockItem, int], warehouse: str = "", **kwargs: Any) -> T:
    """Ship or give back so many units of what r-1 holds."""
    units = {item.pk: quantity for item, quantity in quantities.items()}
    place = id_of(warehouse) if warehouse else None
    with transaction.atomic():
        return verb(reference="r-1", quantities=units, warehouse_id=place, actor=COMMAND, **kwargs)


def ship(quantities: Mapping[StockItem, int], warehouse: str = "") -> int:
    return units_of(part(services.fulfil, quantities, warehouse))


def give_back(quantities: Mapping[StockItem, int], warehouse: str = "", reason: str = "") -> int:
    return part(services.release, quantities, warehouse, reason=reason)


def rows() -> list[tuple[str, int, str]]:
    """Warehouse, units and state of each reservation of r-1, oldest first."""
    of_it = Reservation.objects.filter(reference="r-1").order_by("id")
    return list(of_it.values_list("level__warehouse__code", "quantity", "state"))


def in_two_places() -> StockItem:
    """Seven units for r-1: four from the main warehouse, three from the north."""
    item = StockItemFactory(stock={"main": 4, "north": 3}, sku="MUG")
    reserve("r-1", {item: 7})
    return item


def awaited(stock: int, promised: int) -> StockItem:
    """Units for r-1 of which not all are there yet, in the main warehouse."""
    item = StockItemFactory(stock=stock, sku="MUG")
    services.set_backorder_limit(item_id=item.pk, warehouse_id=id_of("main"), limit=9, actor=COMMAND)
    reserve("r-1", {item: promised})
    return item


# Shipping


def test_a_part_is_shipped_and_the_rest_stays_open() -> None:
    item, other = StockItemFactory(stock=9), StockItemFactory(stock=9)
    reserve("r-1", {item: 5, other: 1})
    [first, _] = Reservation.objects.order_by("id")

    assert ship({item: 2}) == 2

    level = level_of(item)
    assert (level.on_hand, level.reserved) == (7, 3)
    assert rows() == [("main", 3, "open"), ("main", 1, "open"), ("main", 2, "fulfilled")]
    shipped = Reservation.objects.get(state="fulfilled")
    movement = StockMovement.objects.order_by("-id")[0]
    assert (movement.kind, movement.on_hand_delta, movement.reserved_delta) == ("shipped", -2, -2)
    assert (shipped.created_at, shipped.resolved_at) == (first.created_at, movement.at)
    assert red() == set()


def test_the_last_part_resolves_the_reservation_itself() -> None:
    item = StockItemFactory(stock=5)
    reserve("r-1", {item: 3})

    ship({item: 2})
    ship({item: 1})

    assert rows() == [("main", 1, "fulfilled"), ("main", 2, "fulfilled")]
    assert (level_of(item).on_hand, level_of(item).reserved) == (2, 0)
    with pytest.raises(NothingReserved):
        services.fulfil(reference="r-1", actor=COMMAND)
    assert red() == set()


def test_a_part_comes_from_the_warehouse_that_is_named() -> None:
    item = in_two_places()

    ship({item: 2}, "north")

    assert held_by("r-1") == {("MUG", "main"): 4, ("MUG", "north"): 1}
    assert level_of(item, "north").on_hand == 1


@pytest.mark.parametrize(
    ("quantity", "in_main", "in_north"),
    [(1, 3, 3), (4, 0, 3), (5, 0, 2), (3, 1, 3)],
    ids=["one", "four", "five", "three"],
)
def test_without_a_name_it_comes_from_as_few_warehouses_as_have_it(quantity: int, in_main: int, in_north: int) -> None:
    item = in_two_places()

    ship({item: quantity})

    left = {("MUG", "main"): in_main, ("MUG", "north"): in_north}
    assert held_by("r-1") == {place: units for place, units in left.items() if units}
    assert red() == set()


def test_all_of_one_warehouse_is_shipped_without_quantities() -> None:
    in_two_places()

    assert units_of(services.fulfil(reference="r-1", warehouse_id=id_of("north"), actor=COMMAND)) == 3

    assert held_by("r-1") == {("MUG", "main"): 4}
    with pytest.raises(NothingReserved):
        services.fulfil(reference="r-1", warehouse_id=id_of("north"), actor=COMMAND)


def test_what_is_there_is_shipped_while_the_rest_is_still_to_come() -> None:
    item = awaited(stock=2, promised=5)
    before = snapshot()

    with pytest.raises(NotOnHand) as refusal:
        ship({item: 3})
    assert refusal.value.shortages == [Shortage(item.pk, "MUG", 3, 2)]
    assert snapshot() == before

    assert ship({item: 2}) == 2
    assert (level_of(item).on_hand, level_of(item).reserved) == (0, 3)
    assert red() == set()


# Giving back


def test_a_part_is_given_back_with_a_reason() -> None:
    item = StockItemFactory(stock=5)
    reserve("r-1", {item: 3})

    assert give_back({item: 2}, reason="one is enough") == 2

    assert rows() == [("main", 1, "open"), ("main", 2, "released")]
    movement = StockMovement.objects.order_by("-id")[0]
    assert (movement.kind, movement.reserved_delta, movement.reason) == ("released", -2, "one is enough")
    reserve("r-2", {item: 4})
    assert red() == set()


@pytest.mark.parametrize(
    ("quantity", "in_main", "in_north"),
    [(3, 4, 0), (4, 3, 0), (2, 4, 1), (7, 0, 0)],
    ids=["three", "four", "two", "all"],
)
def test_what_stays_comes_from_as_few_warehouses_as_can_be(quantity: int, in_main: int, in_north: int) -> None:
    item = in_two_places()

    give_back({item: quantity})

    left = {("MUG", "main"): in_main, ("MUG", "north"): in_north}
    assert held_by("r-1") == {place: units for place, units in left.items() if units}
    assert red() == set()


def test_units_that_are_still_to_come_are_given_back_first() -> None:
    item = awaited(stock=1, promised=3)
    services.receive_stock(reference="x", lines=[services.ReceiptLine("MUG", 2, "north")], actor=COMMAND)
    move("r-1", {item: 1})
    reserve("r-2", {item: 1})  # the last one of the north
    assert held_by("r-1") == {("MUG", "main"): 2, ("MUG", "north"): 1}

    give_back({item: 1})

    assert held_by("r-1") == {("MUG", "main"): 1, ("MUG", "north"): 1}


def test_units_of_one_warehouse_are_given_back() -> None:
    item = in_two_places()

    give_back({item: 1}, "main")
    assert services.release(reference="r-1", warehouse_id=id_of("north"), actor=COMMAND) == 3

    assert held_by("r-1") == {("MUG", "main"): 3}
    assert services.release(reference="r-1", warehouse_id=id_of("north"), actor=COMMAND) == 0


def test_a_part_of_a_hold_is_given_back_and_the_rest_keeps_its_end() -> None:
    item = StockItemFactory(stock=5)
    hold("r-1", item, 3)
    end = Reservation.objects.get().expires_at

    give_back({item: 1})

    assert Reservation.objects.get(state="open").expires_at == end
    assert red() == set()


# What is refused

VERBS = pytest.mark.parametrize("verb", [services.fulfil, services.release])


@VERBS
def test_more_than_is_open_is_refused_with_every_such_item(verb: Callable[..., int]) -> None:
    item, enough, none = in_two_places(), StockItemFactory(stock=1), StockItemFactory(stock=1, sku="CUP")
    reserve("r-2", {enough: 1})
    before = snapshot()

    with pytest.raises(MoreThanReserved) as refusal:
        part(verb, {item: 8, none: 1})

    assert refusal.value.shortages == [Shortage(item.pk, "MUG", 8, 7), Shortage(none.pk, "CUP", 1, 0)]
    assert str(refusal.value) == "MUG: 8 requested, 7 available. CUP: 1 requested, 0 available."
    assert snapshot() == before


@VERBS
def test_more_than_is_open_in_the_warehouse_is_refused(verb: Callable[..., int]) -> None:
    item = in_two_places()
    before = snapshot()

    with pytest.raises(MoreThanReserved) as refusal:
        part(verb, {item: 4}, "north")

    assert refusal.value.shortages == [Shortage(item.pk, "MUG", 4, 3)]
    assert snapshot() == before


@VERBS
@pytest.mark.parametrize("quantity", [None, 0, -1])
def test_less_than_one_unit_is_no_part(verb: Callable[..., int], quantity: int | None) -> None:
    item = in_two_places()
    before = snapshot()

    with pytest.raises(Invalid):
        part(verb, {} if quantity is None else {item: quantity})
    assert snapshot() == before


@VERBS
def test_an_item_that_does_not_exist_is_refused(verb: Callable[..., int]) -> None:
    with pytest.raises(UnknownItem), transaction.atomic():
        verb(reference="r-1", quantities={10**9: 1}, actor=COMMAND)


@VERBS
@pytest.mark.django_db(transaction=True)
def test_nothing_is_resolved_outside_a_transaction(verb: Callable[..., int]) -> None:
    item = StockItemFactory(stock=2)

    with pytest.raises(TransactionManagementError):
        verb(reference="r-1", quantities={item.pk: 1}, actor=COMMAND)


def test_parts_cost_the_same_statements_for_1_and_20_items(django_assert_num_queries: Any) -> None:
    for items in ([StockItemFactory(stock=9)], [StockItemFactory(stock=9) for _ in range(20)]):
        reference, units = f"r-{len(items)}", {item.pk: 1 for item in items}
        reserve(reference, dict.fromkeys(items, 3))
        for verb in (services.fulfil, services.release):
            with django_assert_num_queries(3):
                verb(reference=reference, quantities=units, actor=COMMAND)
