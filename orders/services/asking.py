"""Goods are to come back: buyers ask for a return, or withdraw from the contract.

Locks are taken in one sequence everywhere: the buyer's advisory lock, then the order's row. Nothing is asked back that
has not left, and nothing twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Max

from accounts.leaving import LOCK_PERSON
from accounts.models import User
from database import days as calendar
from database.rows import fetch_rows
from database.transactions import Overtaken, unit_of_work
from events.actors import Actor
from orders.exceptions import CustomerForgotten, MoreThanReturnable, NothingToReturn, ReturnPeriodOver
from orders.models import Order, Return, ReturnLine
from orders.services.parcels import refuse_more_than, returned_units, shipped_units
from orders.services.verbs import locked, reachable, record


@dataclass(frozen=True, slots=True)
class Asked:
    """Units of a line that are to come back, and why."""

    quantity: int
    reason: str = ""


# What is asked back, by the id of its line.
Wishes = Mapping[int, Asked]


@unit_of_work
def ask_return(
    *,
    order_id: int,
    lines: Wishes,
    actor: Actor,
    note: str = "",
    owner_id: int | None = None,
    by_guest: bool = False,
) -> int:
    """Ask that goods of an order may be sent back, and answer the id of the return. Staff approve or refuse it.

    With `owner_id` a customer asks, and with `by_guest` whoever has shown the order's token: both only within
    RETURN_DAYS after the order was delivered, and a customer only for an own order. Refuses NotFound, Invalid for lines
    that the order does not have, NothingToReturn, MoreThanReturnable, ReturnPeriodOver, and CustomerForgotten. Locks
    the customer, then the order.
    """
    order = locked_with_customer(order_id, owner_id)
    if by_guest or owner_id is not None:
        refuse_late(order, settings.RETURN_DAYS)
    left = returnable_units(order)
    refuse_more_than_left(order, lines, left)
    return write_return(order, Return.Kind.RETURN, Return.State.REQUESTED, lines, note, "return_requested", actor)


@unit_of_work
def withdraw(
    *,
    order_id: int,
    actor: Actor,
    lines: Wishes | None = None,
    note: str = "",
    owner_id: int | None = None,
    by_guest: bool = False,
) -> int:
    """Withdraw from the contract about units of an order that have left, and answer the id of the return.

    Without `lines` it is about all that has left and does not come back yet. It needs no reason and nobody's approval,
    so it is approved at once. Buyers withdraw within WITHDRAWAL_DAYS after the order was delivered. Who may, what is
    refused and what is locked is as for `ask_return`.
    """
    order = locked_with_customer(order_id, owner_id)
    if by_guest or owner_id is not None:
        refuse_late(order, settings.WITHDRAWAL_DAYS)
    left = returnable_units(order)
    if lines is None:
        lines = {line_id: Asked(units) for line_id, units in sorted(left.items())}
    refuse_more_than_left(order, lines, left)
    return write_return(order, Return.Kind.WITHDRAWAL, Return.State.APPROVED, lines, note, "withdrawn", actor)


def locked_with_customer(order_id: int, owner_id: int | None) -> Order:
    """Lock the customer of an order, if it has one, and then the order. Refuses NotFound and CustomerForgotten.

    Forgetting a customer waits for returns that are open, so neither may happen unseen by the other.
    """
    user_id = reachable(owner_id).one(order_id).user_id
    if user_id is not None:
        fetch_rows(LOCK_PERSON, {"user_id": user_id})
    order = locked(reachable(owner_id), order_id)
    if order.user_id != user_id:
        raise Overtaken("An account has adopted the order.")
    if user_id is not None and User.objects.filter(pk=user_id, anonymised_at__isnull=False).exists():
        raise CustomerForgotten
    return order


def refuse_late(order: Order, days: int) -> None:
    """Refuse ReturnPeriodOver once so many days have passed since the day on which the order was delivered.

    As long as nobody has said that it was delivered, the days have not begun. Without any days buyers ask for nothing.
    """
    if not days:
        raise ReturnPeriodOver("The shop takes nothing back this way.")
    delivered = order.history.filter(event=Order.Status.DELIVERED).aggregate(at=Max("at"))["at"]
    if delivered is None:
        return
    last = calendar.day_of(delivered) + timedelta(days=days)
    if calendar.today() > last:
        raise ReturnPeriodOver(f"The last day was {last.isoformat()}.", last_day=last.isoformat())


def returnable_units(order: Order) -> dict[int, int]:
    """The units of each line of a locked order that have left and do not come back yet. Refuses NothingToReturn."""
    left = shipped_units(order)
    if not +left:
        raise NothingToReturn("None of its goods have left: what has not left is cancelled, or taken off.")
    left -= returned_units(order)
    if not left:
        raise NothingToReturn("All that has left comes back already.")
    return left


def refuse_more_than_left(order: Order, lines: Wishes, left: Mapping[int, int]) -> None:
    """Refuse (Invalid) lines that the order does not have, and MoreThanReturnable where fewer units can come back."""
    units = {line_id: asked.quantity for line_id, asked in lines.items()}
    refuse_more_than(order, units, left, MoreThanReturnable, "can still come back.")


def write_return(order: Order, kind: str, state: str, lines: Wishes, note: str, event: str, actor: Actor) -> int:
    """Write a return of a locked order, with its step in the history, and answer its id."""
    asked = Return.objects.create(order=order, kind=kind, state=state, note=note)
    ReturnLine.objects.bulk_create(
        ReturnLine(of=asked, order_item_id=line_id, quantity=wish.quantity, reason=wish.reason)
        for line_id, wish in lines.items()
    )
    units = {str(line_id): wish.quantity for line_id, wish in lines.items()}
    record(order, event, order.status, actor, return_id=asked.pk, lines=units)
    return asked.pk
