"""Races of statements that wait for a lock: a waiting statement rereads the rows that it locks, and no other rows."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection

from database.transactions import run_unit
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import InsufficientStock, Shortage
from inventory.models import StockItem
from inventory.services import ReceiptLine, engine
from inventory.tests.factories import StockItemFactory, WarehouseFactory, level_of, reserve
from inventory.tests.races import in_transaction, prepare, promised, red
from tests.threads import apart, overtaken, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)


# Trap: a locking statement sees the rows it locks as they are now, and what it joins as it was before the wait


def test_what_was_released_while_we_waited_is_not_released_again() -> None:
    item = StockItemFactory(stock=5)
    in_transaction(partial(reserve, "r-1", {item: 3}))
    release = partial(services.release, reference="r-1", actor=COMMAND)

    second = overtaken(release, release)

    assert second == 0
    assert level_of(item).reserved == 0
    assert red() == set()


def test_a_release_that_waited_for_a_sale_finds_what_it_is_to_give_back() -> None:
    item = StockItemFactory(stock=5)
    in_transaction(partial(reserve, "r-1", {item: 3}))

    second = overtaken(partial(reserve, "r-2", {item: 1}), partial(services.release, reference="r-1", actor=COMMAND))

    assert second == 3
    assert (level_of(item).reserved, promised(item)) == (1, 1)
    assert red() == set()


def test_control_a_sum_joined_to_the_locking_statement_is_from_before_the_wait() -> None:
    item = StockItemFactory(stock=20)

    def lock_and_sum() -> tuple[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                select level.reserved, coalesce(promised.quantity, 0) from inventory_stocklevel as level
                left join lateral (
                    select sum(quantity) as quantity from inventory_reservation
                    where level_id = level.id and state = 'open'
                ) as promised on true
                where level.item_id = %s for no key update of level
                """,
                [item.pk],
            )
            return tuple(cursor.fetchone())

    second = overtaken(partial(reserve, "r-1", {item: 10}), lock_and_sum)

    assert second == (10, 0)


def test_goods_that_came_to_a_new_warehouse_while_we_waited_are_found() -> None:
    WarehouseFactory(code="north")
    item = StockItemFactory(stock=1)
    receive = partial(
        services.receive_stock, reference="DN-1", lines=[ReceiptLine(item.sku, 5, "north")], actor=COMMAND
    )

    second = overtaken(receive, partial(reserve, "r-1", {item: 4}))

    assert [part.quantity for part in second] == [4]
    assert red() == set()


def order_what_came_meanwhile(*lines: ReceiptLine, warm: bool) -> tuple[Any, StockItem]:
    """What became of an order for a mug and four of an item that had no level when the order began to wait for the mug.

    Meanwhile `lines` of the item come in, and a slow buyer takes four of it.
    """
    mug, new = StockItemFactory(stock=5), StockItem.objects.create(sku="NEW", name="Has no level yet")
    mug_is_held, sold, enough = threading.Event(), threading.Event(), threading.Event()

    def order() -> Any:
        prepare(warm)
        mug_is_held.wait(10)
        return run_unit(partial(reserve, "r-2", {mug: 1, new: 4}))

    def sell_slowly() -> None:
        reserve("r-3", {new: 4})
        sold.set()
        enough.wait(10)

    with ThreadPoolExecutor(3) as pool:
        ordering = pool.submit(apart, order)

        def let_wait() -> Any:
            reserve("r-1", {mug: 1})
            mug_is_held.set()
            wait_until_blocked()
            receive = partial(services.receive_stock, reference="DN-1", lines=lines, actor=COMMAND)
            pool.submit(apart, receive).result(20)
            selling = pool.submit(apart, partial(run_unit, sell_slowly))
            assert sold.wait(10)
            return selling

        selling = run_unit(let_wait)
        wait_until_blocked()
        enough.set()
        assert selling.result(20) is None
        return ordering.result(20), new


@pytest.mark.parametrize("warm", [False, True])
def test_a_level_that_came_into_being_while_we_waited_is_locked_before_it_is_sold(
    warm: bool, together: list[int]
) -> None:
    parts, new = order_what_came_meanwhile(ReceiptLine("NEW", 9), warm=warm)

    assert bool(together) == warm
    assert [part.quantity for part in parts] == [1, 4]
    assert (level_of(new).reserved, promised(new)) == (8, 8)
    assert red() == set()


@pytest.mark.parametrize("warm", [False, True])
def test_such_a_level_that_was_sold_out_meanwhile_is_no_reason_to_refuse(warm: bool) -> None:
    WarehouseFactory(code="north")

    parts, new = order_what_came_meanwhile(ReceiptLine("NEW", 5), ReceiptLine("NEW", 9, "north"), warm=warm)

    assert [part.quantity for part in parts] == [1, 4]
    assert (level_of(new).reserved, level_of(new, "north").reserved) == (4, 4)
    assert red() == set()


@pytest.mark.parametrize("warm", [False, True])
def test_a_refusal_because_of_such_a_level_says_what_is_short(warm: bool) -> None:
    refusal, new = order_what_came_meanwhile(ReceiptLine("NEW", 5), warm=warm)

    assert isinstance(refusal, InsufficientStock)
    assert refusal.shortages == [Shortage(new.pk, "NEW", 4, 1)]


def test_control_without_its_lock_the_ledger_forgets_who_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_need_locks", lambda touched, locked: None)

    _, new = order_what_came_meanwhile(ReceiptLine("NEW", 9), warm=False)

    assert level_of(new).reserved == 8
    assert "balances of the ledger chain, up to the counters" in red()


def test_the_same_reservation_twice_at_once_is_one() -> None:
    WarehouseFactory(code="north")
    item = StockItemFactory(stock={"main": 5, "north": 5})
    again = partial(reserve, "r-1", {item: 4})

    assert [part.quantity for part in overtaken(again, again)] == [4]
    assert promised(item) == 4
