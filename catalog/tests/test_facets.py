"""Facets, and lists of random shops: the fast statements held against the plain way."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIClient

from catalog import services
from catalog.filters import ProductFilters
from catalog.listing.facets import read_facets
from catalog.tests.asking import get
from catalog.tests.factories import make_category, make_product
from catalog.tests.plain import PlainFacets, plain_documents, plain_products

pytestmark = pytest.mark.django_db


product_rows = st.lists(
    st.tuples(
        st.sampled_from(["1.00", "5.00", "9.99"]),
        st.sampled_from([None, "top", "middle", "bottom", "other"]),
        st.sampled_from([{}, {"color": "red"}, {"color": "blue", "n": 1}]),
        st.lists(st.integers(0, 2), min_size=1, max_size=3),
        st.sampled_from(["active", "active", "draft"]),
    ),
    max_size=8,
)


def several(values: list[str]) -> st.SearchStrategy[list[str]]:
    """One or two of the values: a filter that is repeated means either."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=2)


queries = st.fixed_dictionaries(
    {},
    optional={
        "category": several(["top", "middle", "bottom", "other", "nowhere"]),
        "price_min": st.sampled_from(["0", "1.00", "5.01"]),
        "price_max": st.sampled_from(["5", "9.99"]),
        "in_stock": st.sampled_from(["true", "false"]),
        "attributes.color": several(["red", "blue", "green"]),
        "ordering": st.sampled_from(["newest", "price", "-price", "name", "-name"]),
    },
)


class FastAndPlain(TestCase):
    """The same shops and questions, asked in both ways."""

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(rows=product_rows, query=queries)
    def test_lists_and_facets_agree_with_the_plain_way(self, rows: list[Any], query: dict[str, Any]) -> None:
        self.enterContext(self.settings(RATE_LIMITS=False))  # each question is asked many times
        make_category("Top")
        make_category("Middle", parent="top")
        make_category("Bottom", parent="middle")
        make_category("Other")
        for price, category, attributes, stocks, status in rows:
            variants: list[services.VariantInput] = [
                {"stock_quantity": stock, "price": Decimal(stock) or None} for stock in stocks
            ]
            make_product("Mug", price=price, category=category, attributes=attributes, variants=variants, status=status)
        client = APIClient()
        plain = plain_documents(plain_products(query))
        assert get(client, "/products", **query)["results"] == orjson.loads(orjson.dumps(plain, default=str))
        assert_facets_agree(client, query)


def parameters_of_query(query: dict[str, Any]) -> dict[str, list[str]]:
    return {name: value if isinstance(value, list) else [value] for name, value in query.items()}


def assert_facets_agree(client: APIClient, query: dict[str, Any]) -> None:
    """Each count is that of the list with the heading as one more filter."""
    query = {name: value for name, value in query.items() if name != "ordering"}

    def count(**more: str) -> int:
        total: int = get(client, "/products", **query, **more, count="exact", expand="none")["count"]
        return total

    facets = get(client, "/products/facets", **query)
    plain = PlainFacets(read_facets(ProductFilters(parameters_of_query(query)).selection)).data
    assert facets == orjson.loads(orjson.dumps(plain))
    if "category" not in query:
        for facet in facets["categories"]:
            assert count(category=facet["slug"]) == facet["count"]
    if not {"price_min", "price_max"} & set(query):
        for facet in facets["prices"]:
            assert count(price_min=facet["from"], price_max=facet["to"]) == facet["count"]
        assert sum(facet["count"] for facet in facets["prices"]) == count()
    if "in_stock" not in query:
        assert count(in_stock="true") == facets["in_stock"]
    for facet in facets["attributes"]:
        if f"attributes.{facet['code']}" not in query:
            for value in facet["values"]:
                assert count(**{f"attributes.{facet['code']}": str(value["value"])}) == value["count"]


def test_facets_are_answered_as_the_contract_says(api: APIClient) -> None:
    make_category("Kitchen")
    make_category("Cups", parent="kitchen")
    make_product("Cup", price="9.99", category="cups", stock=1, attributes={"color": "red"})
    make_product("Mug", price="10.00", category="cups", attributes={"color": "red", "hot": True})
    make_product("Pan", price="20000.00", category="kitchen", attributes={"color": "blue"})
    make_product("Old", status="draft")
    assert get(api, "/products/facets") == {
        "categories": [
            {"slug": "kitchen", "name": "Kitchen", "count": 3},
            {"slug": "cups", "name": "Cups", "count": 2},
        ],
        "prices": [
            {"from": "0.01", "to": "9.99", "count": 1},
            {"from": "10.00", "to": "24.99", "count": 1},
            {"from": "10000.00", "to": "9999999.99", "count": 1},
        ],
        "in_stock": 1,
        "attributes": [
            {"code": "color", "values": [{"value": "red", "count": 2}, {"value": "blue", "count": 1}]},
            {"code": "hot", "values": [{"value": True, "count": 1}]},
        ],
    }
    assert get(api, "/products/facets", search="Mugg", category="cups")["attributes"][1]["code"] == "hot"
    assert get(api, "/products/facets", category="nowhere") == {
        "categories": [], "prices": [], "in_stock": 0, "attributes": []
    }  # fmt: skip
