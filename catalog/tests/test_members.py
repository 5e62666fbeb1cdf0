"""What the rows of a list have: the members that are asked for, and the cursors beside them."""

from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.listing import pages, single
from catalog.members import ALL, EDITORS_ONLY
from catalog.services import VariantInput
from catalog.tests.asking import get, names
from catalog.tests.factories import make_category, make_product
from catalog.tests.pictures import add_picture
from database.rows import fetch_rows

pytestmark = pytest.mark.django_db

URL = "/api/v1/products"


@pytest.fixture
def whole(api: APIClient) -> dict[str, Any]:
    """The row of a product with two variants and a picture, as it is without being asked for less."""
    add_picture(make_product("Mug", variants=[{"name": "S"}, {"name": "M"}]))
    [row] = get(api, "/products")["results"]
    return dict(row)


@pytest.mark.parametrize(
    ("expand", "left_out"),
    [
        ("none", {"variants", "images"}),
        ("variants", {"images"}),
        ("images", {"variants"}),
        ("variants,images", set()),
        (["images", "variants"], set()),
        ("all", set()),
        ("all,none", set()),
        ("", set()),
    ],
)
def test_expand_names_what_rows_have_beside_their_own_members(
    api: APIClient, whole: dict[str, Any], expand: Any, left_out: set[str]
) -> None:
    assert len(whole["variants"]) == 2
    assert len(whole["images"]) == 1
    [row] = get(api, "/products", expand=expand)["results"]
    assert row == {name: value for name, value in whole.items() if name not in left_out}


def test_fields_names_the_members_of_rows(api: APIClient, whole: dict[str, Any]) -> None:
    def row(**query: Any) -> Any:
        return get(api, "/products", **query)["results"][0]

    assert list(row(fields="price_from, name")) == ["name", "price_from"]
    assert row(fields=["name", "images,name"]) == {"name": "Mug", "images": whole["images"]}
    assert row(fields="name,variants", expand="none") == {"name": "Mug"}
    assert row(fields="") == row(fields=",") == whole
    assert row(fields=",".join(whole)) == whole


@pytest.mark.parametrize("member", sorted(ALL - EDITORS_ONLY))
def test_a_member_says_the_same_alone(api: APIClient, member: str) -> None:
    tin = {"quantity": "750", "unit": "ml"}
    variants: list[VariantInput] = [
        {
            "options": {"Size": size, "Colour": colour},
            "unit_measure": tin,
            "price": Decimal(9),
            "compare_at_price": Decimal(12),
        }
        for size in "SM"
        for colour in ("red", "blue")
    ]
    product = make_product("Paint", category=make_category("Colours"), attributes={"matt": True}, variants=variants)
    add_picture(product)
    [listed] = get(api, "/products")["results"]
    assert get(api, "/products", fields=member)["results"] == [{member: listed[member]}]
    whole = get(api, f"/products/{product.pk}")
    assert get(api, f"/products/{product.slug}", fields=member) == {member: whole[member]}


def test_one_product_has_the_members_that_are_asked_for(api: APIClient, whole: dict[str, Any], sql: list[str]) -> None:
    def product(**query: Any) -> Any:
        return get(api, f"/products/{whole['product_id']}", **query)

    assert product() == product(expand="all") == whole
    assert product(expand="images", fields="name,images,variants") == {"name": "Mug", "images": whole["images"]}
    assert product(fields="name") == {"name": "Mug"}
    assert "catalog_image" not in sql[-1]
    assert "row_to_json" not in sql[-1]
    answer = api.get(f"{URL}/{whole['product_id']}", {"fields": "name,colour"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_choice")


def test_editors_alone_are_shown_the_tax_class(api: APIClient, as_admin: APIClient, whole: dict[str, Any]) -> None:
    url = f"{URL}/{whole['product_id']}"
    assert api.get(url, {"fields": "tax_class,name"}).json() == {"name": "Mug"}
    assert as_admin.get(url, {"fields": "tax_class"}).json() == {"tax_class": ""}


def test_a_member_that_rows_do_not_have_is_refused(api: APIClient) -> None:
    for query in ({"fields": "name,colour"}, {"expand": "variants,stock"}):
        answer = api.get(URL, query)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_choice")


def test_rows_without_details_do_not_read_them(api: APIClient, whole: dict[str, Any], sql: list[str]) -> None:
    get(api, "/products", fields="name")
    get(api, "/products", fields="name,images")
    assert [("json_build_object" in text, "catalog_image" in text) for text in sql] == [(False, False), (False, True)]


@pytest.fixture
def sql(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements of pages, as they are sent."""
    sent: list[str] = []

    def fetch_and_tell(text: str, params: Any) -> list[Any]:
        sent.append(text)
        return fetch_rows(text, params)

    monkeypatch.setattr(pages, "fetch_rows", fetch_and_tell)
    monkeypatch.setattr(single, "fetch_rows", fetch_and_tell)
    return sent


def test_a_statement_is_made_once_for_all_values(
    api: APIClient, sql: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[Any, str] = {}
    monkeypatch.setattr(pages, "_statements", kept)
    make_category("Kitchen")
    make_category("Garden")
    make_product("Cup", price="5.00", category="kitchen", stock=1)
    make_product("Rake", price="15.00", category="garden", stock=1)
    query = {"in_stock": "true", "ordering": "price"}
    assert names(api, category="kitchen", price_max="10", **query) == ["Cup"]
    assert names(api, category="garden", price_max="20", **query) == ["Rake"]
    assert len(kept) == 1
    assert sql[0] is sql[1]
    assert names(api, category="garden", price_min="10", **query) == ["Rake"]
    assert names(api, category=["garden", "kitchen"], price_min="1", **query) == ["Cup", "Rake"]
    assert len(kept) == 3


def test_statements_make_room_for_others(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[Any, str] = {}
    monkeypatch.setattr(pages, "_statements", kept)
    monkeypatch.setattr(pages, "MAX_STATEMENTS", 2)
    make_product("Cup")
    for size in range(1, 6):
        assert names(api, page_size=size) == ["Cup"]
        assert len(kept) <= 2


def test_cursors_stand_beside_the_addresses(api: APIClient) -> None:
    for number in range(5):
        make_product(f"Mug {number}")
    first = get(api, "/products", page_size=2, ordering="name")
    assert (first["previous"], first["previous_cursor"]) == (None, None)
    assert first["next"].endswith(f"cursor={first['next_cursor']}")
    second = get(api, "/products", page_size=2, ordering="name", cursor=first["next_cursor"])
    assert second == api.get(first["next"]).json() | {name: second[name] for name in ("next", "previous")}
    assert second["previous"].endswith(f"cursor={second['previous_cursor']}")
    back = get(api, "/products", page_size=2, ordering="name", cursor=second["previous_cursor"])
    assert back["results"] == first["results"]
    last = get(api, "/products", page_size=2, ordering="name", cursor=second["next_cursor"])
    assert (last["next"], last["next_cursor"], len(last["results"])) == (None, None, 1)
