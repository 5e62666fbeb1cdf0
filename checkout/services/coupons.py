"""The coupons of a cart. Whether one counts is decided by the totals, and for good when the cart is placed."""

from uuid import UUID

from checkout.callers import Caller
from checkout.exceptions import TooManyCoupons
from checkout.facts import Facts
from checkout.figures import figures_of
from checkout.models import MAX_CODE, MAX_COUPONS
from checkout.services.changing import TOUCH, change
from database.refusals import Expected
from database.transactions import unit_of_work
from pricing.exceptions import CouponNotValid
from pricing.rules import folded_code

THERE = "cart.coupons @> array[%(code)s::varchar]"
# A coupon that is there stays where it is, and one that is not there cannot be taken off: neither is an edit.
ADD_TOUCH = TOUCH.format(
    edits=f"(not {THERE})::int",
    columns=f", coupons = case when {THERE} then cart.coupons else cart.coupons || %(code)s::varchar end",
)
ADD = f"with cart as ({ADD_TOUCH}) select exists (select from cart)"  # noqa: S608  # no value goes in but as a parameter
REMOVE_TOUCH = TOUCH.format(
    edits=f"({THERE})::int", columns=", coupons = array_remove(cart.coupons, %(code)s::varchar)"
)
REMOVE = f"with cart as ({REMOVE_TOUCH}) select exists (select from cart)"  # noqa: S608  # as above


@unit_of_work
def add_coupon(*, cart_id: UUID, caller: Caller, code: str, expected_version: Expected = None) -> Facts:
    """Put a coupon into a cart, where it counts now; answers the cart.

    Refuses CouponNotValid with the reason, and TooManyCoupons. Locks the cart.
    """
    code = folded_code(code)
    if len(code) > MAX_CODE:  # capitals can be longer than the letters that they are of
        raise CouponNotValid(code, "unknown")
    _, cart = change(ADD, cart_id, caller, expected_version, code=code)
    if len(cart.coupons) > MAX_COUPONS:
        raise TooManyCoupons
    refused = {refusal.code: refusal.reason for refusal in figures_of(cart).totals.refused}
    if code in refused:
        raise CouponNotValid(code, refused[code])
    return cart


@unit_of_work
def remove_coupon(*, cart_id: UUID, caller: Caller, code: str, expected_version: Expected = None) -> Facts:
    """Take a coupon off a cart, if it has it; answers the cart. Locks the cart."""
    return change(REMOVE, cart_id, caller, expected_version, code=folded_code(code))[1]
