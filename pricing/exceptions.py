"""What pricing refuses, with the data that a caller needs to say why."""

from database.refusals import Conflict, FieldError, Invalid


class CodeTaken(Conflict):
    """Another tax class or method of shipping has this code."""

    code = "code_taken"
    title = "This code is taken"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("code", self.code, f"{self.title}.")])


class NameTaken(Conflict):
    """Another zone has this name."""

    code = "name_taken"
    title = "This name is taken"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("name", self.code, f"{self.title}.")])


class CouponTaken(Conflict):
    """Another promotion has this coupon."""

    code = "coupon_taken"
    title = "Another promotion has this code"

    def __init__(self, coupon: str) -> None:
        super().__init__(errors=[FieldError("codes", self.code, f"{coupon}: {self.title.lower()}.")], coupon=coupon)


class TaxRateOverlaps(Conflict):
    """The same tax is valid already in the same place, for the same class, on some of these days."""

    code = "tax_rate_overlaps"
    title = "This tax is valid there already on some of these days"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("valid", self.code, f"{self.title}.")])


class StillUsed(Conflict):
    """Something else names the row that was to be deleted; `by` says what."""

    code = "still_used"
    title = "This is still used"

    def __init__(self, by: str) -> None:
        super().__init__(f"It is still used by {by}.")


class AlreadyUsed(Conflict):
    """A promotion was to be deleted that orders have used: they keep pointing at it."""

    code = "already_used"
    title = "It was used"

    def __init__(self) -> None:
        super().__init__("It was used. Switch it off instead.")


class LimitBelowUses(Conflict):
    """A promotion was to be limited to fewer uses than it has had."""

    code = "limit_below_uses"
    title = "It was used more often already"
    members = {"used": {"type": "integer"}}

    def __init__(self, used: int) -> None:
        message = f"It was used {used} times already."
        super().__init__(message, errors=[FieldError("total_limit", self.code, message)], used=used)


class UnknownTaxClass(Invalid):
    """A tax class is named that does not exist; `field` is where."""

    code = "unknown_tax_class"
    title = "No such tax class"

    def __init__(self, field: str = "tax_class") -> None:
        super().__init__(errors=[FieldError(field, self.code, "There is no tax class with this code.")])


class CouponNotValid(Conflict):
    """A coupon does not count for this basket, or was used up before this use of it.

    `reason` is a code of `figures.CouponRefusal`. A promotion without a coupon has an empty one.
    """

    code = "coupon_not_valid"
    title = "This coupon is not valid here"
    members = {"coupon": {"type": "string"}, "reason": {"type": "string"}}

    def __init__(self, coupon: str, reason: str) -> None:
        super().__init__(REASONS.get(reason, self.title + "."), coupon=coupon, reason=reason)
        self.coupon = coupon
        self.reason = reason


REASONS = {
    "unknown": "There is no such coupon.",
    "not_yet": "This coupon is not valid yet.",
    "expired": "This coupon has expired.",
    "minimum_not_reached": "The order does not reach the minimum of this coupon.",
    "not_applicable": "No article in the basket is part of this coupon's offer.",
    "already_applied": "This offer counts already.",
    "not_combinable": "This coupon does not count together with a better offer.",
    "used_up": "This coupon was used as often as it may be.",
    "used_by_customer": "You have used this coupon as often as you may.",
}
