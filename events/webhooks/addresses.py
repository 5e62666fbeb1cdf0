"""To which addresses of the network webhooks are sent: to those of the public Internet, and to networks of one's own.

Whoever may set up an endpoint could otherwise have the worker speak to what only the shop's machines reach: the cache,
the metadata of a cloud, a router. So a name is looked up once, each of its addresses is checked, and the connection
goes to an address that was checked (events.webhooks.client).
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

Address = IPv4Address | IPv6Address
MAX_URL = 2000
# An IPv6 network reaches IPv4 hosts through this prefix: such an address is as public as the IPv4 address in it.
NAT64 = ip_network("64:ff9b::/96")
# What some releases of Python call global, and addresses that carry another one inside and are used no more.
SPECIAL = [
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4"),
        *("::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16"),
        *("fc00::/7", "fe80::/10", "fec0::/10"),
    )
]


class BadURL(ValueError):
    """The URL is none that a webhook can be sent to."""


class NotAllowed(Exception):
    """The address belongs to a network that webhooks are not sent to."""


def parse(url: str) -> SplitResult:
    """The parts of a URL. Raises BadURL for one that no webhook is sent to, whatever its name leads to."""
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise BadURL("A URL has up to 2000 characters of ASCII. Write other letters of a name in Punycode.")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise BadURL("This is no URL.") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.WEBHOOK_ALLOWED_NETWORKS):
        raise BadURL("A URL begins with https://.")
    if parts.username is not None or parts.password is not None:
        raise BadURL("A URL has no password: webhooks are signed.")
    if not host or "%" in host or port == 0 or parts.fragment:
        raise BadURL("A URL is https://, a host, and a path, without a fragment.")
    return parts


def check(address: Address, *, is_encrypted: bool) -> None:
    """Raise NotAllowed for an address that a webhook must not be sent to.

    What is not encrypted goes to WEBHOOK_ALLOWED_NETWORKS alone.
    """
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            raise NotAllowed(f"{address} is not public.")
        inner = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFF_FFFF) if address in NAT64 else None)
        if inner is not None:
            return check(inner, is_encrypted=is_encrypted)
    if any(address in network for network in settings.WEBHOOK_ALLOWED_NETWORKS):
        return None
    is_special = not address.is_global or address.is_multicast or address.is_reserved
    if is_special or any(address in network for network in SPECIAL):
        raise NotAllowed(f"{address} is not public.")
    if not is_encrypted:
        raise NotAllowed(f"{address} is not in a network of one's own, and http is for those alone.")
    return None


def literal(host: str) -> Address | None:
    """The address that a host is itself; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None
