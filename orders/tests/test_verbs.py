"""Every transition, and every refusal with nothing changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from pytest_django import Settings

from database.refusals import NotFound, VersionMismatch
from events.actors import WORKER
from events.models import Event
from inventory import services as inventory_services
from inventory.models import Reservation, StockLevel
from orders import services
from orders.exceptions import IllegalTransition, NotDeletable, NotOnHand
from orders.models import Order, OrderEvent
from orders.tests.factories import (
    STAFF,
    buyer_of,
    customer,
    everything,
    make_article,
    make_order,
    make_user,
    place,
    stock_of,
)

pytestmark = pytest.mark.django_db
STATUSES = Order.Status.values
LEGAL = [(old, new) for old, allowed in Order.NEXT.items() for new in allowed]
ILLEGAL = [(old, new) for old in STATUSES for new in STATUSES if old != new and (old, new) not in LEGAL]


def refused(refusal: type[Exception], verb: Any, **arguments: Any) -> Any:
    """The refusal of this verb, which has left every table as it was."""
    before = everything()
    with pytest.raises(refusal) as raised:
        verb(**arguments)
    assert everything() == before
    return raised.value


def stock_of_order(order: Order) -> tuple[int, int]:
    return stock_of(order.order_items.get().variant)


@pytest.mark.parametrize(("old", "new"), LEGAL)
def test_a_legal_transition_leaves_history_event_and_version(old: Any, new: Any) -> None:
    order = make_order(status=old)
    services.set_status(order_id=order.pk, status=new, actor=STAFF)
    moved = Order.objects.get()
    assert (moved.status, moved.version) == (new, order.version + 1)
    assert moved.updated_at > order.updated_at
    step = moved.history.last()
    assert step is not None
    assert (step.event, step.from_status, step.to_status, step.actor) == (new, old, new, str(STAFF))
    event = Event.objects.filter(subject=f"order:{order.pk}").latest("id")
    assert (event.kind, event.payload, event.actor) == (f"order.{new}", {"order_id": order.pk}, str(STAFF))


@pytest.mark.parametrize(("old", "new"), ILLEGAL)
def test_an_illegal_transition_is_refused_with_the_allowed_list(old: Any, new: Any) -> None:
    order = make_order(status=old)
    refusal = refused(IllegalTransition, services.set_status, order_id=order.pk, status=new, actor=STAFF)
    assert refusal.code == "illegal_transition"
    assert refusal.extra["allowed"] == list(Order.NEXT[old])


@pytest.mark.parametrize("status", STATUSES)
def test_the_status_that_an_order_has_is_a_success_without_history(status: Any) -> None:
    order = make_order(status=status)
    before = everything()
    services.set_status(order_id=order.pk, status=status, actor=STAFF, expected_version=order.version + 7)
    assert everything() == before


def test_a_change_against_an_older_version_is_refused() -> None:
    order = make_order()
    refused(
        VersionMismatch, services.set_status, order_id=order.pk, status="confirmed", actor=STAFF, expected_version=2
    )
    services.set_status(order_id=order.pk, status="confirmed", actor=STAFF, expected_version=1)


def test_confirming_keeps_the_promise_and_shipping_takes_the_goods_out() -> None:
    order = make_order(stock=5)
    services.confirm_order(order_id=order.pk, actor=STAFF)
    assert stock_of_order(order) == (5, 2)
    services.ship_order(order_id=order.pk, actor=STAFF)
    assert stock_of_order(order) == (3, 0)
    assert Reservation.objects.get().state == "fulfilled"
    services.deliver_order(order_id=order.pk, actor=STAFF)
    assert stock_of_order(order) == (3, 0)


@pytest.mark.parametrize("status", ["pending", "confirmed"])
def test_cancelling_gives_the_stock_back(status: Any) -> None:
    order = make_order(status=status, stock=5)
    services.cancel_order(order_id=order.pk, actor=STAFF, reason="Mouse.", message="Out of paper.")
    assert stock_of_order(order) == (5, 0)
    assert Reservation.objects.get().state == "released"
    step = order.history.last()
    assert step is not None
    assert (step.event, step.note, step.reason) == ("cancelled", "Out of paper.", "Mouse.")


def test_cancelling_a_cancelled_order_changes_nothing() -> None:
    order = make_order(status="cancelled")
    before = everything()
    services.cancel_order(order_id=order.pk, actor=STAFF)
    services.cancel_order(order_id=order.pk, actor=customer(buyer_of(order)), owner_id=order.user_id)
    assert everything() == before


def test_an_owner_cancels_a_pending_order() -> None:
    order = make_order(stock=5)
    services.cancel_order(order_id=order.pk, actor=customer(buyer_of(order)), owner_id=order.user_id)
    assert Order.objects.get().status == "cancelled"
    assert stock_of_order(order) == (5, 0)


@pytest.mark.parametrize("status", ["confirmed", "shipped", "delivered"])
def test_an_owner_cannot_cancel_what_the_shop_has_taken_up(status: Any) -> None:
    order = make_order(status=status)
    refusal = refused(
        IllegalTransition,
        services.cancel_order,
        order_id=order.pk,
        actor=customer(buyer_of(order)),
        owner_id=order.user_id,
    )
    assert refusal.extra["allowed"] == []


@pytest.mark.parametrize("status", ["shipped", "delivered"])
def test_cancelling_what_has_been_shipped_is_refused(status: Any) -> None:
    refused(IllegalTransition, services.cancel_order, order_id=make_order(status=status).pk, actor=STAFF)


def test_a_stranger_has_no_such_order() -> None:
    order, stranger = make_order(), make_user()
    for verb in (services.cancel_order, services.delete_order):
        refused(NotFound, verb, order_id=order.pk, actor=customer(stranger), owner_id=stranger.pk)


def test_a_missing_order_is_not_found() -> None:
    refused(NotFound, services.set_status, order_id=2**60, status="confirmed", actor=STAFF)
    refused(NotFound, services.cancel_order, order_id=2**60, actor=STAFF)
    refused(NotFound, services.delete_order, order_id=2**60, actor=STAFF)


@pytest.mark.parametrize("status", ["pending", "confirmed", "cancelled"])
def test_deleting_keeps_the_record_and_gives_the_stock_back(status: Any) -> None:
    order = make_order(status=status, stock=5)
    services.delete_order(order_id=order.pk, actor=STAFF)
    deleted = Order.objects.get()
    assert deleted.deleted_at is not None
    assert (deleted.status, deleted.version) == (status, order.version + 1)
    assert stock_of_order(order) == (5, 0)
    step = deleted.history.last()
    assert step is not None
    assert (step.event, step.from_status) == ("deleted", status)
    assert Event.objects.latest("id").kind != "order.placed"
    refused(NotFound, services.delete_order, order_id=order.pk, actor=STAFF)
    refused(NotFound, services.set_status, order_id=order.pk, status="confirmed", actor=STAFF)


@pytest.mark.parametrize("status", ["shipped", "delivered"])
def test_what_has_been_shipped_cannot_be_deleted(status: Any) -> None:
    refused(NotDeletable, services.delete_order, order_id=make_order(status=status).pk, actor=STAFF)


@pytest.mark.parametrize("status", ["confirmed", "shipped", "delivered", "cancelled"])
def test_an_owner_deletes_pending_orders_only(status: Any) -> None:
    order = make_order(status=status)
    refused(
        NotDeletable,
        services.delete_order,
        order_id=order.pk,
        actor=customer(buyer_of(order)),
        owner_id=order.user_id,
    )


def test_shipping_what_is_promised_and_not_there_is_refused() -> None:
    user, mug = make_user(), make_article(stock=1, name="Mug")
    level = StockLevel.objects.get(item=mug.stock_item)
    inventory_services.set_backorder_limit(item_id=level.item_id, warehouse_id=level.warehouse_id, limit=5, actor=STAFF)
    placed = place(user, {mug: 3})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    refusal = refused(NotOnHand, services.ship_order, order_id=placed.id, actor=STAFF)
    assert refusal.code == "not_on_hand"
    assert refusal.extra["stock_issues"] == [
        {
            "product_id": mug.product_id,
            "sku": mug.stock_item.sku,
            "product_name": "Mug",
            "requested": 3,
            "available": 1,
        }
    ]


def make_old(order: Order, hours: float) -> None:
    Order.objects.filter(pk=order.pk).update(order_date=Now() - timedelta(hours=hours))


def test_pending_orders_expire_and_give_their_stock_back(settings: Settings) -> None:
    settings.PENDING_ORDER_HOURS = 24
    old, young, confirmed, deleted = make_order(), make_order(), make_order(status="confirmed"), make_order()
    services.delete_order(order_id=deleted.pk, actor=STAFF)
    for order in (old, confirmed, deleted):
        make_old(order, 24.1)
    make_old(young, 23.9)
    assert services.expire_pending_orders() == 1
    assert services.expire_pending_orders() == 0
    statuses = [Order.objects.get(pk=order.pk).status for order in (old, young, confirmed, deleted)]
    assert statuses == ["cancelled", "pending", "confirmed", "pending"]
    assert stock_of_order(old) == (5, 0)
    step = old.history.last()
    assert step is not None
    assert (step.event, step.actor, step.note) == ("cancelled", str(WORKER), services.EXPIRED)


def test_expiry_takes_the_oldest_first_and_ends_at_its_limit(settings: Settings) -> None:
    settings.PENDING_ORDER_HOURS = 1
    orders = [make_order() for _ in range(3)]
    for age, order in zip([5, 9, 7], orders, strict=True):
        make_old(order, age)
    assert services.expire_pending_orders(limit=2) == 2
    assert [Order.objects.get(pk=order.pk).status for order in orders] == ["pending", "cancelled", "cancelled"]


def test_orders_never_expire_with_the_setting_at_0(settings: Settings) -> None:
    settings.PENDING_ORDER_HOURS = 0
    make_old(make_order(), 10_000)
    assert services.expire_pending_orders() == 0


@pytest.mark.parametrize("statement", ["update orders_orderevent set note = 'x'", "delete from orders_orderevent"])
def test_history_cannot_be_rewritten(statement: Any) -> None:
    make_order()
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_history_is_in_the_sequence_of_time() -> None:
    order = make_order(status="delivered")
    times = list(OrderEvent.objects.filter(order=order).values_list("at", flat=True))
    assert times == sorted(times)
    assert len(set(times)) == 4
