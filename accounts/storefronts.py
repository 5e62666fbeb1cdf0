"""Storefronts that a server renders: all their buyers come from one address, and each has a limit of their own.

The server names its storefront by a publishable key, and the buyer by an address. The address is believed from a server
among the trusted proxies and from holders of a secret key alone: others could name another one with every request.
"""

from rest_framework.request import Request

from accounts.api_keys import KeyHolder, find_key, mark_used
from accounts.authentication import refusal_of_wrong_key
from accounts.models import ApiKey
from api.addresses import BUYER, beginning_of, household_of, is_trusted, parse
from database.refusals import Invalid

STOREFRONT = "HTTP_X_STOREFRONT_KEY"
NAMED = "HTTP_X_BUYER_ADDRESS"


def look_at_storefront(request: Request) -> None:
    """Note the buyer for whom a storefront asks, so that limits count the buyer and not the storefront's server.

    Refuses InvalidApiKey for a publishable key that is unknown, revoked or expired, and Invalid for what is no address.
    """
    if STOREFRONT not in request.META:
        return
    key = find_key(request.META[STOREFRONT].strip(), ApiKey.Kind.PUBLISHABLE)
    if key is None:
        raise refusal_of_wrong_key(request)
    mark_used(key)
    if NAMED not in request.META:
        return
    buyer = parse(request.META[NAMED])
    if buyer is None:
        raise Invalid("X-Buyer-Address is no IP address.", code="malformed")
    if is_believed(request):
        request.META[BUYER] = household_of(buyer)


def is_believed(request: Request) -> bool:
    """Whether whoever names a buyer is believed: with a secret key, or as a trusted proxy that asks by itself.

    What comes through a trusted proxy from elsewhere proves nothing: a browser that knows the publishable key could
    name another buyer each time. A person who is signed in is counted as themselves.
    """
    if isinstance(request.user, KeyHolder):
        return True
    begins = beginning_of(request)
    return begins is not None and is_trusted(begins) and not request.user.is_authenticated
