"""Stock under concurrency: on real connections, with real commits. Each race has a control without the protection."""

import threading
from functools import partial
from typing import Any

import pytest
from django.contrib.postgres.functions import TransactionNow
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

from database.transactions import run_unit
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import InsufficientStock
from inventory.models import Reservation, StockAlert, StockItem, StockLevel, StockMovement
from inventory.services import ReceiptLine
from inventory.tests import plain
from inventory.tests.factories import StockItemFactory, WarehouseFactory, level_of, reserve
from inventory.tests.races import adjust, in_transaction, in_transactions, kinds, prepare, promised, red
from tests.threads import at_once, overtaken

pytestmark = pytest.mark.django_db(transaction=True)


# The last units


@pytest.mark.parametrize("warm", [False, True])
def test_sixteen_buyers_get_exactly_the_last_three_units(warm: bool, together: list[int]) -> None:
    item = StockItemFactory(stock=3)
    all_there = threading.Barrier(16, timeout=30)

    def buy(reference: str) -> list[services.Allocation]:
        prepare(warm)
        all_there.wait()
        return in_transaction(partial(reserve, reference, {item: 1}))

    outcomes = at_once([partial(buy, f"r-{number}") for number in range(16)])

    assert (len(together) >= 16) == warm
    assert kinds(outcomes) == {"InsufficientStock": 13, "list": 3}
    assert (level_of(item).reserved, promised(item)) == (3, 3)
    assert red() == set()


def test_control_without_the_lock_one_unit_is_promised_twice() -> None:
    item = StockItemFactory(stock=1)
    both_have_decided = threading.Barrier(2)

    def meet() -> None:
        both_have_decided.wait(10)

    outcomes = in_transactions(
        [
            partial(
                plain.reserve,
                reference=f"r-{number}",
                quantities={item.pk: 1},
                actor=COMMAND,
                lock=False,
                between=meet,
            )
            for number in range(2)
        ]
    )

    assert kinds(outcomes) == {"NoneType": 2}
    # The counter hides it, and so no CHECK has seen it: only the sum of what is promised tells.
    assert (level_of(item).reserved, promised(item)) == (1, 2)
    assert "reserved is the sum of open reservations" in red()


# The sequence of locks


def test_baskets_in_opposite_sequence_do_not_deadlock() -> None:
    mug, pot = StockItemFactory(stock=1000), StockItemFactory(stock=1000)

    for turn in range(5):
        baskets: list[dict[Any, int]] = [{mug: 1, pot: 2}, {pot: 2, mug: 1}]
        outcomes = in_transactions([partial(reserve, f"r-{turn}-{number}", baskets[number % 2]) for number in range(8)])
        assert kinds(outcomes) == {"list": 8}

    assert (promised(mug), promised(pot)) == (40, 80)
    assert red() == set()


def test_control_locking_in_the_sequence_of_the_basket_deadlocks() -> None:
    levels = [level_of(StockItemFactory(stock=9)).pk for _ in range(2)]
    both_hold_one = threading.Barrier(2)

    def lock_in_turn(first: int, second: int) -> None:
        StockLevel.objects.select_for_update().get(pk=first)
        both_hold_one.wait(10)
        StockLevel.objects.select_for_update().get(pk=second)

    outcomes = in_transactions([partial(lock_in_turn, *levels), partial(lock_in_turn, *reversed(levels))])

    (error,) = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(error, OperationalError)
    assert isinstance(error.__cause__, DeadlockDetected)


# Trap: now() is the time before the wait


def test_whoever_waited_writes_a_later_time_with_the_later_balance() -> None:
    item = StockItemFactory(stock=5)

    overtaken(partial(reserve, "r-1", {item: 1}), partial(reserve, "r-2", {item: 1}))

    first_at, second_at = StockMovement.objects.filter(kind="reserved").order_by("id").values_list("at", flat=True)
    assert first_at < second_at
    assert red() == set()


def test_control_with_the_time_of_the_transaction_the_ledger_runs_backwards() -> None:
    item = StockItemFactory(stock=5)

    begun, overtaken_by_another = threading.Event(), threading.Event()

    def reserve_with_now() -> None:
        with connection.cursor() as cursor:
            cursor.execute("select now()")  # the transaction begins here
        begun.set()
        overtaken_by_another.wait(10)
        level = StockLevel.objects.locked([item.pk]).get()
        Reservation.objects.create(level=level, quantity=1, reference="r-2")
        plain.move(level, "reserved", 1, "r-2", COMMAND, at=TransactionNow())

    def reserve_meanwhile() -> None:
        begun.wait(10)
        in_transaction(partial(reserve, "r-1", {item: 1}))
        overtaken_by_another.set()

    assert at_once([partial(in_transaction, reserve_with_now), reserve_meanwhile]) == [None, None]

    assert red() == {"balances of the ledger chain, up to the counters"}


# Trap: two warehouses of one item


def test_two_sales_from_two_warehouses_that_cross_the_line_together_open_the_alert() -> None:
    WarehouseFactory(code="north")
    item = StockItemFactory(stock={"main": 6, "north": 6})

    overtaken(partial(adjust, item, -1, "main"), partial(adjust, item, -1, "north"))

    (alert,) = StockAlert.objects.filter(closed_at=None)
    assert (alert.band, alert.available) == ("low", 10)


def test_control_with_the_lock_on_one_warehouse_both_miss_the_line() -> None:
    WarehouseFactory(code="north")
    item = StockItemFactory(stock={"main": 6, "north": 6})
    both_have_looked = threading.Barrier(2)

    def meet() -> None:
        both_have_looked.wait(10)

    def sell_from(code: str) -> None:
        level = StockLevel.objects.select_for_update().get(item=item, warehouse__code=code)
        before = plain.totals_of([item.pk])
        level.on_hand -= 1
        level.save()
        plain.settle(before, COMMAND, between=meet)

    in_transactions([partial(sell_from, "main"), partial(sell_from, "north")])

    assert plain.totals_of([item.pk]) == {item.pk: (10, 10)}
    assert StockAlert.objects.count() == 0


# Warehouses that go out of sale


def test_a_sale_that_waited_for_its_warehouse_to_close_leaves_in_stock_true_to_the_facts() -> None:
    WarehouseFactory(code="north")
    item = StockItemFactory(stock=5)
    close = partial(services.update_warehouse, code="main", actor=COMMAND, is_active=False)

    overtaken(close, partial(reserve, "r-1", {item: 1}))

    item.refresh_from_db()
    assert not item.in_stock
    assert red() == set()


def test_goods_and_the_closing_of_their_warehouse_wait_for_each_other() -> None:
    WarehouseFactory(code="north")
    item = StockItemFactory()
    receive = partial(services.receive_stock, reference="DN-1", lines=[ReceiptLine(item.sku, 5, "main")], actor=COMMAND)
    close = partial(services.update_warehouse, code="main", actor=COMMAND, is_active=False)

    overtaken(receive, close)

    item.refresh_from_db()
    assert not item.in_stock
    assert red() == set()


def test_a_new_item_and_the_closing_of_its_warehouse_wait_for_each_other() -> None:
    WarehouseFactory(code="north")
    close = partial(services.update_warehouse, code="main", actor=COMMAND, is_active=False)

    def make() -> None:
        item = services.create_item(sku="NEW", name="New", actor=COMMAND)
        level = StockLevel.objects.get(item=item)
        services.set_backorder_limit(item_id=item.pk, warehouse_id=level.warehouse_id, limit=5, actor=COMMAND)

    overtaken(close, make)

    # It was made after the wait, so it lies where something is for sale.
    assert StockLevel.objects.get(item__sku="NEW").warehouse.code == "north"
    assert StockItem.objects.get(sku="NEW").in_stock
    assert red() == set()


def test_everything_at_once_leaves_every_invariant_true() -> None:
    WarehouseFactory(code="north")
    items = [StockItemFactory(stock={"main": 20, "north": 20}) for _ in range(3)]

    def sell(number: int) -> None:
        basket = {items[(number + step) % 3].pk: 1 + (number + step) % 4 for step in range(2)}
        services.reserve(reference=f"r-{number}", quantities=basket, actor=COMMAND)
        if number % 3 == 0:
            services.release(reference=f"r-{number}", actor=COMMAND)
        if number % 3 == 1:
            services.fulfil(reference=f"r-{number}", actor=COMMAND)

    def move(number: int) -> None:
        item = items[number % 3]
        if number % 2:
            adjust(item, 1 if number % 4 == 1 else -1, "north")
        else:
            services.transfer_stock(
                source="main", target="north", lines=[services.TransferLine(item.sku, 1)], actor=COMMAND
            )

    outcomes = at_once([partial(run_unit, partial(sell if number % 3 else move, number)) for number in range(24)])

    assert set(kinds(outcomes)) <= {"NoneType", InsufficientStock.__name__}
    assert red() == set()
