"""Storefronts: whose requests count together, and whom we believe which buyer asks."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from rest_framework.test import APIClient

from accounts.api_keys import create_key, revoke_key
from accounts.models import ApiKey
from api.addresses import BUYER
from api.throttles import DefaultThrottle
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


def test_who_comes_through_a_trusted_proxy_is_not_believed(
    storefront: tuple[ApiKey, str], one_a_minute: None, settings: Any
) -> None:
    """A publishable key is no secret: a browser behind the proxy could name another buyer each time."""
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8"), ip_network("10.0.0.5/32")]
    from_outside = {"X-Forwarded-For": "203.0.113.9"}
    assert statuses(storefront[1], "198.51.100.1", "198.51.100.2", **from_outside) == [200, 429]
    from_the_server = {"X-Forwarded-For": "10.0.0.5"}
    assert statuses(storefront[1], "198.51.100.3", "198.51.100.4", **from_the_server) == [200, 200]


@pytest.mark.parametrize(
    ("setting", "path", "body", "admitted"),
    [
        ("RATE_LIMIT_CARTS", "carts/", {}, 201),
        ("RATE_LIMIT_REGISTER", "users/", {"email": "x"}, 400),
        ("RATE_LIMIT_PASSWORD_RESET", "users/password-reset", {}, 400),
        ("RATE_LIMIT_LOGIN_PER_ADDRESS", "users/login", {}, 400),
        ("RATE_LIMIT_REGISTER", "users/confirm-email", {}, 400),
    ],
)
def test_a_limit_of_a_view_of_its_own_counts_buyers_too(
    storefront: tuple[ApiKey, str], settings: Any, setting: str, path: str, body: dict[str, str], admitted: int
) -> None:
    settings.RATE_LIMITS, settings.TRUSTED_PROXIES = True, [ip_network("127.0.0.0/8")]
    setattr(settings, setting, (1, 60))
    client = APIClient()

    def ask(buyer: str) -> int:
        headers = {"X-Storefront-Key": storefront[1], "X-Buyer-Address": buyer}
        return int(client.post(f"/api/v1/{path}", body, headers=headers).status_code)

    assert [ask(buyer) for buyer in ("198.51.100.1", "198.51.100.2", "198.51.100.1")] == [admitted, admitted, 429]
    answer = client.post(f"/api/v1/{path}", body, headers={"X-Storefront-Key": "pk_wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")


def test_what_expensive_work_costs_is_counted_for_the_buyer(storefront: tuple[ApiKey, str], settings: Any) -> None:
    settings.RATE_LIMITS, settings.TRUSTED_PROXIES = True, [ip_network("127.0.0.0/8")]
    request: Any = RequestFactory().get(PRODUCTS)
    request.user, request.META[BUYER] = AnonymousUser(), "198.51.100.1"
    [of_buyer] = DefaultThrottle(cost=5).windows(request)
    del request.META[BUYER]
    [of_server] = DefaultThrottle(cost=5).windows(request)
    assert of_buyer.key != of_server.key


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
