"""What orders have to do with money: what one costs by now, and what its payments say of it.

Payments are made above orders, and call these verbs under the lock that they hold on the order.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db.models import F, Sum

from orders.models import Order, Return
from orders.services.refunds import NOTHING
from orders.services.verbs import write_columns


def due_of(order: Order) -> Decimal:
    """What the buyer of an order has to have paid by now, when all that is owed has been paid back.

    An order that was cancelled or deleted costs nothing. What returns were worth comes off, and so does what revisions
    owe. That may be a cent less than the total fell by, since all refunds of a line are exactly what it cost.
    """
    if order.is_given_up:
        return NOTHING
    returned = order.returns.filter(state=Return.State.RECEIVED).aggregate(
        sum=Sum(F("refund_items") + F("refund_shipping"), default=NOTHING)
    )["sum"]
    revisions = order.revisions.values_list("before", "after", "owed")
    fell = sum((costs(order, before) - costs(order, after) - owed for before, after, owed in revisions), NOTHING)
    due: Decimal = order.total_amount + fell - returned
    return max(NOTHING, due)


def costs(order: Order, figures: Mapping[str, Any]) -> Decimal:
    """What a line with these figures of a revision costs; nothing where they are no figures of a line."""
    if "subtotal" not in figures:
        return NOTHING
    amount, discount, tax = (Decimal(figures[name]) for name in ("subtotal", "discount", "tax"))
    return order.cost_of(amount, discount, tax)


class Said(TypedDict, total=False):
    """What payments say of their order."""

    payment_status: str
    payment_open: bool
    shipping_blocked: bool
    payable_until: datetime


def note_payment(order: Order, **said: Unpack[Said]) -> None:
    """Write on a locked order what its payments say of it. What is not said stays, and so does what is known."""
    changed = {name: value for name, value in said.items() if getattr(order, name) != value}
    if changed:
        write_columns(order, **changed)
        for name, value in changed.items():
            setattr(order, name, value)
