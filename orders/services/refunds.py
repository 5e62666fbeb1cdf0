"""What a buyer gets back for goods that came back. Nothing is paid here: these are the figures that are proposed.

A line is worth what was charged for it: its subtotal less its discount, with its tax. Units share that evenly, rounded
half up to what the currency has, and the last one takes the rest: all of a line is worth exactly what was charged.
"""

from collections import Counter
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import F, Sum

from orders.models import Order, OrderItem, Return, ReturnLine

NOTHING = Decimal(0)


def share(amount: Decimal, quantity: int, line: OrderItem) -> Decimal:
    """The part of an amount of a line that is that of so many of its units."""
    return (amount * quantity / line.quantity).quantize(line.subtotal, ROUND_HALF_UP)


def paid_back(order: Order) -> dict[int, tuple[int, Decimal]]:
    """The units of each line that have come back, by its id, and what the buyer gets back for them."""
    received = ReturnLine.objects.filter(of__order=order, of__state=Return.State.RECEIVED)
    sums = received.values("order_item_id").annotate(units=Sum("quantity"), amount=Sum("refund")).order_by()
    return {row["order_item_id"]: (row["units"], row["amount"]) for row in sums}


def worth(amount: Decimal, line: OrderItem, came: int, *, earlier: int, refunded: Decimal) -> Decimal:
    """What `came` units are worth of a line that cost this amount, when `earlier` units had come back for `refunded`.

    All refunds of a line together are never more than the line cost, even where the line has become shorter meanwhile.
    """
    left = max(NOTHING, amount - refunded)
    if earlier + came >= line.quantity:
        return left
    return min(left, share(amount, earlier + came, line) - share(amount, earlier, line))


def refunds_of_lines(order: Order, came: Mapping[int, int]) -> dict[int, Decimal]:
    """What units that come back now, by the id of their line, are worth beside what had come back before.

    The order is locked, so nothing else comes back meanwhile.
    """
    earlier = paid_back(order)
    refunds = {}
    for line in OrderItem.objects.filter(order=order, pk__in=came):
        units, amount = earlier.get(line.pk, (0, NOTHING))
        cost = order.cost_of(line.subtotal, line.discount, line.tax)
        refunds[line.pk] = worth(cost, line, came[line.pk], earlier=units, refunded=amount)
    return refunds


def refund_of_delivery(order: Order, asked: Return, came: Mapping[int, int]) -> Decimal:
    """What a withdrawal pays back of the charges of a locked order: all of them with the last unit of the order.

    A buyer who withdraws from all of an order, in one step or in several, gets back the delivery too. Goods that came
    back for another reason do not count.
    """
    if asked.kind != Return.Kind.WITHDRAWAL:
        return NOTHING
    withdrawn = ReturnLine.objects.filter(
        of__order=order, of__state=Return.State.RECEIVED, of__kind=Return.Kind.WITHDRAWAL
    )
    back = Counter(dict(withdrawn.values_list("order_item_id").annotate(units=Sum("quantity")).order_by()))
    back.update(came)
    if back != Counter(dict(order.order_items.values_list("pk", "quantity"))):
        return NOTHING
    charges = sum(
        (order.cost_of(charge.amount, charge.discount, charge.tax) for charge in order.charges.all()), NOTHING
    )
    refunded: Decimal = order.returns.aggregate(sum=Sum(F("refund_shipping"), default=NOTHING))["sum"]
    return max(NOTHING, charges - refunded)
