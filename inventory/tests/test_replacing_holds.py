"""A reference comes to hold other units than before, under one lock: what stays, what goes, what comes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError
from pytest_django import Settings

from database.refusals import Invalid
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import AlreadyReserved, InsufficientStock, Shortage, UnknownItem
from inventory.models import Reservation, StockItem, StockMovement
from inventory.services import Allocation
from inventory.tests.factories import (
    StockItemFactory,
    WarehouseFactory,
    held_by,
    hold,
    level_of,
    replace,
    reserve,
    snapshot,
    soon,
    state_of,
)
from inventory.tests.races import red

pytestmark = pytest.mark.django_db


def movements(reference: str = "cart-1") -> list[tuple[str, int, int]]:
    """Kind, reserved units and balance of each line of the ledger that a reference has, oldest first."""
    of_it = StockMovement.objects.filter(reference=reference).order_by("id")
    return list(of_it.values_list("kind", "reserved_delta", "reserved_after"))


def test_less_and_more_of_an_item_change_its_reservation() -> None:
    item = StockItemFactory(stock=9)
    hold("cart-1", item, 5)
    [before] = Reservation.objects.all()

    replace("cart-1", {item: 3})
    end = soon(9)
    found = services.replace_hold(reference="cart-1", quantities={item.pk: 4}, actor=COMMAND, expires_at=end)

    assert found == [Allocation(item.pk, level_of(item).warehouse_id, 4, end)]
    [after, given_back] = Reservation.objects.order_by("id")
    assert (given_back.quantity, given_back.state, given_back.created_at) == (2, "released", before.created_at)
    assert (after.pk, after.quantity, after.created_at, after.expires_at) == (before.pk, 4, before.created_at, end)
    assert movements() == [("reserved", 5, 5), ("released", -2, 3), ("reserved", 1, 4)]
    assert red() == set()


def test_one_item_instead_of_another_is_one_posting() -> None:
    mug, cup = StockItemFactory(stock=2, sku="MUG"), StockItemFactory(stock=2, sku="CUP")
    hold("cart-1", mug, 2)

    replace("cart-1", {cup: 1})

    assert held_by() == {("CUP", "main"): 1}
    assert (level_of(mug).reserved, level_of(cup).reserved) == (0, 1)
    released, reserved = StockMovement.objects.order_by("id")[3:]
    assert (released.kind, reserved.kind, released.at) == ("released", "reserved", reserved.at)
    assert red() == set()


def test_a_reference_that_holds_nothing_comes_to_hold_what_is_asked_for() -> None:
    mug, cup = StockItemFactory(stock=3, sku="MUG"), StockItemFactory(stock=3, sku="CUP")

    found = replace("cart-1", {cup: 1, mug: 3})

    assert [(part.item_id, part.quantity) for part in found] == [(cup.pk, 1), (mug.pk, 3)]
    assert held_by() == {("CUP", "main"): 1, ("MUG", "main"): 3}


def test_what_is_held_already_stays_as_it_is_but_for_its_end() -> None:
    item = StockItemFactory(stock=5)
    hold("cart-1", item, 3)
    before = snapshot()

    [part] = replace("cart-1", {item: 3}, minutes=30)

    after = snapshot()
    [reservation] = Reservation.objects.all()
    assert reservation.expires_at == part.expires_at
    assert part.expires_at is not None
    assert part.expires_at > soon(20)
    del before["Reservation"], after["Reservation"]
    assert after == before


def test_without_quantities_all_is_given_back() -> None:
    item = StockItemFactory(stock=1)
    hold("cart-1", item, 1)
    item.refresh_from_db()
    assert not item.in_stock

    assert replace("cart-1", {}) == []

    item.refresh_from_db()
    assert (item.in_stock, level_of(item).reserved, state_of("cart-1")) == (True, 0, {"released"})
    before = snapshot()
    assert replace("cart-1", {}) == []
    assert snapshot() == before


def test_too_little_names_every_short_item_counts_what_the_reference_has_and_changes_nothing() -> None:
    mug, cup, pot = (StockItemFactory(stock=units) for units in (5, 1, 9))
    hold("cart-1", mug, 3)
    hold("cart-2", mug, 1)
    before = snapshot()

    with pytest.raises(InsufficientStock) as refusal:
        replace("cart-1", {mug: 5, cup: 2, pot: 1})

    assert refusal.value.shortages == [Shortage(mug.pk, mug.sku, 5, 4), Shortage(cup.pk, cup.sku, 2, 1)]
    assert snapshot() == before


def test_what_cannot_be_asked_for_is_refused() -> None:
    item = StockItemFactory(stock=5)
    hold("cart-1", item, 3)
    before = snapshot()

    with pytest.raises(Invalid):
        replace("cart-1", {item: 0})
    with pytest.raises(UnknownItem):
        services.replace_hold(reference="cart-1", quantities={10**9: 1}, actor=COMMAND, expires_at=soon())
    assert snapshot() == before


# Another name, and firm promises


def test_a_hold_becomes_a_promise_of_other_units_under_another_name() -> None:
    mug, cup = StockItemFactory(stock=5, sku="MUG"), StockItemFactory(stock=5, sku="CUP")
    hold("cart-1", mug, 3)
    [before] = Reservation.objects.all()

    replace("cart-1", {mug: 3, cup: 1}, minutes=None, new_reference="order:1")

    assert (held_by(), held_by("order:1")) == ({}, {("MUG", "main"): 3, ("CUP", "main"): 1})
    assert set(Reservation.objects.values_list("expires_at", flat=True)) == {None}
    [kept, made] = Reservation.objects.order_by("id")
    assert (kept.pk, kept.created_at) == (before.pk, before.created_at)
    assert made.created_at > before.created_at
    assert (movements(), movements("order:1")) == ([("reserved", 3, 3)], [("reserved", 1, 1)])


@pytest.mark.parametrize("minutes", [None, 5])
def test_the_same_again_answers_the_same_and_changes_nothing(minutes: float | None) -> None:
    WarehouseFactory(code="north")
    item = StockItemFactory(stock={"main": 3, "north": 3})
    hold("cart-1", item, 2)
    asked: dict[str, Any] = {
        "reference": "cart-1",
        "quantities": {item.pk: 4},
        "actor": COMMAND,
        "expires_at": minutes and soon(minutes),
        "new_reference": "order:1",
    }
    first = services.replace_hold(**asked)
    before = snapshot()

    assert services.replace_hold(**asked) == first
    assert snapshot() == before


def test_a_name_that_holds_something_else_is_not_taken() -> None:
    item = StockItemFactory(stock=9)
    reserve("order:1", {item: 2})
    before = snapshot()

    with pytest.raises(AlreadyReserved):
        replace("cart-1", {item: 3}, minutes=None, new_reference="order:1")
    with pytest.raises(AlreadyReserved):
        replace("cart-1", {}, minutes=None, new_reference="order:1")
    assert snapshot() == before
    hold("cart-1", item, 2)
    with pytest.raises(AlreadyReserved):
        replace("cart-1", {item: 2}, minutes=None, new_reference="order:1")


def test_a_firm_promise_changes_its_units_and_never_becomes_a_hold() -> None:
    item = StockItemFactory(stock=9, sku="MUG")
    reserve("order:1", {item: 2})

    replace("order:1", {item: 3}, minutes=None)

    assert held_by("order:1") == {("MUG", "main"): 3}
    before = snapshot()
    with pytest.raises(AlreadyReserved):
        replace("order:1", {item: 3})
    assert snapshot() == before


# Time


def test_a_hold_that_changes_ends_at_its_absolute_end_at_the_latest(settings: Settings) -> None:
    settings.HOLD_MAX_HOURS = 1
    mug, cup = StockItemFactory(stock=5), StockItemFactory(stock=5)
    hold("cart-1", mug, 1)
    began = soon(-50)
    Reservation.objects.update(created_at=began)

    for item in (cup, mug, cup):
        [part] = replace("cart-1", {item: 1}, minutes=30)
        assert part.expires_at == began + timedelta(hours=1)
    end = services.extend_hold(reference="cart-1", expires_at=soon(30))

    assert end == began + timedelta(hours=1)


def test_an_overdue_hold_is_the_references_own_to_have_again_and_begins_anew(settings: Settings) -> None:
    settings.HOLD_MAX_HOURS = 1
    item = StockItemFactory(stock=2)
    hold("cart-1", item, 2, overdue=True)
    Reservation.objects.update(created_at=soon(-90))
    lines = len(movements())

    [part] = replace("cart-1", {item: 2}, minutes=30)

    [reservation] = Reservation.objects.all()
    assert reservation.created_at > soon(-10)
    assert part.expires_at is not None
    assert part.expires_at > soon(20)
    assert len(movements()) == lines


def test_an_overdue_hold_that_nobody_has_taken_becomes_a_promise() -> None:
    item = StockItemFactory(stock=3)
    hold("cart-1", item, 2, overdue=True)

    replace("cart-1", {item: 3}, minutes=None, new_reference="order:1")

    assert (movements("order:1"), state_of("order:1")) == ([("reserved", 1, 3)], {"open"})


@pytest.mark.parametrize("expired", [{"MUG"}, {"MUG", "CUP"}])
def test_a_hold_that_has_expired_in_part_or_whole_is_allocated_anew(expired: set[str]) -> None:
    mug, cup = StockItemFactory(stock=5, sku="MUG"), StockItemFactory(stock=5, sku="CUP")
    reserve("cart-1", {mug: 2, cup: 2}, expires_at=soon())
    Reservation.objects.filter(level__item__sku__in=expired).update(expires_at=soon(-1))
    services.expire_holds(actor=COMMAND)

    replace("cart-1", {mug: 2, cup: 2}, minutes=None, new_reference="order:1")

    assert held_by("order:1") == {("MUG", "main"): 2, ("CUP", "main"): 2}
    assert red() == set()


def test_overdue_holds_of_others_are_expired_where_stock_is_short() -> None:
    item, other = StockItemFactory(stock=4), StockItemFactory(stock=4)
    hold("cart-2", item, 2, overdue=True)
    hold("cart-3", other, 2, overdue=True)
    hold("cart-1", item, 2, overdue=True)

    replace("cart-1", {item: 4, other: 1})

    assert [state_of(f"cart-{number}") for number in (1, 2, 3)] == [{"open"}, {"expired"}, {"open"}]
    assert level_of(item).reserved == 4
    assert red() == set()


# Cost


def test_replacing_costs_the_same_statements_for_1_and_20_items(django_assert_num_queries: Any) -> None:
    for count in (1, 20):
        items: list[StockItem] = [StockItemFactory(stock=60) for _ in range(count)]
        others: list[StockItem] = [StockItemFactory(stock=60) for _ in range(count)]
        reserve(f"cart-{count}", dict.fromkeys(items, 1), expires_at=soon())
        with django_assert_num_queries(4):
            replace(f"cart-{count}", dict.fromkeys(others, 1))
        with django_assert_num_queries(3):
            replace(f"cart-{count}", dict.fromkeys(others, 1))


@pytest.mark.django_db(transaction=True)
def test_a_hold_is_not_replaced_outside_a_transaction() -> None:
    item = StockItemFactory(stock=2)
    with transaction.atomic():
        hold("cart-1", item, 1)

    with pytest.raises(TransactionManagementError):
        replace("cart-1", {item: 2})
