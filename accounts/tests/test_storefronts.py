"""Storefronts: whose requests count together, and whom we believe which buyer asks."""

from ipaddress import ip_network
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.api_keys import create_key, revoke_key
from accounts.models import ApiKey
from events.actors import COMMAND

pytestmark = pytest.mark.django_db
PRODUCTS = "/api/v1/products"


@pytest.fixture
def storefront() -> tuple[ApiKey, str]:
    return create_key(name="Storefront", kind="publishable", actor=COMMAND)


@pytest.fixture
def one_a_minute(settings: Any) -> None:
    settings.RATE_LIMITS, settings.RATE_LIMIT_ANONYMOUS, settings.RATE_LIMIT_USER = True, (1, 60), (1, 60)


def statuses(key: str, *buyers: str, **more: str) -> list[int]:
    headers = {"X-Storefront-Key": key} | more
    return [APIClient().get(PRODUCTS, headers=headers | {"X-Buyer-Address": buyer}).status_code for buyer in buyers]


def test_behind_a_trusted_proxy_each_buyer_has_a_limit(
    storefront: tuple[ApiKey, str], one_a_minute: None, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    asked = statuses(storefront[1], "198.51.100.1", "198.51.100.2", "198.51.100.1", "2001:db8::1", "2001:db8::2")
    assert asked == [200, 200, 429, 200, 429]


def test_nobody_else_is_believed(storefront: tuple[ApiKey, str], one_a_minute: None) -> None:
    assert statuses(storefront[1], "198.51.100.1", "198.51.100.2") == [200, 429]


def test_a_secret_key_is_believed(storefront: tuple[ApiKey, str], one_a_minute: None) -> None:
    _, secret = create_key(name="Server", kind="secret", scopes=["orders:read"], actor=COMMAND)
    asked = statuses(storefront[1], "198.51.100.1", "198.51.100.2", "198.51.100.1", Authorization=f"Bearer {secret}")
    assert asked == [200, 200, 429]


def test_a_wrong_or_revoked_key_of_a_storefront_is_refused(storefront: tuple[ApiKey, str]) -> None:
    row, key = storefront
    _, secret = create_key(name="Server", kind="secret", scopes=["orders:read"], actor=COMMAND)

    assert statuses(key, "198.51.100.1") == [200]
    for wrong in ("", "x", key[:-1] + "!", secret):
        assert statuses(wrong, "198.51.100.1") == [401]
    revoke_key(key_id=row.pk, actor=COMMAND)
    answer = APIClient().get(PRODUCTS, headers={"X-Storefront-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("address", ["", "home", "1.2.3", "1.2.3.4, 5.6.7.8"])
def test_an_address_that_is_none_is_refused(storefront: tuple[ApiKey, str], address: str) -> None:
    answer = APIClient().get(PRODUCTS, headers={"X-Storefront-Key": storefront[1], "X-Buyer-Address": address})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
