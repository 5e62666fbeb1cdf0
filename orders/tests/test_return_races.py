"""Returns at the same moment: real connections, real commits. Each race has a control without the protection."""

from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum

from accounts.exceptions import Unfinished
from accounts.leaving import anonymise_user
from accounts.models import User
from events.actors import COMMAND
from inventory.models import StockMovement
from orders import services
from orders.exceptions import CustomerForgotten, ParcelGone
from orders.models import Order, OrderEvent, Return, ReturnLine
from orders.services.parcels import returned_units, shipped_units
from orders.tests.clients import ORDERS, client_of
from orders.tests.factories import STAFF, assert_sound, buyer_of, make_order, stock_of
from orders.tests.returns import ask, ids, receive_back, shipped, wishes
from orders.tests.test_races import kinds
from tests.threads import at_once, overtaken

pytestmark = pytest.mark.django_db(transaction=True)


def coming_back(order: Order) -> int:
    units: int = ReturnLine.objects.filter(of__order=order).aggregate(sum=Sum("quantity", default=0))["sum"]
    return units


def test_no_more_comes_back_than_has_left_however_many_ask() -> None:
    order = shipped(3)
    [line] = ids(order)
    outcomes = at_once(
        [partial(ask, order, {line: 1})] * 4 + [partial(services.withdraw, order_id=order.pk, actor=STAFF)] * 2
    )
    assert set(kinds(outcomes)) <= {"int", "MoreThanReturnable", "NothingToReturn"}
    assert coming_back(order) == 3
    assert_sound()


def test_control_without_the_lock_more_comes_back_than_has_left() -> None:
    order = shipped(3)
    [line] = ids(order)
    all_have_decided = Barrier(2)

    def ask_unlocked() -> str:
        with transaction.atomic():
            left = shipped_units(order) - returned_units(order)
            all_have_decided.wait(30)
            if left[line] < 3:
                return "refused"
            ReturnLine.objects.create(of=Return.objects.create(order=order), order_item_id=line, quantity=3)
            return "asked"

    assert at_once([ask_unlocked] * 2) == ["asked"] * 2
    assert coming_back(order) == 6


def test_goods_are_received_once_and_either_received_or_refused() -> None:
    order = shipped(3)
    [line] = ids(order)
    return_id = ask(order, {line: 3})
    names: Any = {"order_id": order.pk, "return_id": return_id, "actor": STAFF}
    outcomes = at_once(
        [partial(services.receive_return, **names)] * 4 + [partial(services.refuse_return, **names, answer="Worn.")] * 2
    )
    row = Return.objects.get(pk=return_id)
    came = StockMovement.objects.filter(kind="returned", reference=f"return:{return_id}")
    if row.state == "received":
        assert kinds(outcomes) == {"NoneType": 1, "ReturnClosed": 5}
        assert (row.refund_items, came.count(), stock_of(order.order_items.get().variant)) == (30, 1, (20, 0))
    else:
        assert kinds(outcomes) == {"ReturnClosed": 4, "bool": 2}
        assert (row.refund_items, came.count()) == (0, 0)
    assert OrderEvent.objects.filter(order=order, event__startswith="return_re").count() == 2
    assert_sound()


def test_control_without_the_lock_goods_are_received_twice() -> None:
    order = shipped(3)
    return_id = ask(order, {ids(order)[0]: 3})
    both_have_decided = Barrier(2)

    def receive_unlocked() -> str:
        with transaction.atomic():
            is_open = Return.objects.get(pk=return_id).state == "requested"
            both_have_decided.wait(30)
            if not is_open:
                return "refused"
            Return.objects.filter(pk=return_id).update(state="received")
            return "received"

    assert at_once([receive_unlocked] * 2) == ["received"] * 2


def test_two_returns_of_a_line_share_its_worth_to_the_last_cent() -> None:
    order = shipped(3, price="0.01")
    line = order.order_items.get()
    rows = [ask(order, {line.pk: 1}) for _ in range(3)]
    at_once([partial(services.receive_return, order_id=order.pk, return_id=row, actor=STAFF) for row in rows])
    total = Return.objects.aggregate(sum=Sum("refund_items"))["sum"]
    assert (str(total), Return.objects.filter(state="received").count()) == ("0.03", 3)
    assert_sound()


def test_a_parcel_is_either_cancelled_or_asked_back() -> None:
    for _ in range(3):
        order = make_order(status="confirmed")
        [line] = ids(order)
        [parcel] = services.ship_parcel(order_id=order.pk, actor=STAFF)
        cancelled, asked = at_once(
            [
                partial(services.cancel_parcel, order_id=order.pk, parcel_id=parcel, actor=STAFF),
                partial(services.ask_return, order_id=order.pk, lines=wishes({line: 1}), actor=STAFF),
            ]
        )
        assert isinstance(cancelled, ParcelGone) != (cancelled is True)
        assert (type(asked) is int) == isinstance(cancelled, ParcelGone)
    assert_sound()


def test_the_same_withdrawal_with_a_key_five_times_at_once_is_one() -> None:
    order = shipped(3)
    key, user = {"Idempotency-Key": "storm"}, buyer_of(order)
    clients = [client_of(user) for _ in range(5)]
    answers = at_once([partial(client.post, f"{ORDERS}/{order.pk}/withdrawal", {}, headers=key) for client in clients])
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"in_progress"}
    assert Return.objects.count() == 1
    assert_sound()


def forget(user: User) -> None:
    anonymise_user(user_id=user.pk, actor=COMMAND)


def test_a_return_on_its_way_is_waited_for_and_keeps_its_customer() -> None:
    order = shipped(3)
    user = buyer_of(order)
    outcome = overtaken(partial(ask, order, {ids(order)[0]: 1}), partial(forget, user))
    assert isinstance(outcome, Unfinished)
    assert User.objects.get(pk=user.pk).anonymised_at is None


def test_who_is_forgotten_meanwhile_sends_nothing_back() -> None:
    order = shipped(3)
    outcome = overtaken(partial(forget, buyer_of(order)), partial(ask, order, {ids(order)[0]: 1}))
    assert isinstance(outcome, CustomerForgotten)
    assert not Return.objects.exists()


def test_received_goods_and_a_delivery_at_once_end_in_one_way() -> None:
    order = shipped(3)
    return_id = services.withdraw(order_id=order.pk, actor=STAFF)
    at_once(
        [
            partial(receive_back, order, return_id),
            partial(services.deliver_order, order_id=order.pk, actor=STAFF),
        ]
    )
    order.refresh_from_db()
    assert (order.status, Return.objects.get(pk=return_id).state) == ("delivered", "received")
    assert_sound()
