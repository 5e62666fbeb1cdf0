"""The verbs of orders: place, confirm, ship, deliver, cancel, delete, and the expiry of pending ones.

Every verb is a unit of work that is on disk when it returns. Locks are taken in one sequence everywhere: the order's
row, then stock levels, then reservations. Each step leaves a row of history and an event, in the transaction that makes
it true.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.functions import Now

import inventory.exceptions
from database.refusals import NotFound, check_version
from database.rows import Alongside
from database.transactions import unit_of_work
from events.actors import WORKER, Actor
from events.services import publish
from inventory import services as inventory_services
from inventory.exceptions import Shortage
from inventory.models import ClockTimestamp
from orders.exceptions import IllegalTransition, InsufficientStock, NotDeletable, NotOnHand
from orders.models import Order, OrderEvent, OrderItem
from orders.services import placing
from orders.services.placing import Line, PlacedOrder, Shipping, Wanted, stock_issue

Status = Order.Status
EXPIRED = "Not confirmed in time."


@unit_of_work
def place_order(
    *,
    user_id: int,
    lines: Sequence[Wanted],
    shipping: Shipping,
    actor: Actor,
    drafted: Callable[[PlacedOrder], Alongside | None] = lambda order: None,
) -> PlacedOrder:
    """The order stands, at today's prices, and its units are promised to it: all of them, or nothing happens.

    `drafted` is called with the order as it will stand, and says what its caller has to write about it. That and the
    order are written before stock is locked, so that they keep nobody waiting who wants the same article; if stock is
    short, they are undone.

    Refuses UnknownArticle, InsufficientStock (every short line at once) and TooManyPendingOrders. Locks the customer
    (against another order of the same one), then the stock levels; those last, and for one more statement only.
    """
    basket = placing.choose(lines, placing.resolve(user_id, lines))
    placing.refuse_early(basket)
    order = placing.draft(user_id, basket, shipping)
    placing.write(order, shipping, actor, drafted(order))
    by_item = {line.item_id: line for line in order.order_items}
    quantities = {item_id: line.quantity for item_id, line in by_item.items()}
    try:
        inventory_services.reserve(
            reference=order.reference,
            quantities=quantities,
            actor=actor,
        )
    except inventory.exceptions.InsufficientStock as short:
        raise InsufficientStock(stock_issues(by_item, short.shortages)) from short
    return order


@unit_of_work
def set_status(*, order_id: int, status: str, actor: Actor, expected_version: int | None = None) -> None:
    """The order has this status. Having it already is a success that writes nothing.

    Refuses NotFound, IllegalTransition, VersionMismatch, and NotOnHand when backordered goods are to be shipped.
    Locks the order, then (shipping, cancelling) its stock levels.
    """
    order = locked(Order.objects.visible(), order_id)
    if order.status != status:
        check_version(order.version, expected_version)
        move(order, status, actor)


def confirm_order(*, order_id: int, actor: Actor) -> None:
    """The shop has accepted the order. As `set_status`."""
    set_status(order_id=order_id, status=Status.CONFIRMED, actor=actor)


def ship_order(*, order_id: int, actor: Actor) -> None:
    """The goods have left the building. As `set_status`."""
    set_status(order_id=order_id, status=Status.SHIPPED, actor=actor)


def deliver_order(*, order_id: int, actor: Actor) -> None:
    """The goods have arrived. As `set_status`."""
    set_status(order_id=order_id, status=Status.DELIVERED, actor=actor)


@unit_of_work
def cancel_order(*, order_id: int, actor: Actor, reason: str = "", owner_id: int | None = None) -> None:
    """The order is off and its stock is back. Cancelling a cancelled order changes nothing.

    With `owner_id` it is the customer who asks: only their own order, and only while it is pending. Refuses NotFound
    and IllegalTransition. Locks the order, then its stock levels.
    """
    order = locked(reachable(owner_id), order_id)
    if order.status == Status.CANCELLED:
        return
    if owner_id is not None and order.status != Status.PENDING:
        raise IllegalTransition(order.status, Status.CANCELLED, [])
    move(order, Status.CANCELLED, actor, reason)


@unit_of_work
def delete_order(*, order_id: int, actor: Actor, owner_id: int | None = None) -> None:
    """The order has left the API and its stock is back; the record and its history are kept for audit.

    With `owner_id` it is the customer who asks: only their own order, and only while it is pending. Staff may delete
    what has not been shipped. Refuses NotFound and NotDeletable. Locks the order, then its stock levels.
    """
    order = locked(reachable(owner_id), order_id)
    if order.status not in Order.DELETABLE or (owner_id is not None and order.status != Status.PENDING):
        raise NotDeletable(f"This order is {order.status}.")
    Order.objects.filter(pk=order.pk).update(
        deleted_at=ClockTimestamp(), version=F("version") + 1, updated_at=ClockTimestamp()
    )
    record(order, "deleted", order.status, actor)
    inventory_services.release(reference=order.reference, actor=actor, reason="order deleted")


def expire_pending_orders(*, actor: Actor = WORKER, limit: int = 500) -> int:
    """Cancel up to `limit` orders that nobody confirmed within PENDING_ORDER_HOURS; answers how many.

    A unit of work for each, oldest first. Orders that somebody else holds are left to them, so any number of sweepers
    may run at once.
    """
    expired = 0
    while settings.PENDING_ORDER_HOURS and expired < limit and expire_one(actor=actor):
        expired += 1
    return expired


@unit_of_work
def expire_one(*, actor: Actor) -> bool:
    """Cancel the oldest overdue pending order that is free; False when there is none."""
    cutoff = Now() - timedelta(hours=settings.PENDING_ORDER_HOURS)
    overdue = Order.objects.visible().filter(status=Status.PENDING, order_date__lt=cutoff).order_by("order_date")
    order = overdue.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
    if order is None:
        return False
    move(order, Status.CANCELLED, actor, EXPIRED)
    return True


def reachable(owner_id: int | None) -> QuerySet[Order]:
    return Order.objects.visible() if owner_id is None else Order.objects.of(owner_id)


def locked(orders: QuerySet[Order], order_id: int) -> Order:
    """Lock one of these orders, whose columns are then fresh; NotFound when it is not among them."""
    order = orders.select_for_update(of=("self",), no_key=True).filter(pk=order_id).first()
    if order is None:
        raise NotFound("There is no such order.")
    return order


def move(order: Order, status: str, actor: Actor, note: str = "") -> None:
    """Carry out a transition of a locked order, with what it means for stock."""
    if status not in order.allowed:
        raise IllegalTransition(order.status, status, order.allowed)
    Order.objects.filter(pk=order.pk).update(status=status, version=F("version") + 1, updated_at=ClockTimestamp())
    record(order, status, status, actor, note)
    if status == Status.SHIPPED:
        fulfil(order, actor)
    elif status == Status.CANCELLED:
        inventory_services.release(reference=order.reference, actor=actor, reason="order cancelled")


def record(order: Order, event: str, to_status: str, actor: Actor, note: str = "") -> None:
    """Leave the step in the order's history and in the journal."""
    OrderEvent.objects.create(
        order=order, event=event, from_status=order.status, to_status=to_status, actor=str(actor), note=note
    )
    publish(f"order.{event}", {"order_id": order.pk}, subject=f"order:{order.pk}", actor=actor)


def fulfil(order: Order, actor: Actor) -> None:
    """Take the goods out of the building; refuses lines that are promised and have not come in yet."""
    try:
        inventory_services.fulfil(reference=order.reference, actor=actor)
    except inventory.exceptions.NotOnHand as missing:
        lines = OrderItem.objects.filter(order=order).select_related("variant")
        by_item = {line.variant.stock_item_id: line for line in lines}
        raise NotOnHand(stock_issues(by_item, missing.shortages)) from missing


def stock_issues(
    by_item: Mapping[int, Line] | Mapping[int, OrderItem], shortages: Iterable[Shortage]
) -> list[dict[str, Any]]:
    """Inventory's shortages in the words of the order: its lines, by stock item."""
    return [stock_issue(by_item[short.item_id], short.requested, short.available) for short in shortages]
