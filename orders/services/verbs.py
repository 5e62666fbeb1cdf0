"""The verbs of orders that are there: confirm, ship, deliver, cancel, delete, and the expiry of pending ones.

Every verb is a unit of work that is on disk when it returns. Locks are taken in one sequence everywhere: the order's
row, then coupons, then stock levels, then reservations. Each step writes a row of history and an event, in the
transaction of the step.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import F

from database.refusals import Expected, check_version
from database.transactions import unit_of_work
from events.actors import WORKER, Actor
from events.services import publish
from inventory import services as inventory_services
from inventory.models import ClockTimestamp
from orders.exceptions import IllegalTransition, NotDeletable, PartlyShipped
from orders.models import Order, OrderEvent, OrderQuerySet
from orders.services.sending import send
from pricing import services as pricing_services

Status = Order.Status
EXPIRED = "Not confirmed in time."


@unit_of_work
def set_status(*, order_id: int, status: str, actor: Actor, expected_version: Expected = None) -> bool:
    """Give an order a status, and tell whether it was another one before. The same status writes nothing.

    Refuses NotFound, IllegalTransition, VersionMismatch, and NotOnHand when backordered goods are to be shipped.
    Locks the order, then (shipping, cancelling) its stock levels.
    """
    order = locked(Order.objects.visible(), order_id)
    if order.status == status:
        return False
    check_version(order.version, expected_version)
    move(order, status, actor)
    return True


def confirm_order(*, order_id: int, actor: Actor) -> bool:
    """The shop accepts an order. As `set_status`."""
    return set_status(order_id=order_id, status=Status.CONFIRMED, actor=actor)


def ship_order(*, order_id: int, actor: Actor) -> bool:
    """The goods of an order leave the building. As `set_status`."""
    return set_status(order_id=order_id, status=Status.SHIPPED, actor=actor)


def deliver_order(*, order_id: int, actor: Actor) -> bool:
    """The goods of an order have arrived. As `set_status`."""
    return set_status(order_id=order_id, status=Status.DELIVERED, actor=actor)


@unit_of_work
def cancel_order(
    *,
    order_id: int,
    actor: Actor,
    reason: str = "",
    message: str = "",
    owner_id: int | None = None,
    by_guest: bool = False,
    expected_version: Expected = None,
) -> bool:
    """Cancel an order and give its stock and coupons back. Tells whether it did: a cancelled order stays as it is.

    The customer reads `message`; `reason` is for staff alone. With `owner_id` the customer asks, and with `by_guest`
    whoever has shown the order's token: a customer only for an own order, both only while the order is pending, and the
    reason is their own. Refuses NotFound, IllegalTransition, VersionMismatch, and PartlyShipped for an order of which
    some goods have left. Locks the order, then its coupons and its stock levels.
    """
    order = locked(reachable(owner_id), order_id)
    if order.status == Status.CANCELLED:
        return False
    check_version(order.version, expected_version)
    by_buyer = by_guest or owner_id is not None
    if by_buyer and order.status != Status.PENDING:
        raise IllegalTransition(order.status, Status.CANCELLED, [])
    if by_buyer:
        message, reason = reason, ""
    move(order, Status.CANCELLED, actor, message, reason)
    return True


@unit_of_work
def delete_order(
    *, order_id: int, actor: Actor, owner_id: int | None = None, expected_version: Expected = None
) -> None:
    """Take an order out of the API and give its stock and coupons back. The record and its history are kept for audit.

    With `owner_id` the customer asks: only for an own order, and only while the order is pending. Staff may delete
    orders that have not been shipped. Refuses NotFound, NotDeletable, PartlyShipped and VersionMismatch. Locks the
    order, then its stock levels.
    """
    order = locked(reachable(owner_id), order_id)
    check_version(order.version, expected_version)
    if order.partly_shipped:
        raise PartlyShipped
    if order.status not in Order.DELETABLE or (owner_id is not None and order.status != Status.PENDING):
        raise NotDeletable(f"This order is {order.status}.")
    write_columns(order, deleted_at=ClockTimestamp())
    record(order, "deleted", order.status, actor)
    give_back(order, actor, "order deleted")


def expire_pending_orders(*, actor: Actor = WORKER, limit: int = 500) -> int:
    """Cancel up to `limit` orders that nobody confirmed within PENDING_ORDER_HOURS, or GUEST_ORDER_HOURS for guests'.

    Returns how many. Each order is a unit of work, the oldest first. Orders that are locked are left out, so any number
    of workers may do this at once.
    """
    expired = 0
    for overdue in (Order.objects.overdue_of_guests, Order.objects.overdue_of_customers):
        while expired < limit and expire_one(overdue, actor=actor):
            expired += 1
    return expired


@unit_of_work
def expire_one(overdue: Callable[[], OrderQuerySet], *, actor: Actor) -> bool:
    """Cancel the oldest of these overdue orders that is not locked; False when there is none."""
    unlocked = overdue().select_for_update(of=("self",), no_key=True, skip_locked=True)
    order = unlocked.order_by("order_date").first()
    if order is None:
        return False
    move(order, Status.CANCELLED, actor, EXPIRED)
    return True


def reachable(owner_id: int | None) -> OrderQuerySet:
    """The orders that a verb may change: those of a customer, or all of them for staff (None)."""
    return Order.objects.visible() if owner_id is None else Order.objects.of(owner_id)


def locked(orders: OrderQuerySet, order_id: int) -> Order:
    """Lock one of these orders, whose columns are then fresh. Refuses NotFound when it is not among them."""
    return orders.select_for_update(of=("self",), no_key=True).one(order_id)


def write_columns(order: Order, **columns: Any) -> None:
    """Write columns of a locked order, whose version rises as with every change."""
    Order.objects.filter(pk=order.pk).update(**columns, version=F("version") + 1, updated_at=ClockTimestamp())


def move(order: Order, status: str, actor: Actor, note: str = "", reason: str = "") -> None:
    """Give a locked order another status, and ship or give back its stock.

    Refuses IllegalTransition, NotOnHand, and PartlyShipped when goods that have left are to be cancelled. The customer
    reads `note`; `reason` is for staff alone.
    """
    if status not in order.allowed:
        raise IllegalTransition(order.status, status, order.allowed)
    if status == Status.CANCELLED and order.partly_shipped:
        raise PartlyShipped
    write_columns(order, status=status, partly_shipped=False)
    sent = {"parcels": [parcel.told for parcel in send(order, actor)]} if status == Status.SHIPPED else {}
    record(order, status, status, actor, note, reason, **sent)
    if status == Status.CANCELLED:
        give_back(order, actor, "order cancelled")


def give_back(order: Order, actor: Actor, reason: str) -> None:
    """Give back what a locked order took: its coupons first, then its stock."""
    if order.tax_rounding:  # else it was placed where there were no promotions
        pricing_services.give_back(reference=order.reference)
    inventory_services.release(reference=order.reference, actor=actor, reason=reason)


def record(
    order: Order, event: str, to_status: str, actor: Actor, note: str = "", reason: str = "", **payload: Any
) -> None:
    """Write a step of an order to its history and to the journal. The customer reads `note`, staff `reason` too."""
    OrderEvent.objects.create(
        order=order,
        event=event,
        from_status=order.status,
        to_status=to_status,
        actor=str(actor),
        note=note,
        reason=reason,
    )
    publish(f"order.{event}", {"order_id": order.pk} | payload, subject=f"order:{order.pk}", actor=actor)
