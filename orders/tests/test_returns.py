"""Returns: goods are asked back, approved, received or refused, and what they are worth is proposed."""

from typing import Any

import pytest
from pytest_django import Settings

from accounts.exceptions import Unfinished
from accounts.leaving import anonymise_user
from database.refusals import Invalid, NotFound, VersionMismatch
from events.actors import COMMAND
from events.models import Event
from inventory import services as inventory_services
from inventory.models import StockMovement
from inventory.services import Condition
from orders import services
from orders.exceptions import (
    CustomerForgotten,
    MoreThanReturnable,
    NothingToReturn,
    ParcelGone,
    ReturnClosed,
    ReturnPeriodOver,
)
from orders.models import Order, Return, ReturnLine
from orders.services import Asked, Received
from orders.tests.factories import (
    STAFF,
    assert_sound,
    buyer_of,
    customer,
    everything,
    make_order,
    make_user,
    stock_of,
)
from orders.tests.returns import ask, delivered_days_ago, ids, receive_back, shipped, step_of

pytestmark = pytest.mark.django_db


def lines_of(return_id: int) -> list[tuple[int, int, str, str]]:
    rows = ReturnLine.objects.filter(of=return_id)
    return list(rows.values_list("order_item_id", "quantity", "reason", "condition"))


def test_what_has_left_is_asked_back_with_reasons() -> None:
    order = shipped(3, 2)
    one, two = ids(order)
    user = buyer_of(order)
    return_id = services.ask_return(
        order_id=order.pk,
        lines={one: Asked(2, "Too small"), two: Asked(1)},
        note="Call me first.",
        actor=customer(user),
        owner_id=user.pk,
    )
    row = Return.objects.get(pk=return_id)
    assert (row.order_id, row.kind, row.state, row.note, row.version) == (
        *(order.pk, "return", "requested", "Call me first."),
        1,
    )
    assert (row.answer, row.warehouse, row.refund_items, row.refund_shipping) == ("", None, 0, 0)
    assert lines_of(return_id) == [(one, 2, "Too small", ""), (two, 1, "", "")]
    assert step_of(order) == ("return_requested", "shipped", f"customer:{user.pk}", "")
    assert Event.objects.latest("id").payload == {"order_id": order.pk, "return_id": return_id}
    assert_sound()


@pytest.mark.parametrize(
    ("units", "refusal"),
    [({0: 4}, MoreThanReturnable), ({0: 1, 1: 3}, MoreThanReturnable), ({}, Invalid), ({7: 1}, Invalid)],
)
def test_no_more_is_asked_back_than_has_left(units: dict[int, int], refusal: type[Exception]) -> None:
    order = shipped(3, 2)
    lines = dict(enumerate(ids(order))) | {7: 123456789}
    before = everything()
    with pytest.raises(refusal):
        ask(order, {lines[place]: quantity for place, quantity in units.items()})
    assert everything() == before


def test_the_same_units_are_not_asked_back_twice_and_refused_ones_may_be() -> None:
    order = shipped(3)
    [line] = ids(order)
    first = ask(order, {line: 2})
    before = everything()
    with pytest.raises(MoreThanReturnable) as refusal:
        ask(order, {line: 2})
    [error] = refusal.value.errors
    assert (error.field, error.code, error.message) == (
        *("lines.0.quantity", "more_than_returnable"),
        "1 can still come back.",
    )
    assert everything() == before
    services.refuse_return(order_id=order.pk, return_id=first, actor=STAFF, answer="It was worn.")
    ask(order, {line: 3})
    with pytest.raises(NothingToReturn, match="All that has left comes back already"):
        ask(order, {line: 1})
    assert_sound()


@pytest.mark.parametrize("status", ["pending", "confirmed", "cancelled"])
def test_nothing_comes_back_of_an_order_of_which_nothing_has_left(status: str) -> None:
    order = make_order(status=status)
    before = everything()
    with pytest.raises(NothingToReturn, match="None of its goods have left"):
        ask(order, {ids(order)[0]: 1})
    with pytest.raises(NothingToReturn, match="None of its goods have left"):
        services.withdraw(order_id=order.pk, actor=STAFF)
    assert everything() == before


def test_a_part_that_has_left_comes_back_while_the_rest_is_open() -> None:
    order = make_order(status="confirmed")
    [line] = ids(order)
    [parcel] = services.ship_parcel(order_id=order.pk, actor=STAFF, lines={line: 1})
    with pytest.raises(MoreThanReturnable):
        ask(order, {line: 2})
    return_id = ask(order, {line: 1})
    before = everything()
    with pytest.raises(ParcelGone):
        services.cancel_parcel(order_id=order.pk, parcel_id=parcel, actor=STAFF)
    assert everything() == before
    receive_back(order, return_id)
    assert stock_of(order.order_items.get().variant) == (5, 1)
    assert_sound()


def test_orders_of_others_do_not_exist() -> None:
    order, stranger = shipped(1), make_user()
    before = everything()
    for owner_id, order_id in ((stranger.pk, order.pk), (None, order.pk + 1)):
        with pytest.raises(NotFound):
            services.ask_return(
                order_id=order_id, lines={ids(order)[0]: Asked(1)}, actor=customer(stranger), owner_id=owner_id
            )
        with pytest.raises(NotFound):
            services.withdraw(order_id=order_id, actor=customer(stranger), owner_id=owner_id)
    assert everything() == before


def test_the_days_begin_with_the_delivery_and_bind_buyers_alone(settings: Settings) -> None:
    settings.RETURN_DAYS, settings.WITHDRAWAL_DAYS = 30, 14
    order = shipped(9, delivered=True)
    [line] = ids(order)
    owner = buyer_of(order).pk
    for by in ({"owner_id": owner}, {"by_guest": True}):
        delivered_days_ago(order, 14)
        services.withdraw(order_id=order.pk, actor=STAFF, lines={line: Asked(1)}, **by)
        delivered_days_ago(order, 15)
        before = everything()
        with pytest.raises(ReturnPeriodOver) as refusal:
            services.withdraw(order_id=order.pk, actor=STAFF, lines={line: Asked(1)}, **by)
        assert list(refusal.value.extra) == ["last_day"]
        assert everything() == before
        delivered_days_ago(order, 30)
        ask(order, {line: 1}, **by)
        delivered_days_ago(order, 31)
        with pytest.raises(ReturnPeriodOver):
            ask(order, {line: 1}, **by)
    ask(order, {line: 1})
    services.withdraw(order_id=order.pk, actor=STAFF, lines={line: Asked(1)})
    assert Return.objects.count() == 6


def test_a_shop_may_take_nothing_back_but_through_its_staff(settings: Settings) -> None:
    settings.RETURN_DAYS = settings.WITHDRAWAL_DAYS = 0
    order = shipped(3)
    [line] = ids(order)
    before = everything()
    with pytest.raises(ReturnPeriodOver):
        ask(order, {line: 1}, by_guest=True)
    with pytest.raises(ReturnPeriodOver):
        services.withdraw(order_id=order.pk, actor=STAFF, by_guest=True)
    assert everything() == before
    ask(order, {line: 1})


def test_a_return_is_approved_once_and_received_into_a_warehouse() -> None:
    inventory_services.create_warehouse(code="north", name="North", priority=50, actor=STAFF)
    order = shipped(3, 2)
    one, two = ids(order)
    return_id = ask(order, {one: 2, two: 2})
    names: Any = {"order_id": order.pk, "return_id": return_id, "actor": STAFF}

    assert services.approve_return(**names, answer="Send it to the shop.")
    assert not services.approve_return(**names, answer="Again")
    row = Return.objects.get(pk=return_id)
    assert (row.state, row.answer, row.version) == ("approved", "Send it to the shop.", 2)
    assert step_of(order) == ("return_approved", "shipped", str(STAFF), "Send it to the shop.")

    goods = {one: Received(2), two: Received(1, Condition.DAMAGED)}
    row = receive_back(order, return_id, lines=goods, warehouse="NORTH", expected_version=2)
    assert (row.state, row.answer, row.version, row.warehouse and row.warehouse.code) == (
        *("received", "Send it to the shop."),
        3,
        "north",
    )
    assert lines_of(return_id) == [(one, 2, "", "restock"), (two, 1, "", "damaged")]
    assert (row.refund_items, row.refund_shipping) == (30, 0)
    moved = StockMovement.objects.filter(reference=f"return:{return_id}").order_by("id")
    assert list(moved.values_list("kind", "on_hand_delta", "level__warehouse__code")) == [
        ("returned", 2, "north"),
        ("returned", 1, "north"),
        ("shortfall", -1, "north"),
    ]
    ask(order, {two: 1})  # what did not come
    assert_sound()


def test_goods_that_come_unasked_for_are_received_as_they_were_asked_back() -> None:
    order = shipped(3)
    [line] = ids(order)
    row = receive_back(order, ask(order, {line: 2}), answer="One had a stain.")
    assert (row.state, row.answer, row.warehouse and row.warehouse.code, row.refund_items) == (
        *("received", "One had a stain.", "main"),
        20,
    )
    assert stock_of(order.order_items.get().variant) == (19, 0)
    assert step_of(order) == ("return_received", "shipped", str(STAFF), "One had a stain.")
    assert_sound()


def test_a_closed_return_stays_as_it_is() -> None:
    order = shipped(4)
    [line] = ids(order)
    received, refused = ask(order, {line: 1}), ask(order, {line: 1})
    receive_back(order, received)
    services.refuse_return(order_id=order.pk, return_id=refused, actor=STAFF, answer="Worn.")
    before = everything()
    assert not services.refuse_return(order_id=order.pk, return_id=refused, actor=STAFF, answer="Again.")
    for return_id in (received, refused):
        with pytest.raises(ReturnClosed):
            receive_back(order, return_id)
        with pytest.raises(ReturnClosed):
            services.approve_return(order_id=order.pk, return_id=return_id, actor=STAFF)
    with pytest.raises(ReturnClosed):
        services.refuse_return(order_id=order.pk, return_id=received, actor=STAFF, answer="Worn.")
    assert everything() == before


@pytest.mark.parametrize(
    ("goods", "code"),
    [
        ({0: Received(3)}, "more_than_asked"),
        ({1: Received(0)}, "unknown_line"),
        ({0: Received(0)}, "nothing_came"),
        ({}, "nothing_came"),
    ],
)
def test_no_more_is_received_than_was_asked_back(goods: dict[int, Received], code: str) -> None:
    order = shipped(3, 2)
    return_id = ask(order, {ids(order)[0]: 2})
    before = everything()
    with pytest.raises(Invalid) as refusal:
        receive_back(order, return_id, lines={ids(order)[place]: line for place, line in goods.items()})
    assert (refusal.value.code, everything()) == (code, before)


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    order, other = shipped(3), shipped(1)
    return_id = ask(order, {ids(order)[0]: 2})
    names: Any = {"return_id": return_id, "actor": STAFF}
    before = everything()
    with pytest.raises(Invalid):
        receive_back(order, return_id, warehouse="nowhere")
    for verb in (services.approve_return, services.receive_return, services.refuse_return):
        words: Any = {"answer": "No."}
        with pytest.raises(VersionMismatch):
            verb(order_id=order.pk, **names, **words, expected_version=7)
        with pytest.raises(NotFound):
            verb(order_id=other.pk, **names, **words)
    with pytest.raises(Invalid, match="without words"):
        services.refuse_return(order_id=order.pk, **names, answer="")
    assert everything() == before


def test_a_customer_with_an_open_return_is_not_forgotten() -> None:
    order = shipped(3, delivered=True)
    [line] = ids(order)
    user = buyer_of(order)
    return_id = services.ask_return(
        order_id=order.pk, lines={line: Asked(2, "Too small for Ann")}, note="I am Ann.", actor=STAFF
    )
    with pytest.raises(Unfinished, match=f"return {return_id} of order {order.number}"):
        anonymise_user(user_id=user.pk, actor=COMMAND)
    services.approve_return(order_id=order.pk, return_id=return_id, actor=STAFF)
    with pytest.raises(Unfinished):
        anonymise_user(user_id=user.pk, actor=COMMAND)
    receive_back(order, return_id)

    anonymise_user(user_id=user.pk, actor=COMMAND)

    row = Return.objects.get(pk=return_id)
    assert (row.note, lines_of(return_id)) == ("", [(line, 2, "", "restock")])
    before = everything()
    with pytest.raises(CustomerForgotten):
        ask(order, {line: 1})
    with pytest.raises(CustomerForgotten):
        services.withdraw(order_id=order.pk, actor=STAFF)
    assert everything() == before


def test_a_withdrawal_is_approved_at_once_and_takes_all_that_is_left() -> None:
    order = shipped(3, 2)
    one, two = ids(order)
    receive_back(order, ask(order, {one: 1}))
    return_id = services.withdraw(order_id=order.pk, actor=STAFF, note="I changed my mind.")
    row = Return.objects.get(pk=return_id)
    assert (row.kind, row.state, row.note) == ("withdrawal", "approved", "I changed my mind.")
    assert lines_of(return_id) == [(one, 2, "", ""), (two, 2, "", "")]
    assert step_of(order) == ("withdrawn", "shipped", str(STAFF), "")
    before = everything()
    with pytest.raises(NothingToReturn, match="comes back already"):
        services.withdraw(order_id=order.pk, actor=STAFF)
    assert everything() == before
    assert Order.objects.get(pk=order.pk).status == "shipped"
    assert_sound()
