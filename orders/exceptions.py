"""The refusals of orders, with the data that a client needs to go on."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from database.refusals import Conflict, FieldError, Invalid

# As JSON Schema, for the API's description.
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
LINE = {"product_id": NUMBER, "sku": TEXT, "product_name": TEXT, "requested": NUMBER}


def issues(**members: Any) -> dict[str, Any]:
    """A list of lines with what is wrong with each."""
    line = {"type": "object", "properties": LINE | members, "required": [*LINE, *members]}
    return {"type": "array", "items": line}


STOCK_ISSUES = issues(available=NUMBER)
PRICES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"variant_id": NUMBER, "sku": TEXT, "unit_price": TEXT},
        "required": ["variant_id", "sku", "unit_price"],
    },
}
QUANTITY_ISSUES = issues(limit=NUMBER, left=NUMBER)


class UnknownArticle(Invalid):
    """A line names no article that is for sale, or does not say which of several variants of a product is meant."""

    code = "unknown_article"
    title = "A line of the order names no article that is for sale"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(errors[0].message, code=errors[0].code, errors=errors)


class InsufficientStock(Conflict):
    """There is less stock than is ordered. `stock_issues` holds every short line."""

    code = "insufficient_stock"
    members = {"stock_issues": STOCK_ISSUES}
    title = "There is not enough stock"

    def __init__(self, stock_issues: Iterable[dict[str, Any]], said: str = "Nothing was ordered.") -> None:
        super().__init__(said, stock_issues=list(stock_issues))


class TotalChanged(Conflict):
    """The order would cost something else than the buyer was shown. `lines` has the prices of now."""

    code = "cart_changed"
    members = {"total": TEXT, "lines": PRICES}
    title = "The total is not the one that was shown"

    def __init__(self, total: Decimal, lines: Iterable[dict[str, Any]]) -> None:
        super().__init__("Nothing was ordered: look at the new total.", total=str(total), lines=list(lines))


class ShippingNotAvailable(Conflict):
    """The method of shipping does not exist any more, or does not lead there with these lines."""

    code = "shipping_not_available"
    title = "The method of shipping is not available"

    def __init__(self, method: str) -> None:
        super().__init__(f"Nothing was ordered: {method} does not lead there with these articles.")


class TooManyPendingOrders(Conflict):
    """The customer has as many pending orders as a customer may have. `limit` says how many."""

    code = "too_many_pending_orders"
    members = {"limit": {"type": "integer"}}
    title = "Too many orders are waiting to be confirmed"


class QuantityLimitExceeded(Conflict):
    """The customer would have more units of an article in open orders than a customer may have.

    `quantity_issues` holds every such line, with the limit and what is left of it.
    """

    code = "quantity_limit_exceeded"
    members = {"quantity_issues": QUANTITY_ISSUES}
    title = "More units of an article than one customer may order"

    def __init__(self, quantity_issues: Sequence[dict[str, Any]]) -> None:
        super().__init__("Nothing was ordered.", quantity_issues=quantity_issues)


class IllegalTransition(Conflict):
    """The order cannot be given this status. `allowed` holds the statuses that it can be given now."""

    code = "illegal_transition"
    members = {"allowed": {"type": "array", "items": {"type": "string"}}}
    title = "The order cannot go there from where it is"

    def __init__(self, status: str, wanted: str, allowed: Iterable[str]) -> None:
        super().__init__(f"An order that is {status} cannot become {wanted}.", allowed=[str(name) for name in allowed])


class PaymentInProgress(Conflict):
    """The buyer is about to pay what the order costs now."""

    code = "payment_in_progress"
    title = "The order is being paid"


class ShippingBlocked(Conflict):
    """The buyer has asked their bank for the money back, so nothing more is sent."""

    code = "shipping_blocked"
    title = "The payment of the order is disputed"


class PartlyShipped(Conflict):
    """Some goods of the order have left, so that it cannot be cancelled: lines that have not left are taken off."""

    code = "partly_shipped"
    title = "A part of the order has been shipped"

    def __init__(self) -> None:
        super().__init__("Some goods have left. Take off the lines that have not.")


class MoreThanOpen(Conflict):
    """More units of a line are to leave than are still to be shipped. `errors` names every such line."""

    code = "more_than_open"
    title = "Fewer units are still to be shipped"


class NotChangeable(Conflict):
    """Too much has happened with the order: it is confirmed (for its buyer), goods have left, or it has ended."""

    code = "not_changeable"
    title = "The order cannot be changed any more"


class OtherTotal(Conflict):
    """There the order would have other taxes, or shipping would cost something else or not lead there."""

    code = "other_total"
    title = "The order would cost something else there"

    def __init__(self) -> None:
        super().__init__("Taxes or shipping are others there. Cancel the order, and place it anew.")


class LastLine(Conflict):
    """The order has no other line: whoever wants nothing of it cancels it."""

    code = "last_line"
    title = "It is the order's only line"

    def __init__(self) -> None:
        super().__init__("The order has no other line. Cancel it.")


class AlreadyOnOrder(Conflict):
    """A line is to be replaced by an article that the order has already."""

    code = "already_on_order"
    title = "The order has this article already"


class ParcelGone(Conflict):
    """The parcel cannot be taken back: it is cancelled, it has arrived, or goods of it come back as a return."""

    code = "parcel_gone"
    title = "The parcel cannot be cancelled any more"


class NothingToReturn(Conflict):
    """Nothing can come back of the order: none of its goods have left, or all that has left comes back already."""

    code = "nothing_to_return"
    title = "Nothing of the order can come back"


class MoreThanReturnable(Conflict):
    """More units of a line are to come back than have left and not come back yet. `errors` names every such line."""

    code = "more_than_returnable"
    title = "Fewer units can come back"


class ReturnPeriodOver(Conflict):
    """The days are over in which buyers may send goods back. `last_day` was the last of them."""

    code = "return_period_over"
    members = {"last_day?": {"type": "string", "format": "date"}}
    title = "It is too late to send the goods back"


class ReturnClosed(Conflict):
    """The return was received or refused already."""

    code = "return_closed"
    title = "The return is closed"


class CustomerForgotten(Conflict):
    """The customer was anonymised, so nobody is there who could send goods back or be paid."""

    code = "customer_forgotten"
    title = "The customer of the order was anonymised"


class NotDeletable(Conflict):
    """The order has been shipped, or the customer's order is no longer pending."""

    code = "not_deletable"
    title = "The order cannot be deleted any more"


class NotOnHand(Conflict):
    """Goods are to be shipped that are promised and have not arrived yet. `stock_issues` holds their lines."""

    code = "not_on_hand"
    members = {"stock_issues": STOCK_ISSUES}
    title = "The goods are promised, but not there yet"

    def __init__(self, stock_issues: Iterable[dict[str, Any]]) -> None:
        super().__init__("Nothing was shipped.", stock_issues=list(stock_issues))
