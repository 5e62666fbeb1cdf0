"""The filters of lists: what each lets through, and what more than one value of it means."""

import pytest
from rest_framework.test import APIClient

from catalog import services
from catalog.filters import ProductListFilters
from catalog.tests.asking import get, names
from catalog.tests.factories import make_category, make_product, variant_of
from events.actors import COMMAND

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
    assert names(api, category=["cups", "garden"], ordering="name") == ["Cup", "Rake"]
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


def test_options_are_those_of_one_variant_that_is_for_sale(api: APIClient) -> None:
    variants: list[services.VariantInput] = [
        {"options": {"Colour": "Crème", "size": "S"}},
        {"options": {"Colour": "Ink", "size": "Größe M"}},
    ]
    shirt = make_product("Shirt", variants=variants)
    make_product("Sock", variants=[{"options": {"colour": "ink"}}, {"options": {"colour": "sand"}}])
    for written in ("Crème", "CREME", "cre\u0300me"):
        assert names(api, **{"options.colour": written}) == ["Shirt"]
    assert names(api, **{"options.COLOUR": "Ink"}) == ["Sock", "Shirt"]
    assert names(api, **{"options.colour": ["sand", "creme"]}) == ["Sock", "Shirt"]
    assert names(api, **{"options.colour": "sand", "options.Colour": "creme"}) == ["Sock", "Shirt"], "one name"
    assert names(api, **{"options.colour": "ink", "options.size": "grosse m"}) == ["Shirt"]
    assert names(api, **{"options.colour": "creme", "options.size": "grosse m"}) == [], "of two variants"
    assert names(api, **{"options.colour": "creme"}, search="shirt") == ["Shirt"]
    assert names(api, **{"options.colour": "creme"}, in_stock="true", ordering="price") == []
    assert names(api, **{"options.weight": "heavy"}) == names(api, **{"options.colour": 'in"k'}) == []

    services.archive_variant(product_id=shirt.pk, variant_id=variant_of(shirt).pk, actor=COMMAND)
    assert names(api, **{"options.colour": "creme"}) == []


def test_what_stands_between_the_words_of_an_option_does_not_matter(api: APIClient) -> None:
    variants: list[services.VariantInput] = [
        {"options": {"Shoe-Size": "42/43", "colour": "Off-White"}},
        {"options": {"Shoe-Size": "44/45", "colour": "Black / Rosé_Gold"}},
    ]
    make_product("Runner", variants=variants)
    make_product("Boot", variants=[{"options": {"shoe size": "42-43", "colour": "off\u2013white"}}])
    make_product("Sock", variants=[{"options": {"shoe size": "4243", "colour": "White"}}])
    make_product("Freezer", variants=[{"options": {"degrees": "-18"}}])
    make_product("Oven", variants=[{"options": {"degrees": "18"}}])
    for written in ("off white", "Off-White", "OFF/WHITE", "off - white", "off\u00a0white", " off white "):
        assert names(api, **{"options.colour": written}) == ["Boot", "Runner"], written
    for written in ("black rose gold", "Black/Rosé-Gold", "black / rosé gold"):
        assert names(api, **{"options.colour": written}) == ["Runner"], written
    for name in ("shoe size", "Shoe-Size", "SHOE_SIZE"):
        assert names(api, **{f"options.{name}": "42 43"}) == ["Boot", "Runner"], name
    assert names(api, **{"options.colour": "offwhite"}) == []
    assert names(api, **{"options.degrees": "-18"}) == ["Freezer"]
    assert names(api, **{"options.degrees": "18"}) == ["Oven"]
    facets = get(api, "/products/facets", **{"options.colour": "off white"})["options"]
    [sizes] = [facet for facet in facets if facet["code"] in ("Shoe-Size", "shoe size")]
    assert [(value["value"], value["count"]) for value in sizes["values"]] == [("42-43", 2)], "one facet, one value"


def test_ids_and_skus_are_given_with_commas_or_again(api: APIClient, as_admin: APIClient) -> None:
    mug = make_product("Mug", sku="MUG")
    pot = make_product("Pot", variants=[{"sku": "POT-S"}, {"sku": "POT-L"}])
    old = make_product("Old", status="draft", sku="OLD")
    make_product("Cup", sku="CUP")
    ids = f"{mug.pk}, {pot.pk},{old.pk},,999999"
    assert names(api, ids=ids) == names(api, ids=[str(mug.pk), str(pot.pk)]) == ["Pot", "Mug"]
    assert names(api, sku="MUG,POT-L,OLD,NONE") == names(api, sku=["MUG", "POT-S,POT-L"]) == ["Pot", "Mug"]
    assert names(api, sku="MUG,CUP", ids=str(mug.pk)) == names(api, sku="MUG,CUP", search="mug") == ["Mug"]
    assert names(api, sku="mug,\uff30ot-l") == ["Pot", "Mug"]
    assert names(api, ids=",") == names(api, sku=" , ") == names(api)
    assert names(as_admin, ids=ids, status="draft") == ["Old"]
    services.archive_variant(product_id=pot.pk, variant_id=variant_of(pot).pk, actor=COMMAND)
    assert names(api, sku="POT-S") == []
    for query, code in (({"ids": "1,x"}, "invalid"), ({"ids": ",".join(map(str, range(1, 102)))}, "too_many_values")):
        answer = api.get("/api/v1/products", query)
        assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (400, [code])


def test_a_category_that_does_not_exist_is_refused(api: APIClient) -> None:
    make_category("Kitchen")
    make_product("Cup", category="kitchen")
    make_category("Empty")
    assert names(api, category="empty") == []
    for query in (
        {"category": "nowhere"},
        {"category": ["kitchen", "nowhere"]},
        {"category": "nowhere", "search": "x"},
    ):
        answer = api.get("/api/v1/products", query)
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_category")
        assert [error["field"] for error in answer.json()["errors"]] == ["category"]


def test_an_unknown_filter_is_refused_and_open_names_are_among_those_that_are_known(api: APIClient) -> None:
    answer = api.get("/api/v1/products", {"colour": "red"})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert answer.json()["detail"].endswith("status, attributes.<name>, options.<name>.")
    for name in ("attributes", "options", "option.colour", "options.", f"options.{'x' * 65}"):
        assert api.get("/api/v1/products", {name: "red"}).status_code == 400, name
    many = {f"options.o{number}": "x" for number in range(11)}
    assert api.get("/api/v1/products", many).json()["errors"][0]["code"] == "too_many_filters"
    assert names(api, **{"attributes.nobody_has_it": "red"}) == []


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u3000 "])
def test_a_blank_value_is_absent_from_every_parameter(api: APIClient, blank: str) -> None:
    make_product("Mug")
    every = [*ProductListFilters.base_filters, "attributes.color", "options.colour"]
    assert names(api, **dict.fromkeys(every, blank)) == ["Mug"]
    assert names(api, **{"attributes.color": [blank, "red"]}) == []
