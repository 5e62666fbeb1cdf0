"""Lines of an order that become fewer before they leave: the order's figures follow, and a revision keeps the old ones.

What a line has less is owed back to the buyer, with its share of the discount and of the tax. Charges stay as they are.
"""

from decimal import Decimal

from django.db.models import F

from events.actors import Actor
from orders.models import FulfilmentLine, Order, OrderItem, OrderRevision, ReturnLine
from orders.services.parcels import open_units
from orders.services.refunds import NOTHING, paid_back, share
from orders.services.verbs import Status, record, write_columns


def reduce_line(order: Order, line: OrderItem, quantity: int, *, kind: str, actor: Actor) -> Decimal:
    """Let a line of a locked order have fewer units, and answer what is owed back for it; with 0 the line goes.

    The discount and the tax fall in proportion, rounded half up to what the currency has, and the total with them. What
    is owed is never more than what is left of the line beside what returns have paid back. The promise of the units is
    for the caller to give back.
    """
    discount, tax = (share(amount, quantity, line) for amount in (line.discount, line.tax))
    less_discount, less_tax = line.discount - discount, line.tax - tax
    less_items = line.unit_price * (line.quantity - quantity)
    less = order.cost_of(less_items, less_discount, less_tax)
    owed = owed_for(order, line, quantity, less)
    # First: the database lets a line change only as a revision says.
    OrderRevision.objects.create(
        order=order,
        actor=str(actor),
        kind=kind,
        order_item_id=line.pk,
        sku=line.sku,
        quantity_before=line.quantity,
        quantity_after=quantity,
        before=figures_of(line, line.quantity, line.discount, line.tax),
        after=figures_of(line, quantity, discount, tax),
        owed=owed,
    )
    lines = OrderItem.objects.filter(pk=line.pk)
    if quantity:
        lines.update(quantity=quantity, subtotal=line.unit_price * quantity, discount=discount, tax=tax)
    else:
        # Nothing of it has left, so only parcels that were cancelled and returns that were refused can name it.
        FulfilmentLine.objects.filter(order_item=line).delete()
        ReturnLine.objects.filter(order_item=line).delete()
        lines.delete()
    write_columns(
        order,
        total_amount=F("total_amount") - less,
        discount_total=F("discount_total") - less_discount,
        tax_total=F("tax_total") - less_tax,
    )
    return owed


def owed_for(order: Order, line: OrderItem, quantity: int, less: Decimal) -> Decimal:
    """What is owed for a line that costs so much less with so many units.

    Shares of returns are rounded as a whole, and those of the figures one by one. So whatever ends a line takes the
    rest: then all that was paid back for it is exactly what was charged.
    """
    came, refunded = paid_back(order).get(line.pk, (0, NOTHING))
    left = max(NOTHING, order.cost_of(line.subtotal, line.discount, line.tax) - refunded)
    return left if quantity == came else min(less, left)


def figures_of(line: OrderItem, quantity: int, discount: Decimal, tax: Decimal) -> dict[str, str]:
    """What a line says with so many units."""
    return {
        "product_name": line.product_name,
        "unit_price": str(line.unit_price),
        "subtotal": str(line.unit_price * quantity),
        "discount": str(discount),
        "tax": str(tax),
    }


def ship_if_nothing_is_open(order: Order, actor: Actor) -> None:
    """Let a partly shipped order become shipped once nothing of it is still to leave."""
    if order.partly_shipped and not open_units(order):
        write_columns(order, status=Status.SHIPPED, partly_shipped=False)
        record(order, "shipped", Status.SHIPPED, actor, parcel_ids=[])
