"""What visitors are shown again within a second, and what never."""

import base64
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.http import QueryDict
from rest_framework.test import APIClient

from catalog.listing import cache
from catalog.models import Product
from catalog.tests.factories import make_product

pytestmark = pytest.mark.django_db

URL = "/api/v1/products"


@pytest.fixture(autouse=True)
def one_second(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LIST_CACHE_SECONDS = 1.0
    monkeypatch.setattr(cache, "_kept", {})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as one number that a test can move."""
    now = [1000.0]
    monkeypatch.setattr(cache, "monotonic", lambda: now[0])
    return now


def price(client: APIClient, path: str = URL, **extra: Any) -> str:
    document = client.get(path, **extra).json()
    text: str = document["results"][0]["price"] if "results" in document else document["price"]
    return text


def test_a_visitor_sees_a_list_for_a_second_at_most(
    api: APIClient, clock: list[float], django_assert_num_queries: Any
) -> None:
    make_product("Mug", price="5.00")
    first = api.get(URL)
    Product.objects.update(price="6.00")
    clock[0] += 0.99
    with django_assert_num_queries(0):
        again = api.get(URL)
    assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])
    assert api.get(URL, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    clock[0] += 0.01
    assert price(api) == "6.00"


def test_whoever_is_signed_in_sees_the_present(api: APIClient, as_customer: APIClient, as_admin: APIClient) -> None:
    make_product("Mug", price="5.00")
    assert price(api) == price(as_customer) == price(as_admin) == "5.00"
    Product.objects.update(price="6.00")
    assert price(api) == "5.00"
    assert price(as_customer) == price(as_admin) == "6.00"


def test_a_single_product_is_never_kept(api: APIClient) -> None:
    product = make_product("Mug", price="5.00")
    assert price(api, f"{URL}/{product.pk}") == "5.00"
    Product.objects.update(price="6.00")
    assert price(api, f"{URL}/{product.pk}") == price(api, f"{URL}/mug") == "6.00"


def test_each_question_and_each_host_has_its_own_answer(api: APIClient, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]
    make_product("Mug")
    make_product("Cup")
    hosts = ("testserver", "localhost")
    links = {api.get(f"{URL}?page_size=1", headers={"Host": host}).json()["next"] for host in hosts}
    assert {link.partition("/api")[0] for link in links} == {"http://testserver", "http://localhost"}
    assert api.get(f"{URL}?ordering=name").content != api.get(f"{URL}?ordering=-name").content
    assert api.get(f"{URL}/facets").content != api.get(URL).content


def test_a_refusal_is_not_kept(api: APIClient) -> None:
    assert api.get(f"{URL}?page_size=0").status_code == 400
    assert cache._kept == {}


@pytest.mark.parametrize(
    "ways",
    [
        (
            "?price_min=1&search=mug",
            "?search=mug&price_min=1",
            "?search=++mug%20&price_min=1.00",
            "/?search=%6dug&price_min=1.0",
        ),
        ("?brand=a&brand=b", "?brand=b&brand=a", "?brand=a&brand=b&brand=a&search=&category=", "?%62rand=a&brand=b"),
        ("?attributes.x=1&attributes.y=2", "?attributes.y=2&attributes.x=1&attributes.x=1"),
        ("/facets?in_stock=true", "/facets/?in_stock=true&search=", "/facets?in_stock=1"),
    ],
)
def test_one_question_has_one_entry_however_it_is_written(api: APIClient, ways: tuple[str, ...]) -> None:
    for way in ways:
        assert api.get(f"{URL}{way}").status_code == 200, way
    assert len(cache._kept) == 1


def test_a_cursor_is_written_in_one_way(api: APIClient) -> None:
    make_product("Mug")
    make_product("Cup")
    cursor = QueryDict(urlsplit(api.get(f"{URL}?page_size=1").json()["next"]).query)["cursor"]
    text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    other = base64.urlsafe_b64encode(text.replace(b",", b", ")).decode().rstrip("=")
    assert api.get(f"{URL}?page_size=1&cursor={cursor}").status_code == 200
    refused = api.get(f"{URL}?page_size=1&cursor={other}")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("path", ["", "/facets"])
def test_an_unknown_parameter_makes_no_entry(api: APIClient, path: str) -> None:
    answer = api.get(f"{URL}{path}?x=1")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert cache._kept == {}


def test_the_cache_is_bounded(api: APIClient, clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_ENTRIES", 3)
    for number in range(5):
        api.get(f"{URL}?page_size={number + 1}")
    assert len(cache._kept) == 3
    clock[0] += 2
    api.get(f"{URL}?page_size=50")
    assert len(cache._kept) == 1
    monkeypatch.setattr(cache, "MAX_BYTES", 10)
    api.get(f"{URL}?page_size=51")
    assert len(cache._kept) == 1
