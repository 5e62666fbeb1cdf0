"""Holds that are replaced while others want the same units. Each race has a control without the protection."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now
from psycopg.errors import DeadlockDetected

from database.transactions import run_unit
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import InsufficientStock
from inventory.models import Reservation, StockItem, Warehouse
from inventory.services import ReceiptLine, holds
from inventory.tests.factories import StockItemFactory, held_by, hold, level_of, promise, replace, reserve, state_of
from inventory.tests.races import in_transaction, in_transactions, kinds, promised, red, take_lock_away
from tests.threads import apart, at_once, overtaken, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)

RED_PROMISES = "reserved is the sum of open reservations"


# The sequence of locks


def swapping(items: tuple[StockItem, StockItem]) -> None:
    """One cart holds a unit of the first item, the other one of the second."""
    for number, item in enumerate(items):
        in_transaction(partial(hold, f"cart-{number}", item, 1))


def test_carts_that_swap_two_items_at_once_do_not_deadlock() -> None:
    mug, cup = items = StockItemFactory(stock=99), StockItemFactory(stock=99)
    swapping(items)

    for turn in range(8):
        outcomes = in_transactions(
            [partial(replace, f"cart-{number}", {items[(number + turn + 1) % 2]: 1 + turn % 3}) for number in range(4)]
        )
        assert kinds(outcomes) == {"list": 4}
        assert promised(mug) + promised(cup) == 4 * (1 + turn % 3)

    assert red() == set()


def test_control_giving_back_and_then_reserving_locks_twice_and_deadlocks() -> None:
    items = StockItemFactory(stock=9), StockItemFactory(stock=9)
    swapping(items)
    both_have_given_back = threading.Barrier(2)

    def change(number: int) -> None:
        services.release(reference=f"cart-{number}", actor=COMMAND)
        both_have_given_back.wait(10)
        reserve(f"cart-{number}", {items[1 - number]: 1})

    outcomes = in_transactions([partial(change, number) for number in range(2)])

    (error,) = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(error, OperationalError)
    assert isinstance(error.__cause__, DeadlockDetected)


# What a cart has is its own while it changes


def last_mug_in_a_cart() -> tuple[StockItem, StockItem]:
    mug, cup = StockItemFactory(stock=1, sku="MUG"), StockItemFactory(stock=5, sku="CUP")
    in_transaction(partial(hold, "cart-1", mug, 1))
    return mug, cup


def test_a_cart_that_changes_does_not_lose_its_last_unit_to_whoever_waits() -> None:
    mug, cup = last_mug_in_a_cart()

    refused = overtaken(partial(replace, "cart-1", {mug: 1, cup: 2}), partial(reserve, "r-1", {mug: 1}))

    assert isinstance(refused, InsufficientStock)
    assert held_by("cart-1") == {("MUG", "main"): 1, ("CUP", "main"): 2}
    assert red() == set()


def test_control_giving_back_first_loses_it() -> None:
    mug, cup = last_mug_in_a_cart()

    in_transaction(partial(services.release, reference="cart-1", actor=COMMAND))
    in_transaction(partial(reserve, "r-1", {mug: 1}))

    with pytest.raises(InsufficientStock):
        in_transaction(partial(reserve, "cart-1", {mug: 1, cup: 2}))


# The last unit


def test_the_last_three_units_are_held_by_three_of_sixteen_carts() -> None:
    item, other = StockItemFactory(stock=3), StockItemFactory(stock=16)
    for number in range(16):
        in_transaction(partial(hold, f"cart-{number}", other, 1))

    outcomes = in_transactions([partial(replace, f"cart-{number}", {item: 1}) for number in range(16)])

    assert kinds(outcomes) == {"InsufficientStock": 13, "list": 3}
    assert (level_of(item).reserved, promised(item), promised(other)) == (3, 3, 13)
    assert red() == set()


def test_control_without_the_lock_the_last_unit_is_held_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    item = StockItemFactory(stock=1)
    main = Warehouse.objects.get(code="main")
    # With a backorder no CHECK stands behind the lock.
    services.set_backorder_limit(item_id=item.pk, warehouse_id=main.pk, limit=1, actor=COMMAND)
    take_lock_away(monkeypatch, holds, "allocate_or_refuse")
    outcomes = in_transactions([partial(replace, f"cart-{number}", {item: 1}) for number in range(2)])

    assert kinds(outcomes) == {"list": 2}
    assert (level_of(item).on_hand, promised(item)) == (1, 2)
    assert "balances of the ledger chain, up to the counters" in red()


# A hold that ends while it is placed


EXPIRE = partial(services.expire_holds, actor=COMMAND)


def overdue_hold() -> StockItem:
    item: StockItem = StockItemFactory(stock=5)
    in_transaction(partial(hold, "cart-1", item, 2))
    Reservation.objects.update(expires_at=Now() - Reservation.objects.get().created_at.resolution)
    return item


def place(item: StockItem) -> Callable[[], Any]:
    return partial(replace, "cart-1", {item: 2}, minutes=None, new_reference="r-1")


def test_a_hold_that_is_being_placed_does_not_expire() -> None:
    item = overdue_hold()

    assert overtaken(place(item), EXPIRE) == 0

    assert list(Reservation.objects.values_list("reference", "state")) == [("r-1", "open")]
    assert red() == set()


def test_a_hold_that_is_being_expired_is_allocated_anew() -> None:
    item = overdue_hold()

    [part] = overtaken(EXPIRE, place(item))

    assert (part.quantity, level_of(item).reserved) == (2, 2)
    assert (state_of("cart-1"), state_of("r-1")) == ({"expired"}, {"open"})
    assert red() == set()


def test_control_without_the_guard_an_expired_hold_is_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    item = overdue_hold()
    monkeypatch.setattr(holds, "LOCK_PARTS", holds.LOCK_PARTS.replace("state = 'open'", "true"))

    overtaken(EXPIRE, place(item))

    assert (state_of("r-1"), level_of(item).reserved) == ({"expired"}, 0)


def test_control_without_the_guard_an_expired_hold_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    item = overdue_hold()
    monkeypatch.setattr(holds, "PROMISE", holds.PROMISE.replace("reservation.state = 'open'", "true"))

    units = overtaken(EXPIRE, partial(promise, "cart-1", "r-1", {item: 2}))

    assert (units, level_of(item).reserved) == (2, 0)


def test_a_hold_that_is_replaced_while_it_is_promised_is_promised_as_it_was_or_not_at_all() -> None:
    mug, cup = StockItemFactory(stock=5, sku="MUG"), StockItemFactory(stock=5, sku="CUP")
    in_transaction(partial(hold, "cart-1", mug, 2))
    change = partial(replace, "cart-1", {mug: 2, cup: 1})

    refused = overtaken(change, partial(promise, "cart-1", "r-1", {mug: 2}))

    assert type(refused).__name__ == "HoldDiffers"
    assert held_by("cart-1") == {("MUG", "main"): 2, ("CUP", "main"): 1}
    assert red() == set()


# A level that comes into being while we wait


def replace_while_goods_come_in() -> Any:
    """What became of a cart that waited for a mug, and wants an item that got its first level meanwhile."""
    mug, new = StockItemFactory(stock=5), StockItem.objects.create(sku="NEW", name="Has no level yet")
    receive = partial(services.receive_stock, reference="DN-1", lines=[ReceiptLine("NEW", 5)], actor=COMMAND)

    with ThreadPoolExecutor(2) as pool:

        def let_wait() -> Any:
            reserve("r-1", {mug: 1})
            waiting = pool.submit(apart, partial(run_unit, partial(replace, "cart-1", {mug: 1, new: 4})))
            wait_until_blocked()
            pool.submit(apart, receive).result(20)
            return waiting

        return run_unit(let_wait).result(20)


def test_goods_that_came_to_their_first_place_while_a_cart_waited_are_found() -> None:
    parts = replace_while_goods_come_in()

    assert [part.quantity for part in parts] == [1, 4]
    assert red() == set()


def test_control_without_a_second_look_they_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "_need_all_levels", lambda *args: None)

    assert isinstance(replace_while_goods_come_in(), InsufficientStock)


# All of it


def test_carts_that_change_and_are_placed_at_once_leave_every_invariant_true() -> None:
    items: list[StockItem] = [StockItemFactory(stock=6) for _ in range(3)]

    def shop(number: int) -> None:
        cart = f"cart-{number}"
        for step in range(3):
            wanted = {items[(number + step + n) % 3]: 1 + (number + n) % 2 for n in range(1 + step % 2)}
            run_unit(partial(replace, cart, wanted))
        if number % 3:
            run_unit(partial(replace, cart, wanted, minutes=None, new_reference=f"r-{number}"))
        else:
            run_unit(partial(services.release, reference=cart, actor=COMMAND))

    outcomes = at_once([partial(shop, number) for number in range(12)])

    assert set(kinds(outcomes)) <= {"NoneType", "InsufficientStock"}
    assert all(level_of(item).reserved == promised(item) <= 6 for item in items)
    assert red() == set()
