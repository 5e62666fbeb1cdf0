"""Limits of carts, beside those of all requests: how many are opened from one address, how many coupons are tried."""

from django.conf import settings
from rest_framework.request import Request

from api.addresses import counted_address
from api.throttles import DefaultThrottle, Window, window


class CartThrottle(DefaultThrottle):
    """New carts, per address: each is a row that stays for weeks."""

    def windows(self, request: Request) -> list[Window]:
        """The windows of every request, and that of new carts."""
        return [*super().windows(request), window(settings.RATE_LIMIT_CARTS, "carts", counted_address(request))]


class CouponThrottle(DefaultThrottle):
    """Coupons that are tried, per address and per cart, so that codes cannot be guessed."""

    strict = True

    def windows(self, request: Request) -> list[Window]:
        """The windows of every request, that of the address, and that of the cart in the request's path."""
        cart_id = request.parser_context["kwargs"]["cart_id"]
        return [
            *super().windows(request),
            window(settings.RATE_LIMIT_COUPONS, "coupons-address", counted_address(request)),
            window(settings.RATE_LIMIT_COUPONS, "coupons-cart", cart_id),
        ]
