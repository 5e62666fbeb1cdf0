"""Storefronts that a server renders: all their buyers come from one address, and each has a limit of their own.

The server names its storefront by a publishable key, and the buyer by an address. The address is believed from trusted
proxies and from holders of a secret key alone, since anybody else could name another one with every request.
"""

from typing import Any

from django.conf import settings
from rest_framework.request import Request

from accounts.api_keys import KeyHolder, find_key, mark_used
from accounts.authentication import refusal_of_wrong_key
from accounts.models import ApiKey
from api.addresses import household_of, is_trusted, parse
from api.throttles import DefaultThrottle, Window, window
from database.refusals import Invalid

STOREFRONT = "HTTP_X_STOREFRONT_KEY"
BUYER = "HTTP_X_BUYER_ADDRESS"


class StorefrontThrottle(DefaultThrottle):
    """Every request: per user or key, per buyer of a storefront, and per client address otherwise."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """As everywhere, once a storefront has shown a key that is valid. Refuses InvalidApiKey and Invalid."""
        if STOREFRONT in request.META:
            check_storefront(request)
        return super().allow_request(request, view)

    def windows(self, request: Request) -> list[Window]:
        """The window of the buyer where one is believed."""
        if buyer := believed_buyer(request):
            return [window(settings.RATE_LIMIT_ANONYMOUS, "address", buyer)]
        return super().windows(request)


def check_storefront(request: Request) -> None:
    """Refuse a publishable key that is unknown, revoked or expired (401), and a malformed address of a buyer (400)."""
    key = find_key(request.META[STOREFRONT].strip(), ApiKey.Kind.PUBLISHABLE)
    if key is None:
        raise refusal_of_wrong_key(request)
    mark_used(key)
    if BUYER in request.META and parse(request.META[BUYER]) is None:
        raise Invalid("X-Buyer-Address is no IP address.", code="malformed")


def believed_buyer(request: Request) -> str:
    """What stands for the buyer's address in limits; "" where none is named, or whoever names one is not believed.

    A person who is signed in is counted as themselves.
    """
    if STOREFRONT not in request.META or BUYER not in request.META:
        return ""
    peer = parse(request.META.get("REMOTE_ADDR", ""))
    by_proxy = peer is not None and is_trusted(peer) and not request.user.is_authenticated
    buyer = parse(request.META[BUYER])
    return household_of(buyer) if buyer and (by_proxy or isinstance(request.user, KeyHolder)) else ""
