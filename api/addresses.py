"""The address that a request comes from, as far as it can be believed, and the host that it was sent to."""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

Address = IPv4Address | IPv6Address
# Where a request keeps what limits count for the buyer. No client can write it: headers have other names there.
BUYER = "shop.buyer"
WITH_PORT = re.compile(r"(?:\[(?P<bracketed>[^]]+)\]|(?P<bare>[0-9.]+))(?::[0-9]{1,5})?\Z")


def is_trusted(address: Address) -> bool:
    """Whether this address belongs to a proxy that TRUSTED_PROXIES names."""
    return any(address in network for network in settings.TRUSTED_PROXIES)


def origin_of(request: HttpRequest | Request) -> str:
    """Scheme and host of the request. The addresses in its answer begin with them. Worked out once for a request."""
    origin: str | None = request.META.get("shop.origin")
    if origin is None:
        origin = request.META["shop.origin"] = f"{request.scheme}://{request.get_host()}"
    return origin


def parse(text: str) -> Address | None:
    """An address, or None for anything else. IPv4 written as IPv6 is IPv4, and some proxies append a port."""
    match = WITH_PORT.match(text.strip())
    try:
        address = ip_address(match["bracketed"] or match["bare"] if match else text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def beginning_of(request: HttpRequest | Request) -> Address | None:
    """Where a request comes from: the peer of the connection, or behind a trusted proxy an address of X-Forwarded-For.

    The rightmost address that is no trusted proxy counts. Addresses further left were written by the client and prove
    nothing. A unix socket has no peer address: only the proxy in front can connect to it, and that proxy is trusted if
    any proxy is.
    """
    address = parse(request.META.get("REMOTE_ADDR", ""))
    if settings.TRUSTED_PROXIES and (address is None or is_trusted(address)):
        for entry in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            forwarded = parse(entry)
            if forwarded is None:
                break
            address = forwarded
            if not is_trusted(address):
                break
    return address


def client_address(request: HttpRequest | Request) -> str:
    """The client's address. One of IPv6 stands for its /64, since a household is given that many."""
    address = beginning_of(request)
    return "unknown" if address is None else household_of(address)


def counted_address(request: HttpRequest | Request) -> str:
    """The address under which limits count a request: that of the buyer whom a storefront named, or the client's."""
    return request.META.get(BUYER) or client_address(request)


def household_of(address: Address) -> str:
    """What limits count for an address: an IPv6 address stands for its /64."""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)
