"""Orders at the same moment: on real connections, with real commits. Each race has a control without the protection."""

from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.db.models.functions import Now
from pytest_django import Settings

from catalog.models import Variant
from inventory import services as inventory_services
from inventory.models import Reservation, StockLevel, StockMovement
from orders import services
from orders.exceptions import IllegalTransition, InsufficientStock
from orders.models import Order, OrderEvent
from orders.services import placing
from orders.tests.clients import ORDERS, basket, client_of, line
from orders.tests.factories import STAFF, assert_sound, make_article, make_order, make_user, place, stock_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def kinds(outcomes: list[Any]) -> dict[str, int]:
    names = [type(outcome).__name__ for outcome in outcomes]
    return {name: names.count(name) for name in sorted(set(names))}


def promised(variant: Variant) -> int:
    open_ones = Reservation.objects.filter(level__item_id=variant.stock_item_id, state="open")
    return open_ones.aggregate(total=Sum("quantity"))["total"] or 0


def test_sixteen_customers_get_exactly_the_last_three_units() -> None:
    mug, users = make_article(stock=3), [make_user() for _ in range(16)]
    outcomes = at_once([partial(place, user, {mug: 1}) for user in users])
    assert kinds(outcomes) == {"InsufficientStock": 13, "PlacedOrder": 3}
    assert Order.objects.count() == 3
    assert stock_of(mug) == (3, promised(mug)) == (3, 3)
    assert_sound()


def test_over_http_too_the_last_three_units_make_three_orders() -> None:
    mug, users = make_article(stock=3), [make_user() for _ in range(16)]
    clients = [client_of(user) for user in users]
    answers = at_once([partial(client.post, ORDERS, basket(line(mug))) for client in clients])
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 13
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"insufficient_stock"}
    assert Order.objects.count() == OrderEvent.objects.count() == 3
    assert stock_of(mug) == (3, promised(mug)) == (3, 3)
    assert_sound()


def test_the_same_request_five_times_at_once_is_one_order() -> None:
    mug, user = make_article(stock=50), make_user()
    for round_ in range(4):
        key = {"Idempotency-Key": f"storm-{round_}"}
        clients = [client_of(user) for _ in range(5)]
        answers = at_once([partial(client.post, ORDERS, basket(line(mug)), headers=key) for client in clients])
        first = client_of(user).post(ORDERS, basket(line(mug)), headers=key)
        assert first.headers["Idempotent-Replayed"] == "true"
        for answer in answers:
            if answer.status_code == 201:
                assert answer.content == first.content
            else:
                assert (answer.status_code, answer.json()["code"]) == (409, "in_progress")
                assert answer.headers["Retry-After"] == "1"
        assert Order.objects.count() == round_ + 1
    assert stock_of(mug) == (50, 4)
    assert_sound()


def test_control_without_a_key_the_same_request_five_times_is_five_orders() -> None:
    mug, user = make_article(stock=50), make_user()
    clients = [client_of(user) for _ in range(5)]
    at_once([partial(client.post, ORDERS, basket(line(mug))) for client in clients])
    assert Order.objects.count() == 5


def test_control_without_the_lock_the_last_units_are_oversold() -> None:
    """The same sale by read, decide, write. Counters lie as well: only the reservations tell how much was sold."""
    mug = make_article(stock=3)
    level = StockLevel.objects.get(item=mug.stock_item)
    all_have_decided = Barrier(16)

    def place_unlocked(number: int) -> str:
        with transaction.atomic():
            seen = StockLevel.objects.get(pk=level.pk)
            all_have_decided.wait(30)
            if seen.available < 1:
                return "refused"
            Reservation.objects.create(level=seen, quantity=1, reference=f"order:{number}")
            StockLevel.objects.filter(pk=level.pk).update(reserved=seen.reserved + 1)
            return "placed"

    outcomes = at_once([partial(place_unlocked, number) for number in range(16)])
    assert outcomes == ["placed"] * 16
    assert (stock_of(mug), promised(mug)) == ((3, 1), 16)


def test_baskets_in_opposite_order_do_not_deadlock() -> None:
    mug, pot = make_article(stock=100), make_article(stock=100)
    users = [make_user() for _ in range(12)]
    baskets = [{mug: 1, pot: 2}, {pot: 2, mug: 1}]
    before = deadlocks()
    outcomes = at_once([partial(place, user, baskets[place_ % 2]) for place_, user in enumerate(users)])
    assert kinds(outcomes) == {"PlacedOrder": 12}
    assert deadlocks() == before
    assert (stock_of(mug), stock_of(pot)) == ((100, 12), (100, 24))
    assert_sound()


def test_control_locking_in_the_order_of_the_basket_deadlocks() -> None:
    mug, pot = make_article(stock=100), make_article(stock=100)
    levels = [StockLevel.objects.get(item=variant.stock_item).pk for variant in (mug, pot)]
    both_hold_one = Barrier(2)

    def lock_in_turn(first: int, second: int) -> None:
        with transaction.atomic():
            StockLevel.objects.select_for_update().get(pk=first)
            both_hold_one.wait(30)
            StockLevel.objects.select_for_update().get(pk=second)

    outcomes = at_once([partial(lock_in_turn, *levels), partial(lock_in_turn, *reversed(levels))])
    assert kinds(outcomes) == {"NoneType": 1, "OperationalError": 1}


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select deadlocks from pg_stat_database where datname = current_database()")
        return int(cursor.fetchone()[0])


def test_the_cap_on_pending_orders_holds_for_one_customer_at_once(settings: Settings) -> None:
    settings.MAX_PENDING_ORDERS_PER_CUSTOMER = 3
    mug, user = make_article(stock=100), make_user()
    outcomes = at_once([partial(place, user, {mug: 1}) for _ in range(12)])
    assert kinds(outcomes) == {"PlacedOrder": 3, "TooManyPendingOrders": 9}
    assert stock_of(mug) == (100, 3)


def test_an_order_is_cancelled_once_however_many_ask() -> None:
    order = make_order(stock=5)
    mug = order.order_items.get().variant
    outcomes = at_once([partial(services.cancel_order, order_id=order.pk, actor=STAFF)] * 8)
    assert sorted(outcomes) == [False] * 7 + [True]
    assert stock_of(mug) == (5, 0)
    assert OrderEvent.objects.filter(order=order, event="cancelled").count() == 1
    assert StockMovement.objects.filter(kind="released").count() == 1
    assert_sound()


def test_an_order_is_either_shipped_or_cancelled() -> None:
    for _ in range(5):
        order = make_order(stock=5, status="confirmed")
        mug = order.order_items.get().variant
        shipped, cancelled = at_once(
            [
                partial(services.ship_order, order_id=order.pk, actor=STAFF),
                partial(services.cancel_order, order_id=order.pk, actor=STAFF),
            ]
        )
        assert {type(shipped), type(cancelled)} == {bool, IllegalTransition}
        order.refresh_from_db()
        assert (order.status, stock_of(mug)) == (("shipped", (3, 0)) if shipped is True else ("cancelled", (5, 0)))
    assert_sound()


def test_two_sweepers_expire_each_order_once(settings: Settings) -> None:
    settings.PENDING_ORDER_HOURS = 1
    orders = [make_order() for _ in range(10)]
    Order.objects.update(order_date=Now() - timedelta(hours=2))
    swept = at_once([services.expire_pending_orders] * 3)
    assert sum(swept) == 10
    assert set(Order.objects.values_list("status", flat=True)) == {"cancelled"}
    assert OrderEvent.objects.filter(event="cancelled").count() == 10
    assert StockMovement.objects.filter(kind="released").count() == 10
    assert {stock_of(order.order_items.get().variant) for order in orders} == {(5, 0)}
    assert_sound()


def hold_for_a_cart_that_is_overdue(variant: Variant, units: int) -> None:
    with transaction.atomic():
        inventory_services.reserve(
            reference="cart:1",
            quantities={variant.stock_item_id: units},
            actor=STAFF,
            expires_at=datetime(2026, 1, 1, tzinfo=UTC),
        )


def test_sold_out_stock_that_overdue_holds_would_give_back_is_not_refused_early() -> None:
    mug, user = make_article(stock=2), make_user()
    hold_for_a_cart_that_is_overdue(mug, 2)
    place(user, {mug: 2})
    assert Reservation.objects.get(reference="cart:1").state == "expired"
    with pytest.raises(InsufficientStock):
        place(user, {mug: 1})


def test_units_that_an_overdue_hold_gave_back_meanwhile_are_not_refused_early(monkeypatch: pytest.MonkeyPatch) -> None:
    mug, resolve = make_article(stock=1), placing.resolve
    hold_for_a_cart_that_is_overdue(mug, 1)

    def resolve_before_the_sweep(*args: Any) -> Any:
        found = resolve(*args)
        assert at_once([partial(inventory_services.expire_holds, actor=STAFF)]) == [1]
        return found

    monkeypatch.setattr(placing, "resolve", resolve_before_the_sweep)
    place(make_user(), {mug: 1})
    assert stock_of(mug) == (1, 1)


def test_a_refusal_under_the_lock_reports_every_short_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The unlocked read saw stock that was gone when the lock was had."""
    mug, pot, user = make_article(stock=1), make_article(stock=0), make_user()
    monkeypatch.setattr("orders.services.placing.refuse_early", lambda basket: None)
    with pytest.raises(InsufficientStock) as refusal:
        place(user, {mug: 2, pot: 3})
    issues = [(issue["sku"], issue["requested"], issue["available"]) for issue in refusal.value.extra["stock_issues"]]
    assert issues == [(mug.stock_item.sku, 2, 1), (pot.stock_item.sku, 3, 0)]
    assert Order.objects.count() == 0
