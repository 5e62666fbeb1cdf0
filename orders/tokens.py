"""The secret that opens a guest's order. It follows from the order and the shop's key, so it is stored nowhere."""

import base64

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from orders.models import Order

SALT = "orders.order"


def token_of(order_id: int, number: str) -> str:
    """The token of an order: 256 bits, as text that may stand in a header and in an address."""
    digest = salted_hmac(SALT, f"{order_id}:{number}", secret=settings.TOKEN_SIGNING_KEY, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def opens(token: str, order_id: int, number: str) -> bool:
    """Whether this is the token of the order."""
    return token.isascii() and constant_time_compare(token, token_of(order_id, number))


def link_to(order_id: int, number: str) -> str:
    """The storefront's page of a guest's order, with the token that opens it."""
    return settings.ORDER_URL.format(order_id=order_id, token=token_of(order_id, number))


def page_of(order: Order) -> str:
    """The storefront's page of an order. A guest's opens it; a customer's has no token, and asks who it is."""
    if order.user_id is None:
        return link_to(order.pk, order.number)
    return settings.ORDER_URL.format(order_id=order.pk, token="")
