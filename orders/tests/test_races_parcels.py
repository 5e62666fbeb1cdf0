"""Parcels of one order at the same moment. Each race has a control without the lock on the order."""

from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import transaction

from inventory.models import StockMovement, Warehouse
from orders import services
from orders.exceptions import ParcelGone
from orders.models import Fulfilment, FulfilmentLine, Order
from orders.services.parcels import open_units
from orders.tests.factories import STAFF, assert_sound, make_article, make_user, place, stock_of
from orders.tests.test_races import kinds
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def confirmed(*quantities: int) -> Order:
    """A confirmed order with so many units of one fresh article each, of which ten are there."""
    placed = place(make_user(), {make_article(stock=10): units for units in quantities})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    return Order.objects.get(pk=placed.id)


def ids(order: Order) -> list[int]:
    return list(order.order_items.values_list("pk", flat=True))


def shipping(order: Order, units: dict[int, int]) -> Any:
    return partial(services.ship_parcel, order_id=order.pk, actor=STAFF, lines=units)


def taking_back(order: Order, parcel: int) -> Any:
    return partial(services.cancel_parcel, order_id=order.pk, parcel_id=parcel, actor=STAFF)


def events(order: Order, event: str) -> int:
    return order.history.filter(event=event).count()


def stock(order: Order) -> list[tuple[int, int]]:
    return [stock_of(line.variant) for line in order.order_items.select_related("variant")]


def write_parcel(order: Order, line_id: int, units: int) -> None:
    """A parcel as the shop writes it, without a look at anything."""
    parcel = Fulfilment.objects.create(order=order, warehouse=Warehouse.objects.get(code="main"))
    FulfilmentLine.objects.create(fulfilment=parcel, order_item_id=line_id, quantity=units)


def test_the_same_units_leave_once_however_many_ship_them() -> None:
    order = confirmed(3)
    [line] = ids(order)
    outcomes = at_once([shipping(order, {line: 2})] * 8)
    assert kinds(outcomes) == {"MoreThanOpen": 7, "list": 1}
    assert (stock(order), open_units(order)) == ([(8, 1)], {line: 1})
    assert_sound()


def test_control_without_the_lock_everybody_ships_them() -> None:
    order = confirmed(3)
    [line] = ids(order)
    all_have_looked = Barrier(8)

    def ship_unlocked() -> str:
        with transaction.atomic():
            is_open = open_units(order)[line] >= 2
            all_have_looked.wait(30)
            if is_open:
                write_parcel(order, line, 2)
            return "shipped" if is_open else "refused"

    assert at_once([ship_unlocked] * 8) == ["shipped"] * 8
    assert sum(FulfilmentLine.objects.values_list("quantity", flat=True)) == 16


def test_of_the_last_two_parts_one_is_the_last() -> None:
    for _ in range(5):
        order = confirmed(2, 1)
        one, two = ids(order)
        assert kinds(at_once([shipping(order, {one: 2}), shipping(order, {two: 1})])) == {"list": 2}
        order.refresh_from_db()
        assert (order.status, order.fulfilment_status) == ("shipped", "complete")
        assert (events(order, "parcel_shipped"), events(order, "shipped")) == (1, 1)
    assert_sound()


def test_control_without_the_lock_no_part_is_the_last() -> None:
    order = confirmed(2, 1)
    both_have_written, both_have_looked = Barrier(2), Barrier(2)

    def ship_unlocked(line_id: int, units: int) -> str:
        with transaction.atomic():
            write_parcel(order, line_id, units)
            both_have_written.wait(30)
            is_open = bool(open_units(order))
            both_have_looked.wait(30)
            return "confirmed" if is_open else "shipped"

    one, two = ids(order)
    assert at_once([partial(ship_unlocked, one, 2), partial(ship_unlocked, two, 1)]) == ["confirmed"] * 2
    assert not open_units(order)


def test_a_parcel_is_taken_back_once_however_many_ask() -> None:
    order = confirmed(3)
    [parcel] = services.ship_parcel(order_id=order.pk, actor=STAFF)
    outcomes = at_once([taking_back(order, parcel)] * 8)
    assert sorted(outcomes) == [False] * 7 + [True]
    assert (stock(order), events(order, "parcel_cancelled")) == ([(10, 3)], 1)
    assert StockMovement.objects.filter(reference=order.reference, kind="returned").count() == 1
    assert_sound()


def test_control_without_the_lock_everybody_takes_it_back() -> None:
    order = confirmed(3)
    [parcel] = services.ship_parcel(order_id=order.pk, actor=STAFF)
    all_have_looked = Barrier(8)

    def take_back_unlocked() -> bool:
        has_left = Fulfilment.objects.get(pk=parcel).state == Fulfilment.State.SHIPPED
        all_have_looked.wait(30)
        return has_left

    assert at_once([take_back_unlocked] * 8) == [True] * 8


def test_a_parcel_is_either_taken_back_or_its_order_delivered() -> None:
    for _ in range(5):
        order = confirmed(2)
        [parcel] = services.ship_parcel(order_id=order.pk, actor=STAFF)
        back, delivered = at_once(
            [taking_back(order, parcel), partial(services.deliver_order, order_id=order.pk, actor=STAFF)]
        )
        order.refresh_from_db()
        if back is True:
            assert (order.status, type(delivered).__name__, stock(order)) == (
                "confirmed",
                "IllegalTransition",
                [(10, 2)],
            )
        else:
            assert (order.status, delivered, type(back)) == ("delivered", True, ParcelGone)
    assert_sound()


def test_a_part_leaves_or_the_order_is_cancelled() -> None:
    for _ in range(5):
        order = confirmed(2)
        [line] = ids(order)
        left, cancelled = at_once(
            [shipping(order, {line: 1}), partial(services.cancel_order, order_id=order.pk, actor=STAFF)]
        )
        order.refresh_from_db()
        if cancelled is True:
            assert (order.status, type(left).__name__, stock(order)) == ("cancelled", "IllegalTransition", [(10, 0)])
        else:
            assert (order.status, type(cancelled).__name__, stock(order)) == ("confirmed", "PartlyShipped", [(9, 1)])
    assert_sound()


def test_parcels_and_what_is_taken_back_of_two_orders_with_the_same_articles_do_not_deadlock() -> None:
    mug, pot = make_article(stock=20), make_article(stock=20)
    orders = []
    for basket in ({mug: 4, pot: 4}, {pot: 4, mug: 4}):
        placed = place(make_user(), basket)
        services.confirm_order(order_id=placed.id, actor=STAFF)
        orders.append(Order.objects.get(pk=placed.id))
    first = [
        services.ship_parcel(order_id=order.pk, actor=STAFF, lines=dict.fromkeys(ids(order), 1))[0] for order in orders
    ]
    works = []
    for order, parcel in zip(orders, first, strict=True):
        works += [shipping(order, dict.fromkeys(ids(order)[::-1], 1))] * 3 + [taking_back(order, parcel)]
    outcomes = at_once(works)
    assert kinds(outcomes) == {"bool": 2, "list": 6}
    assert (stock_of(mug), stock_of(pot)) == ((14, 2), (14, 2))
    assert_sound()
