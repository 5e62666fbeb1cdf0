"""The secret that opens a guest's cart. It follows from the cart's id and the shop's key, so it is stored nowhere."""

import base64
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

SALT = "checkout.cart"


def token_of(cart_id: UUID) -> str:
    """The token of a cart: 256 bits, as text that may stand in a header and in an address."""
    digest = salted_hmac(SALT, cart_id.hex, secret=settings.TOKEN_SIGNING_KEY, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def opens(token: str, cart_id: UUID) -> bool:
    """Whether this is the token of the cart."""
    return bool(token) and constant_time_compare(token, token_of(cart_id))
