"""Changes of an order before it leaves: whom and where it goes to, and lines that become fewer.

A buyer changes an order while it is pending, and staff until it has left. Each change is a revision, a step of history
and an event. Locks are taken in one sequence everywhere: the order's row, then stock levels, then reservations.
"""

from collections.abc import Mapping
from typing import Any

from database.refusals import Expected, FieldError, Invalid, NotFound, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from inventory import services as inventory_services
from orders.exceptions import LastLine, MoreThanOpen, NotChangeable, PaymentInProgress
from orders.models import BILLING, Order, OrderItem, OrderRevision
from orders.search import COLUMNS, folded_words_of
from orders.services.parcels import shipped_units
from orders.services.reducing import reduce_line, ship_if_nothing_is_open
from orders.services.terms import PLACE, refuse_other_total
from orders.services.verbs import Status, locked, reachable, record, write_columns

ADDRESS = (
    *("shipping_address_line1", "shipping_address_line2", "shipping_city", "shipping_state"),
    *("shipping_postal_code", "shipping_country", "country_code"),
)
# What can be changed, with the words in which history and mails speak of it.
SAID = {
    "recipient_name": "recipient",
    "phone": "phone",
    "company": "company",
    **dict.fromkeys(ADDRESS, "address"),
    **{f"billing_{part}": "invoice address" for part in BILLING},
    "note": "note",
}


@unit_of_work
def change_order(
    *,
    order_id: int,
    changes: Mapping[str, str],
    actor: Actor,
    owner_id: int | None = None,
    by_guest: bool = False,
    expected_version: Expected = None,
) -> bool:
    """Change whom or where an order goes to, or what its buyer says. Tells whether anything is another now.

    `changes` has new texts by the names of columns (SAID); an address and a billing address are there as a whole. With
    `owner_id` the customer asks, and with `by_guest` whoever has shown the order's token. Refuses NotFound,
    VersionMismatch, NotChangeable, OtherTotal for a place where the order would cost something else, and (Invalid) one
    of which the taxes cannot be known. Locks the order.
    """
    order = locked_open(order_id, owner_id=owner_id, by_guest=by_guest)
    changed = {name: text for name, text in changes.items() if getattr(order, name) != text}
    if not changed:
        return False
    check_version(order.version, expected_version)
    if order.partly_shipped:
        raise NotChangeable("Some goods of the order have left.")
    if not changed.keys().isdisjoint(PLACE):
        refuse_other_total(order, changed)
    folded_words = folded_words_of(changed.get(name, getattr(order, name)) for name in COLUMNS)
    write_columns(order, **changed, folded_words=folded_words)
    OrderRevision.objects.create(
        order=order,
        actor=str(actor),
        kind=OrderRevision.CHANGED,
        before={name: getattr(order, name) for name in changed},
        after=changed,
    )
    said = list(dict.fromkeys(SAID[name] for name in SAID if name in changed))
    record(order, "changed", order.status, actor, f"Changed: {', '.join(said)}.", changed=said)
    return True


@unit_of_work
def change_line(
    *,
    order_id: int,
    line_id: int,
    actor: Actor,
    quantity: int | None = None,
    owner_id: int | None = None,
    by_guest: bool = False,
    reason: str = "",
    message: str = "",
    expected_version: Expected = None,
) -> bool:
    """Let a line of an order have fewer units, or go (0). Tells whether it did.

    The quantity that the line has, or none, changes nothing.

    The units are given back to stock, and what is owed to the buyer stands in a revision. Charges stay. An order of
    which all the rest has left is shipped. `reason` is for staff, `message` for the customer; a buyer's reason is read
    by both. Refuses NotFound, VersionMismatch, NotChangeable, Invalid for more units than the line has, MoreThanOpen
    for units that have left, LastLine, and PaymentInProgress. Locks the order, then the stock levels of the item.
    """
    by_buyer = by_guest or owner_id is not None
    order = locked_open(order_id, owner_id=owner_id, by_guest=by_guest)
    line = line_of(order, line_id)
    if quantity is None or quantity == line.quantity:
        return False
    check_version(order.version, expected_version)
    refuse_while_paid(order)
    if quantity > line.quantity:
        error = FieldError("quantity", "more_than_ordered", f"The line has {line.quantity}: lines only become fewer.")
        raise Invalid(error.message, code=error.code, errors=[error])
    refuse_shipped(order, line, quantity)
    if not quantity and order.order_items.count() == 1:
        raise LastLine
    owed = reduce_line(order, line, quantity, kind="line_changed", actor=actor)
    note = f"{quantity} x {line.sku} instead of {line.quantity}." if quantity else f"{line.sku} is off the order."
    record(
        order,
        "line_changed",
        order.status,
        actor,
        worded(note, reason if by_buyer else message),
        "" if by_buyer else reason,
        line=said_of(line, quantity),
        owed=str(owed),
        message="" if by_buyer else message,
    )
    ship_if_nothing_is_open(order, actor)
    inventory_services.release(
        reference=order.reference,
        quantities={line.variant.stock_item_id: line.quantity - quantity},
        actor=actor,
        reason="line changed",
    )
    return True


def locked_open(order_id: int, *, owner_id: int | None = None, by_guest: bool = False) -> Order:
    """Lock an order that can still be changed: a buyer's while it is pending, for staff until it has left.

    Refuses NotFound and NotChangeable.
    """
    order = locked(reachable(owner_id), order_id)
    by_buyer = by_guest or owner_id is not None
    if order.status not in ((Status.PENDING,) if by_buyer else Order.OPEN):
        raise NotChangeable(f"This order is {order.status}.")
    return order


def refuse_while_paid(order: Order) -> None:
    """Refuse PaymentInProgress while the buyer may pay what the order costs now: the payment is cancelled first."""
    if order.payment_open and order.status == Status.PENDING:
        raise PaymentInProgress("Cancel the payment first.")


def line_of(order: Order, line_id: int) -> OrderItem:
    """A line of a locked order. Refuses NotFound."""
    line = order.order_items.select_related("variant").filter(pk=line_id).first()
    if line is None:
        raise NotFound("The order has no such line.")
    return line


def refuse_shipped(order: Order, line: OrderItem, quantity: int) -> None:
    """Refuse MoreThanOpen when more units of a line have left than it is to have."""
    left = shipped_units(order)[line.pk]
    if quantity < left:
        error = FieldError("quantity", MoreThanOpen.code, f"{left} of {line.sku} have left.")
        raise MoreThanOpen(error.message, errors=[error])


def said_of(line: OrderItem, quantity: int) -> dict[str, Any]:
    """A line that changes, for the journal and the mail."""
    return {"product_name": line.product_name, "sku": line.sku, "before": line.quantity, "after": quantity}


def worded(note: str, message: str) -> str:
    """What the customer reads in the history: the change, and words about it."""
    return f"{note} {message}".strip()[:255]
