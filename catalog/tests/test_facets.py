"""Facets, and lists of random shops: the fast statements held against the plain way."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIClient

from catalog import services
from catalog.filters import ProductFilters
from catalog.listing import facets as listed
from catalog.listing.conditions import Selection
from catalog.listing.facets import read_facets
from catalog.tests.asking import get
from catalog.tests.factories import make_category, make_product
from catalog.tests.plain import PlainFacets, plain_documents, plain_products
from database.rows import fetch_rows, texts_of

pytestmark = pytest.mark.django_db


product_rows = st.lists(
    st.tuples(
        st.sampled_from(["1.00", "5.00", "9.99"]),
        st.sampled_from([None, "top", "middle", "bottom", "other"]),
        st.sampled_from([{}, {"color": "red"}, {"color": "blue", "n": 1}]),
        st.lists(st.integers(0, 2), min_size=1, max_size=3),
        st.sampled_from(["active", "active", "draft"]),
        st.lists(
            st.fixed_dictionaries(
                {"Colour": st.sampled_from(["Crème", "creme", "Sand"])}, optional={"size": st.sampled_from(["M", "L"])}
            ),
            min_size=3,
            max_size=3,
            unique_by=lambda options: tuple(sorted(options.items())),
        ),
    ),
    max_size=8,
)


def several(values: list[str]) -> st.SearchStrategy[list[str]]:
    """One or two of the values: a filter that is repeated means either."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=2)


queries = st.fixed_dictionaries(
    {},
    optional={
        "category": several(["top", "middle", "bottom", "other"]),
        "price_min": st.sampled_from(["0", "1.00", "5.01"]),
        "price_max": st.sampled_from(["5", "9.99"]),
        "in_stock": st.sampled_from(["true", "false"]),
        "attributes.color": several(["red", "blue", "green"]),
        "attributes.n": st.sampled_from(["1", "2"]),
        "options.colour": several(["CREME", "sand", "Red"]),
        "options.Size": several(["m", "l"]),
        "search": st.just("mug"),
        "ordering": st.sampled_from(["newest", "price", "-price", "name", "-name"]),
    },
)


class FastAndPlain(TestCase):
    """The same shops and questions, asked in both ways."""

    @settings(max_examples=40)
    @given(rows=product_rows, query=queries)
    def test_lists_and_facets_agree_with_the_plain_way(self, rows: list[Any], query: dict[str, Any]) -> None:
        self.enterContext(self.settings(RATE_LIMITS=False))  # each question is asked many times
        make_category("Top")
        make_category("Middle", parent="top")
        make_category("Bottom", parent="middle")
        make_category("Other")
        for price, category, attributes, stocks, status, options in rows:
            variants: list[services.VariantInput] = [
                {"stock_quantity": stock, "price": Decimal(stock) or None, "options": option}
                for stock, option in zip(stocks, options, strict=False)
            ]
            make_product("Mug", price=price, category=category, attributes=attributes, variants=variants, status=status)
        client = APIClient()
        ordered = {"ordering": "newest"} | query
        plain = plain_documents(plain_products(ordered))
        assert get(client, "/products", **ordered)["results"] == orjson.loads(orjson.dumps(plain, default=str))
        assert_facets_agree(client, query)


def parameters_of_query(query: dict[str, Any]) -> dict[str, list[str]]:
    return {name: value if isinstance(value, list) else [value] for name, value in query.items()}


def assert_facets_agree(client: APIClient, query: dict[str, Any]) -> None:
    """Each count is that of the list with the value in place of those that are chosen under its heading."""
    query = {name: value for name, value in query.items() if name != "ordering"}

    def count(**instead: str | None) -> int:
        asked = {name: value for name, value in (query | instead).items() if value is not None}
        total: int = get(client, "/products", **asked, count="exact", expand="none")["count"]
        return total

    facets = get(client, "/products/facets", **query)
    plain = PlainFacets(read_facets(ProductFilters(parameters_of_query(query)).selection)).data
    assert facets == orjson.loads(orjson.dumps(plain))
    assert facets["total"] == count()
    for facet in facets["categories"]:
        assert count(category=facet["slug"]) == facet["count"]
    for facet in facets["prices"]:
        assert count(price_min=facet["from"], price_max=facet["to"]) == facet["count"]
    assert sum(facet["count"] for facet in facets["prices"]) == count(price_min=None, price_max=None)
    assert count(in_stock="true") == facets["in_stock"]
    for facet in facets["attributes"]:
        for value in facet["values"]:
            assert count(**{f"attributes.{facet['code']}": str(value["value"])}) == value["count"]
    asked_as = {"Colour": "options.colour", "size": "options.Size"}
    for facet in facets["options"]:
        for value in facet["values"]:
            assert count(**{asked_as[facet["code"]]: value["value"]}) == value["count"]


def test_facets_are_answered_as_the_contract_says(api: APIClient) -> None:
    make_category("Kitchen")
    make_category("Cups", parent="kitchen")
    make_product("Cup", price="9.99", category="cups", stock=1, attributes={"color": "red"})
    make_product("Mug", price="10.00", category="cups", attributes={"color": "red", "hot": True})
    make_product("Pan", price="20000.00", category="kitchen", attributes={"color": "blue"})
    make_product("Old", status="draft")
    assert get(api, "/products/facets") == {
        "total": 3,
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
            {
                "code": "color",
                "label": "Color",
                "values": [
                    {"value": "red", "label": "red", "count": 2},
                    {"value": "blue", "label": "blue", "count": 1},
                ],
            },
            {"code": "hot", "label": "Hot", "values": [{"value": True, "label": "Yes", "count": 1}]},
        ],
        "options": [],
    }
    assert get(api, "/products/facets", search="Mugg", category="cups")["attributes"][1]["code"] == "hot"


def counts(facets: Any, heading: str) -> dict[str, dict[Any, int]]:
    """What is counted under a heading, by code and value."""
    return {facet["code"]: {value["value"]: value["count"] for value in facet["values"]} for facet in facets[heading]}


def test_what_is_chosen_leaves_its_neighbours_to_be_chosen_too(api: APIClient) -> None:
    make_category("Kitchen")
    make_category("Garden")
    for color, price, category in (("red", "5", "kitchen"), ("blue", "15", "kitchen"), ("green", "30", "garden")):
        make_product(color, price=price, category=category, stock=1, attributes={"color": color, "wide": True})

    facets = get(api, "/products/facets", **{"attributes.color": "red"})
    assert facets["total"] == 1
    assert counts(facets, "attributes") == {"color": {"blue": 1, "green": 1, "red": 1}, "wide": {True: 1}}
    assert [facet["slug"] for facet in facets["categories"]] == ["kitchen"]

    facets = get(api, "/products/facets", category="kitchen", price_max="10")
    assert (facets["total"], facets["in_stock"]) == (1, 1)
    assert [(facet["slug"], facet["count"]) for facet in facets["categories"]] == [("kitchen", 1)]
    assert [(facet["from"], facet["count"]) for facet in facets["prices"]] == [("0.01", 1), ("10.00", 1)]
    assert counts(facets, "attributes")["color"] == {"red": 1}

    facets = get(api, "/products/facets", category="garden")
    assert [(facet["slug"], facet["count"]) for facet in facets["categories"]] == [("kitchen", 2), ("garden", 1)]


def test_options_are_counted_by_products_that_have_a_variant_with_all_that_is_chosen(api: APIClient) -> None:
    variants: list[services.VariantInput] = [
        {"options": {"colour": "Sand", "Size": "S"}},
        {"options": {"colour": "Ink", "Size": "M"}, "stock_quantity": 1},
        {"options": {"colour": "Ink", "Size": "L"}},
    ]
    make_product("Shirt", variants=variants)
    make_product("Sock", variants=[{"options": {"Colour": "SAND", "Size": "M"}}, {"options": {"colour": "sand"}}])

    facets = get(api, "/products/facets")
    assert counts(facets, "options") == {"Size": {"M": 2, "L": 1, "S": 1}, "colour": {"SAND": 2, "Ink": 1}}
    assert [facet["label"] for facet in facets["options"]] == ["Size", "Colour"]
    facets = get(api, "/products/facets", **{"options.size": "m"})
    assert counts(facets, "options") == {"Size": {"M": 2, "L": 1, "S": 1}, "Colour": {"Ink": 1, "SAND": 1}}
    facets = get(api, "/products/facets", **{"options.size": "s", "options.colour": "ink"})
    assert facets["total"] == 0
    assert counts(facets, "options") == {"Size": {"L": 1, "M": 1}, "colour": {"Sand": 1}}


def test_what_is_chosen_stays_in_sight_among_many_values(api: APIClient) -> None:
    sizes = [f"{number:02}" for number in range(22)]
    for name in ("Boot", "Shoe"):
        make_product(name, variants=[{"options": {"size": size}} for size in sizes])
    for number in range(22):
        make_product(f"Mug {number}", attributes={"edition": number, "limited": f"L{number:02}"})
    make_product("Sandal", variants=[{"options": {"size": "\u00dc 99"}}])

    facets = get(api, "/products/facets")
    assert not {"21", "\u00dc 99"} & counts(facets, "options")["size"].keys()
    facets = get(api, "/products/facets", **{"options.size": ["\u00fc 99", "21"]})
    assert {"21": 2, "\u00dc 99": 1}.items() <= counts(facets, "options")["size"].items()
    assert len(counts(facets, "options")["size"]) == 20
    facets = get(api, "/products/facets", **{"attributes.limited": "L21"})
    assert counts(facets, "attributes")["limited"]["L21"] == 1
    facets = get(api, "/products/facets", **{"attributes.edition": "21"})
    assert counts(facets, "attributes")["edition"][21] == 1


def test_an_unknown_category_has_no_facets(api: APIClient) -> None:
    answer = api.get("/api/v1/products/facets", {"category": "nowhere"})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_category")


def test_products_with_the_same_attributes_are_taken_apart_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        make_product(f"Mug {number}", attributes={"color": "red", "size": number % 3})
    asked: list[tuple[str, dict[str, Any]]] = []

    def fetch(sql: str, params: dict[str, Any]) -> list[Any]:
        asked.append((sql, params))
        return fetch_rows(sql, params)

    monkeypatch.setattr(listed, "fetch_rows", fetch)
    found = {facet["code"]: facet["values"] for facet in read_facets(Selection()).attributes}
    assert [(value["value"], value["count"]) for value in found["color"]] == [("red", 12)]
    assert [(value["value"], value["count"]) for value in found["size"]] == [(0, 4), (1, 4), (2, 4)]

    [(sql, params)] = asked
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, format json) {sql}", texts_of(params))
        [(plans,)] = cursor.fetchall()
    taken_apart = [node["Actual Rows"] for node in nodes_of(plans[0]["Plan"]) if node["Node Type"] == "ProjectSet"]
    assert taken_apart == [6], "the two names of each of three"


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and all plans below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes_of(below)
