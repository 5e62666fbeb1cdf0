"""The refusals of carts, with the data that a client needs to go on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orders.exceptions
from checkout.models import MAX_COUPONS, MAX_LINE_QUANTITY, MAX_LINES
from checkout.requirements import Requirement
from database.refusals import Conflict, FieldError, Invalid

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
REQUIREMENTS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"step": TEXT, "field": TEXT, "code": TEXT, "message": TEXT},
        "required": ["step", "field", "code", "message"],
    },
}
LIMIT = {"limit": NUMBER}


class CartNotOpen(Conflict):
    """The cart was placed, or merged into another one. `state` says which, `order_id` names the order."""

    code = "cart_not_open"
    members = {"state": TEXT, "order_id?": NUMBER}
    title = "The cart cannot be changed any more"

    def __init__(self, state: str, order_id: int | None) -> None:
        order = {} if order_id is None else {"order_id": order_id}
        super().__init__(f"The cart is {state}.", state=state, **order)  # type: ignore[arg-type]  # members of `extra`


class RequirementsMissing(Conflict):
    """Something is missing for an order. `requirements` has all of it."""

    code = "requirements_missing"
    members = {"requirements": REQUIREMENTS}
    title = "Something is missing for an order"

    def __init__(self, missing: Iterable[Requirement]) -> None:
        super().__init__("Nothing was ordered.", requirements=[asdict(requirement) for requirement in missing])


class TooManyLines(Conflict):
    """The cart has as many lines as a cart may have."""

    code = "too_many_lines"
    members = LIMIT
    title = "The cart is full"

    def __init__(self) -> None:
        super().__init__(f"A cart has at most {MAX_LINES} lines.", limit=MAX_LINES)


class QuantityTooHigh(Conflict):
    """With what it has already, the line would have more units than a line may have."""

    code = "quantity_too_high"
    members = LIMIT
    title = "More units than a line may have"

    def __init__(self) -> None:
        super().__init__(f"A line has at most {MAX_LINE_QUANTITY} units.", limit=MAX_LINE_QUANTITY)


class TooManyCoupons(Conflict):
    """The cart has as many coupons as a cart may have."""

    code = "too_many_coupons"
    members = LIMIT
    title = "The cart has enough coupons"

    def __init__(self) -> None:
        super().__init__(f"A cart has at most {MAX_COUPONS} coupons.", limit=MAX_COUPONS)


class NotEnoughToHold(orders.exceptions.InsufficientStock):
    """There is less stock than the cart is to hold. `stock_issues` holds every short line."""

    def __init__(self, stock_issues: Iterable[dict[str, Any]]) -> None:
        Conflict.__init__(self, "Nothing was held.", stock_issues=list(stock_issues))


class HoldLimit(Conflict):
    """Guests hold as much as guests may hold. A guest can place the order without a hold."""

    code = "hold_limit"
    title = "Guests hold enough already"


class UnknownArticle(Invalid):
    """No article that is for sale, or a product of several variants of which none was named."""

    code = "unknown_article"
    title = "There is no such article for sale"

    def __init__(self, field: str, *, several: bool) -> None:
        error = (
            FieldError(field, "variant_required", "This product has several variants: name one of them.")
            if several
            else FieldError(field, "unknown_article", "There is no such article for sale.")
        )
        super().__init__(error.message, code=error.code, errors=[error])


class CartChanged(Conflict):
    """The cart costs something else than the customer has seen. `lines` has the new prices."""

    code = "cart_changed"
    members = {
        "total": TEXT,
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"line_id": NUMBER, "sku": TEXT, "unit_price": TEXT, "price_changed_from": TEXT},
                "required": ["line_id", "sku", "unit_price", "price_changed_from"],
            },
        },
    }
    title = "The cart has changed"

    def __init__(self, total: str, lines: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("Nothing was ordered: look at the new total.", total=total, lines=list(lines))
