"""The filters of lists: what each lets through, and what more than one value of it means."""

import pytest
from rest_framework.test import APIClient

from catalog.tests.asking import get, names
from catalog.tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db


def test_each_filter_narrows_the_list(api: APIClient) -> None:
    kitchen = make_category("Kitchen")
    cups = make_category("Cups", parent="kitchen")
    make_product("Pan", price="50.00", category=kitchen, stock=1)
    make_product("Cup", price="5.00", category=cups, attributes={"color": "red", "size": 4})
    make_product("Lamp", price="20.00", stock=2, attributes={"color": "blue", "size": 4.5, "dim": True})
    assert names(api) == ["Lamp", "Cup", "Pan"]
    assert names(api, category="kitchen") == ["Cup", "Pan"]
    assert names(api, category="cups") == ["Cup"]
    assert names(api, category="nowhere") == []
    assert names(api, price_min="5.01", price_max="50") == ["Lamp", "Pan"]
    assert names(api, price_min="60", price_max="50") == []
    assert names(api, in_stock="true") == names(api, in_stock_only="true") == ["Lamp", "Pan"]
    assert names(api, in_stock="false") == ["Cup"]
    assert names(api, in_stock_only="false") == ["Lamp", "Cup", "Pan"]
    assert names(api, **{"attributes.color": "red"}) == ["Cup"]
    assert names(api, **{"attributes.size": "4"}) == ["Cup"]
    assert names(api, **{"attributes.size": "4.5", "attributes.dim": "true"}) == ["Lamp"]
    assert names(api, **{"attributes.size": "4", "attributes.color": "blue"}) == []
    assert names(api, search="", category="") == ["Lamp", "Cup", "Pan"]


def test_prices_are_compared_exactly_and_both_ends_belong(api: APIClient) -> None:
    make_product("Mug", price="19.99")
    assert names(api, price_min="19.99", price_max="19.99") == ["Mug"]
    assert names(api, price_max="19.98") == []


def test_a_filter_that_is_repeated_means_either_of_its_values(api: APIClient, as_admin: APIClient) -> None:
    make_category("Kitchen")
    make_category("Cups", parent="kitchen")
    make_category("Garden")
    make_product("Cup", category="cups", attributes={"color": "red", "size": 4})
    make_product("Pan", category="kitchen", attributes={"color": "blue"})
    make_product("Rake", category="garden", attributes={"color": "red"})
    make_product("Old", status="draft")

    assert names(api, category=["cups", "kitchen"], ordering="name") == ["Cup", "Pan"], "each once"
    assert names(api, category=["cups", "garden", "nowhere"], ordering="name") == ["Cup", "Rake"]
    assert names(api, category=["kitchen", "garden"], **{"attributes.color": "red"}, ordering="name") == ["Cup", "Rake"]
    assert names(api, **{"attributes.color": ["red", "blue"]}, ordering="name") == ["Cup", "Pan", "Rake"]
    assert names(api, **{"attributes.color": ["red", "blue"], "attributes.size": ["3", "4"]}) == ["Cup"]
    assert names(api, search="cup", category=["kitchen", "garden"]) == ["Cup"]
    assert get(api, "/products", category=["cups", "kitchen"], count="exact")["count"] == 2
    assert names(as_admin, status=["active", "draft"], ordering="name") == ["Cup", "Old", "Pan", "Rake"]
    assert api.get("/api/v1/products", {"status": ["active", "draft"]}).status_code == 401


def test_attributes_that_are_asked_for_have_a_limit(api: APIClient) -> None:
    make_product("Mug", attributes={"color": "red"})
    many = {"attributes.color": [*map(str, range(49)), "red"]}
    assert names(api, **many) == ["Mug"]

    response = api.get("/api/v1/products", many | {"attributes.size": "1"})

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("attributes", "too_many_filters")
    ]
