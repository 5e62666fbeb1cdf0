"""Pages of products: complete in both directions, and closed to what is not ours."""

import base64
from decimal import Decimal
from typing import Any

import orjson
import pytest
from rest_framework.test import APIClient

from api.problems import safety_net
from catalog.models import Product
from catalog.tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db

URL = "/api/v1/products"
ORDERINGS = ["newest", "price", "-price", "name", "-name"]


@pytest.fixture
def shop() -> None:
    """Products that are alike in all that a list is ordered by."""
    make_category("Top")
    make_category("Below", parent="top")
    for number in range(11):
        category = ("top", "below", None)[number % 3]
        make_product(f"Mug {number // 3}", price=f"{number // 4 + 1}.50", stock=number % 2, category=category)
    Product.objects.update(created_at=Product.objects.order_by("id")[0].created_at)


def ids(page: Any) -> list[int]:
    return [row["product_id"] for row in page["results"]]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("filters", ["", "&category=top", "&in_stock=true&price_min=1.50", "&search=mug"])
def test_pages_are_complete_in_both_directions(api: APIClient, ordering: str, filters: str) -> None:
    query = f"{URL}?ordering={ordering}{filters}"
    whole = ids(api.get(f"{query}&page_size=100").json())
    assert len(set(whole)) == len(whole) > 3
    page = api.get(f"{query}&page_size=3").json()
    assert page["previous"] is None
    pages = [page]
    while pages[-1]["next"]:
        pages.append(api.get(pages[-1]["next"]).json())
    assert [id for page in pages for id in ids(page)] == whole
    for later, earlier in zip(reversed(pages), reversed(pages[:-1]), strict=False):
        assert ids(api.get(later["previous"]).json()) == ids(earlier)


@pytest.mark.usefixtures("shop")
def test_a_list_is_in_its_order(api: APIClient) -> None:
    def column(ordering: str, name: str) -> list[Any]:
        return [row[name] for row in api.get(URL, {"ordering": ordering}).json()["results"]]

    prices = [Decimal(price) for price in column("price", "price")]
    assert prices == sorted(prices)
    assert column("-price", "product_id") == column("price", "product_id")[::-1]
    assert column("name", "name") == sorted(column("name", "name"))
    assert column("-name", "product_id") == column("name", "product_id")[::-1]
    assert column("newest", "product_id") == sorted(column("newest", "product_id"), reverse=True)


def test_a_row_that_is_new_does_not_shift_the_pages(api: APIClient) -> None:
    products = [make_product(f"Mug {number}").pk for number in range(4)]
    first = api.get(URL, {"page_size": "2"}).json()
    make_product("Newer")
    assert ids(first) + ids(api.get(first["next"]).json()) == products[::-1]


def test_the_longest_name_fits_into_a_cursor(api: APIClient) -> None:
    for number in range(3):
        make_product("𝄞" * 254 + str(number), slug=f"clef-{number}")
    page = api.get(URL, {"ordering": "name", "page_size": "1"}).json()
    assert len(ids(api.get(page["next"]).json())) == 1


def test_the_count_is_only_made_when_asked_for(api: APIClient) -> None:
    make_product()
    assert "count" not in api.get(URL).json()
    assert api.get(URL, {"count": "exact", "price_min": "99"}).json()["count"] == 0


def cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(parts))).decode().rstrip("=")


BAD_QUERIES = [
    *({"cursor": text} for text in ("x", "====", "%00", "é", cursor(), cursor("-created_at,-id", 0), "A" * 2600)),
    {"cursor": cursor("-created_at,-id", 0, "2026-01-01T00:00:00", 5)},
    {"cursor": cursor("-created_at,-id", 0, "2026-01-01T00:00:00+16:00", 5)},
    {"cursor": cursor("-created_at,-id", 0, "2026-01-01T00:00:00+01:00:00.5", 5)},
    {"cursor": cursor("-created_at,-id", 0, "2026-01-01T00:00:00Z", 10**18 * 9.9)},
    {"cursor": cursor("-created_at,-id", 2, "2026-01-01T00:00:00Z", 5)},
    {"cursor": cursor("-created_at,-id", 0, "2026-01-01T00:00:00Z", True)},
    {"cursor": cursor("price_from,id", 0, "5.00", 5)},
    {"ordering": "price", "cursor": cursor("price_from,id", 0, "1e-1000000", 5)},
    {"ordering": "price", "cursor": cursor("price_from,id", 0, "NaN", 5)},
    {"ordering": "name", "cursor": cursor("sort_name,id", 0, "a\x00", 5)},
    {"ordering": "name", "cursor": cursor("sort_name,id", 0, "x" * 301, 5)},
    {"search": "mug", "cursor": cursor("-rank,-id", 0, "Infinity", 5)},
    {"ordering": "id"},
    {"ordering": "price,name"},
    {"page_size": "0"},
    {"page_size": "101"},
    {"page_size": "9" * 400},
    {"page_size": "ten"},
    {"count": "all"},
    {"expand": "stock"},
    {"fields": "stock"},
    *({"price_min": text} for text in ("1e-1000000", "1e400", "NaN", "-1", "1,5", "1" * 20, "\u0661", "1.234")),
    {"price_max": "abc"},
    {"in_stock": "yes"},
    {"in_stock_only": "2"},
    {"status": "gone"},
    {"category": "x" * 121},
    {"attributes.": "x"},
    {"attributes." + "x" * 65: "x"},
    {"attributes.color": "x" * 256},
    {f"attributes.a{number}": "x" for number in range(11)},
]


@pytest.mark.parametrize("query", BAD_QUERIES, ids=lambda value: str(value)[:50])
@pytest.mark.parametrize("path", [URL, f"{URL}/facets"])
def test_a_query_that_is_not_valid_is_refused(api: APIClient, path: str, query: dict[str, str]) -> None:
    response = api.get(path, query)
    assert response.status_code == 400, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    pages = {"cursor", "ordering", "page_size", "count", "expand", "fields"}
    facets_of_a_page = path != URL and bool(pages & set(query))
    assert (response.json()["code"] == "unknown_parameter") is facets_of_a_page, "facets have no pages"
    assert safety_net == {}


@pytest.mark.parametrize(
    "query",
    [
        {"price_min": "0", "price_max": "9999999999"},
        {"brand": "' or 1=1 --"},
        {"brand": "a\u202eb"},
        {"attributes.' or 1=1": "x"},
        {"attributes.a": '"}'},
        {"attributes.a": "-0.5"},
        {"attributes.a": "9" * 30},
        {"attributes.%s": "%(x)s"},
        {"page_size": "100", "cursor": ""},
        {"ordering": "price", "cursor": cursor("price_from,id", 0, "99999999999999999999", 2**63 - 1)},
        {"ordering": "name", "cursor": cursor("sort_name,id", 1, "", -5)},
        {"cursor": cursor("-created_at,-id", 0, "0001-01-01T00:00:00+00:00", 1)},
        {"cursor": cursor("-created_at,-id", 0, "9999-12-31T23:59:59-14:00", 1)},
    ],
    ids=lambda value: str(value)[:50],
)
def test_odd_but_valid_queries_are_answered(api: APIClient, query: dict[str, str]) -> None:
    assert api.get(URL, query).status_code == 200
    of_products = {name: value for name, value in query.items() if name not in ("page_size", "cursor", "ordering")}
    assert api.get(f"{URL}/facets", of_products).status_code == 200
    assert safety_net == {}
