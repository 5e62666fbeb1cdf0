"""The verbs of carts. Other code imports this package, not its modules."""

from checkout.services.carts import change_cart, delete_cart, open_cart
from checkout.services.claiming import claim_cart
from checkout.services.coupons import add_coupon, remove_coupon
from checkout.services.holding import hold_cart
from checkout.services.leaving import abandon_carts, delete_old_carts, erase_carts
from checkout.services.lines import add_line, remove_line, set_quantity
from checkout.services.placing import Placing, place_cart
from checkout.services.serving import open_for_customer, open_for_guest, serve

__all__ = [
    "Placing",
    "abandon_carts",
    "add_coupon",
    "add_line",
    "change_cart",
    "claim_cart",
    "delete_cart",
    "delete_old_carts",
    "erase_carts",
    "hold_cart",
    "open_cart",
    "open_for_customer",
    "open_for_guest",
    "place_cart",
    "remove_coupon",
    "remove_line",
    "serve",
    "set_quantity",
]
