"""Stock under concurrency: on real connections, with real commits. Each race has a control without the protection."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from django.contrib.postgres.functions import TransactionNow
from django.db import OperationalError, connection, transaction
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from database.backend import base
from database.transactions import run_unit
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import HoldExpired, InsufficientStock, Shortage
from inventory.invariants import violations
from inventory.models import Reservation, StockAlert, StockItem, StockLevel, StockMovement
from inventory.services import AdjustmentLine, ReceiptLine, engine
from inventory.tests import plain
from inventory.tests.factories import StockItemFactory, WarehouseFactory, level_of
from tests.threads import apart, at_once, overtaken, wait_until_blocked

T = TypeVar("T")

pytestmark = pytest.mark.django_db(transaction=True)


def reserve(reference: str, quantities: dict[StockItem, int], **kwargs: Any) -> list[services.Allocation]:
    basket = {item.pk: quantity for item, quantity in quantities.items()}
    return services.reserve(reference=reference, quantities=basket, actor=COMMAND, **kwargs)


def adjust(item: StockItem, delta: int, warehouse: str = "main") -> None:
    services.adjust_stock(reason="x", lines=[AdjustmentLine(item.sku, warehouse, delta=delta)], actor=COMMAND)


def in_transaction(work: Callable[[], T]) -> T:
    """A transaction that is not run again: whatever goes wrong in it is seen."""
    with transaction.atomic():
        return work()


def in_transactions(works: Sequence[Callable[[], object]]) -> list[Any]:
    return at_once([partial(in_transaction, work) for work in works])


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A number for each time that statements travelled together."""
    times: list[int] = []
    execute_together = base.execute_together

    def count(wire: Any, calls: Any) -> Any:
        times.append(len(calls))
        return execute_together(wire, calls)

    monkeypatch.setattr(base, "execute_together", count)
    return times


def prepare(warm: bool) -> None:
    """Reserve so often on this connection that what reserves is prepared, and its statements travel together."""
    item = StockItemFactory(stock=1000)
    for number in range(5 * warm):
        in_transaction(partial(reserve, f"warm-{item.pk}-{number}", {item: 1}))


def kinds(outcomes: list[Any]) -> dict[str, int]:
    names = [type(outcome).__name__ for outcome in outcomes]
    return {name: names.count(name) for name in sorted(set(names))}


def red() -> set[str]:
    return {violation.invariant for violation in violations()}


def promised(item: StockItem) -> int:
    open_ones = Reservation.objects.filter(level__item=item, state="open")
    return int(open_ones.aggregate(sum=Sum("quantity", default=0))["sum"])


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
        before = plain.available_of([item.pk])
        level.on_hand -= 1
        level.save()
        plain.settle(before, COMMAND, between=meet)

    in_transactions([partial(sell_from, "main"), partial(sell_from, "north")])

    assert plain.available_of([item.pk]) == {item.pk: 10}
    assert StockAlert.objects.count() == 0


# Holds


def overdue_hold(item: StockItem) -> None:
    soon = timezone.now() + timedelta(minutes=5)
    in_transaction(partial(reserve, "cart-1", {item: 2}, expires_at=soon))
    Reservation.objects.update(expires_at=Now() - timedelta(minutes=1))


EXPIRE = partial(services.expire_holds, actor=COMMAND)
PROMISE = partial(services.promise, reference="cart-1", new_reference="r-1")


def test_two_sweepers_expire_a_hold_once() -> None:
    item = StockItemFactory(stock=5)
    overdue_hold(item)

    second = overtaken(EXPIRE, EXPIRE)

    assert second == 0
    assert StockMovement.objects.filter(kind="expired").count() == 1
    assert red() == set()


def test_a_hold_that_is_being_promised_does_not_expire() -> None:
    item = StockItemFactory(stock=5)
    overdue_hold(item)

    second = overtaken(PROMISE, EXPIRE)

    assert second == 0
    assert list(Reservation.objects.values_list("reference", "state")) == [("r-1", "open")]
    assert red() == set()


def test_a_hold_that_is_being_expired_is_not_promised() -> None:
    item = StockItemFactory(stock=5)
    overdue_hold(item)

    second = overtaken(EXPIRE, PROMISE)

    assert isinstance(second, HoldExpired)
    assert (level_of(item).reserved, list(Reservation.objects.values_list("state", flat=True))) == (0, ["expired"])
    assert red() == set()


# Warehouses that go out of sale


def test_a_sale_that_waited_for_its_warehouse_to_close_leaves_in_stock_true_to_the_facts() -> None:
    item = StockItemFactory(stock=5)
    close = partial(services.update_warehouse, code="main", actor=COMMAND, is_active=False)

    overtaken(close, partial(reserve, "r-1", {item: 1}))

    item.refresh_from_db()
    assert not item.in_stock
    assert red() == set()


def test_goods_and_the_closing_of_their_warehouse_wait_for_each_other() -> None:
    item = StockItemFactory()
    receive = partial(services.receive_stock, reference="DN-1", lines=[ReceiptLine(item.sku, 5, "main")], actor=COMMAND)
    close = partial(services.update_warehouse, code="main", actor=COMMAND, is_active=False)

    overtaken(receive, close)

    item.refresh_from_db()
    assert not item.in_stock
    assert red() == set()


def test_a_new_item_and_the_closing_of_its_warehouse_wait_for_each_other() -> None:
    close = partial(services.update_warehouse, code="main", actor=COMMAND, is_active=False)

    def make() -> None:
        item = services.create_item(sku="NEW", name="New", actor=COMMAND)
        level = StockLevel.objects.get(item=item)
        services.set_backorder_limit(item_id=item.pk, warehouse_id=level.warehouse_id, limit=5, actor=COMMAND)

    overtaken(close, make)

    assert not StockItem.objects.get(sku="NEW").in_stock
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
