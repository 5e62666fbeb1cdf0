from ipaddress import ip_network
from typing import Any

import pytest
from django.test import RequestFactory

from api.addresses import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("203.0.113.9", "", [], "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", [], "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", ["10.0.0.0/8"], "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7", ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", ["10.0.0.0/8"], "10.0.0.3"),
        ("10.0.0.1", "not an address", ["10.0.0.0/8"], "10.0.0.1"),
        ("10.0.0.1", "", ["10.0.0.0/8"], "10.0.0.1"),
        ("", "198.51.100.7", ["10.0.0.0/8"], "198.51.100.7"),
        ("", "198.51.100.7", [], "unknown"),
        ("10.0.0.1", "198.51.100.7:5678", ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2:81", ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", "[2001:db8:1:2::9]:5678", ["10.0.0.0/8"], "2001:db8:1:2::/64"),
        ("10.0.0.1", "[2001:db8:1:2::9]", ["10.0.0.0/8"], "2001:db8:1:2::/64"),
        ("10.0.0.1", "2001:db8:1:2::9", ["10.0.0.0/8"], "2001:db8:1:2::/64"),
        ("10.0.0.1", "198.51.100.7:port", ["10.0.0.0/8"], "10.0.0.1"),
        ("::ffff:203.0.113.9", "", [], "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "", [], "2001:db8:1:2::/64"),
    ],
)
def test_the_client_is_the_rightmost_address_that_is_no_trusted_proxy(
    settings: Any, rf: RequestFactory, peer: str, forwarded: str, trusted: list[str], expected: str
) -> None:
    settings.TRUSTED_PROXIES = [ip_network(network) for network in trusted]

    assert client_address(rf.get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)) == expected
