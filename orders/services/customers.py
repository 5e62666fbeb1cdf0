"""What an order has to do with its customer: whom it is for, how much one customer may order, and being forgotten.

The lock on the customer (accounts.leaving.LOCK_PERSON) puts the customer's orders, and the end of the customer's
account, one after the other.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.conf import settings
from django.db.models import F

from accounts.exceptions import InvalidToken
from accounts.models import User
from accounts.notes import erase_notes
from database.refusals import FieldError, Invalid
from database.rows import array, fetch_rows
from database.text import email_key
from database.transactions import Overtaken
from inventory.models import ClockTimestamp
from orders.exceptions import QuantityLimitExceeded, TooManyPendingOrders
from orders.models import Order, OrderRevision, Return, ReturnLine
from orders.services.drafts import Buyer, Line, Shipping
from orders.services.writing import BUYER, CUSTOMER, GUEST, HELD, OF_CUSTOMER, OF_GUEST

# What an order says of people.
NAMES = ("recipient_name", "phone", "email", "company", "billing_name", "billing_company", "note", "folded_words")


def shipping_of(user: User, given: Mapping[str, str]) -> Shipping:
    """The address of an order. Without another recipient or phone in `given` they are the customer's own.

    Refuses (Invalid) a customer without a name who gives none.
    """
    shipping = {"recipient_name": user.full_name, "phone": user.phone, **given}
    if email := shipping.get("email"):
        shipping["email"] = email_key(email)
    if not shipping["recipient_name"]:
        error = FieldError("recipient_name", "required", "Your profile has no name: say whom the order is for.")
        raise Invalid("An order has a recipient.", errors=[error])
    return cast(Shipping, shipping)


def quantity_issues(buyer: Buyer, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines with more units than the buyer may still order, for a problem document."""
    params = {**buyer.params, "variant_ids": array(line.variant_id for line in lines)}
    sql = HELD.format(mine=OF_GUEST if buyer.is_guest else OF_CUSTOMER)
    held: dict[int, int] = dict(fetch_rows(sql, params))
    return [
        {
            "product_id": line.product_id,
            "sku": line.sku,
            "product_name": line.product_name,
            "requested": line.quantity,
            "limit": line.most,
            "left": max(0, line.most - held.get(line.variant_id, 0)),
        }
        for line in lines
        if line.most is not None and line.quantity + held.get(line.variant_id, 0) > line.most
    ]


def refuse(buyer: Buyer, lines: Sequence[Line]) -> None:
    """Say why an order was not written for its buyer, who is locked.

    Refuses InvalidToken, QuantityLimitExceeded and TooManyPendingOrders. Raises Overtaken where none of them is true
    any more, since an order of the buyer was cancelled or shipped in this moment.
    """
    who, mine = (GUEST, OF_GUEST) if buyer.is_guest else (CUSTOMER, OF_CUSTOMER)
    [(is_there, pending)] = fetch_rows(BUYER.format(buyer=who, mine=mine), buyer.params)
    if not is_there:
        raise InvalidToken
    if issues := quantity_issues(buyer, lines):
        raise QuantityLimitExceeded(issues)
    cap = settings.MAX_PENDING_ORDERS_PER_CUSTOMER
    if cap and pending >= cap:
        raise TooManyPendingOrders(f"At most {cap} orders of a customer may be pending.", limit=cap)
    raise Overtaken("What stood against the order is gone.")


def open_orders(user_id: int) -> list[str]:
    """What keeps a customer from being forgotten: each open order and each open return, oldest first."""
    numbers = Order.objects.open().filter(user_id=user_id).order_by("pk").values_list("number", flat=True)
    returns = Return.objects.open().filter(order__user_id=user_id).order_by("pk").select_related("order")
    return [f"order {number}" for number in numbers] + [f"{row} of order {row.order.number}" for row in returns]


def erase_recipients(user_id: int) -> None:
    """Erase for whom the orders of a forgotten customer were, and what was written with them and noted about them.

    Where the goods and the invoice went stays, and so does a VAT id: the books need them. What the customer wrote about
    returns goes too, and what an order said before and after a change of these.
    """
    OrderRevision.objects.filter(order__user_id=user_id, kind=OrderRevision.CHANGED).update(before={}, after={})
    nothing = dict.fromkeys(NAMES, "")
    Order.objects.filter(user_id=user_id).exclude(**nothing).update(
        **nothing, version=F("version") + 1, updated_at=ClockTimestamp()
    )
    erase_notes([f"order:{pk}" for pk in Order.objects.filter(user_id=user_id).values_list("pk", flat=True)])
    Return.objects.filter(order__user_id=user_id).exclude(note="").update(
        note="", version=F("version") + 1, updated_at=ClockTimestamp()
    )
    ReturnLine.objects.filter(of__order__user_id=user_id).exclude(reason="").update(reason="")


def lock_for_note(order_id: int) -> str:
    """Lock an order that is to be noted about, a deleted one too, and name it. Refuses NotFound."""
    order = Order.objects.select_for_update(of=("self",), no_key=True).one(order_id)
    return f"order {order.number}"
