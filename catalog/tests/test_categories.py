"""The tree of categories over HTTP, and what keeps it a tree."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import MAX_DEPTH, Category
from catalog.tests.factories import make_category, make_product, snapshot
from events.models import Event

pytestmark = pytest.mark.django_db

URL = "/api/v1/categories"


def refused(client: APIClient, method: str, path: str, body: Any, status: int, code: str) -> None:
    before = snapshot()
    response = getattr(client, method)(f"{URL}{path}", body, format="json")
    assert (response.status_code, response.json()["code"]) == (status, code), response.content
    assert snapshot() == before


def test_a_category_is_answered_with_its_relatives_and_its_count(api: APIClient) -> None:
    top = make_category("Kitchen")
    cups = make_category("Cups", parent="kitchen")
    make_category("Bowls", parent="kitchen")
    make_product("Pan", category=top)
    make_product("Cup", category=cups)
    make_product("Old cup", category=cups, status="archived")
    assert api.get(f"{URL}/kitchen/").json() == {
        "category_id": top.pk,
        "slug": "kitchen",
        "name": "Kitchen",
        "parent": None,
        "path": [{"slug": "kitchen", "name": "Kitchen"}],
        "children": [{"slug": "bowls", "name": "Bowls"}, {"slug": "cups", "name": "Cups"}],
        "product_count": 2,
        "version": 1,
    }
    document = api.get(f"{URL}/cups").json()
    assert (document["parent"], document["product_count"]) == ({"slug": "kitchen", "name": "Kitchen"}, 1)
    make_category("Mugs", parent="cups")
    below = {row["slug"]: [step["slug"] for step in row["path"]] for row in api.get(URL).json()["results"]}
    assert below["mugs"] == ["kitchen", "cups", "mugs"]
    assert (below["kitchen"], below["bowls"]) == (["kitchen"], ["kitchen", "bowls"])


def test_categories_are_listed_by_name(api: APIClient) -> None:
    for name in ("C", "A", "B"):
        make_category(name)
    page = api.get(f"{URL}/", {"page_size": "2", "count": "exact"}).json()
    assert [row["name"] for row in page["results"]] == ["A", "B"]
    assert page["count"] == 3
    assert [row["name"] for row in api.get(page["next"]).json()["results"]] == ["C"]


def test_a_category_is_created_below_its_parent(as_admin: APIClient) -> None:
    make_category("Kitchen")
    response = as_admin.post(URL, {"name": "Cups & Mugs", "parent": "kitchen"})
    assert response.status_code == 201
    document = response.json()
    assert (document["slug"], document["parent"]["slug"]) == ("cups-mugs", "kitchen")
    assert Event.objects.filter(kind="category.created").count() == 2
    assert as_admin.post(URL, {"name": "Cups & Mugs"}).json()["slug"] == "cups-mugs-2"


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_category_can_be_renamed_and_moved(as_admin: APIClient, method: str) -> None:
    make_category("Kitchen")
    make_category("Cups")
    change = getattr(as_admin, method)
    document = change(f"{URL}/cups", {"name": "Mugs", "slug": "mugs", "parent": "kitchen"}).json()
    assert (document["name"], document["slug"], document["version"]) == ("Mugs", "mugs", 2)
    assert document["parent"]["slug"] == "kitchen"
    assert change(f"{URL}/mugs", {"parent": None}).json()["parent"] is None
    before = snapshot()
    assert change(f"{URL}/mugs", {"name": "Mugs", "parent": None}).status_code == 200
    assert snapshot() == before


def test_nothing_can_lie_below_itself(as_admin: APIClient) -> None:
    make_category("A")
    make_category("B", parent="a")
    make_category("C", parent="b")
    for parent in ("a", "b", "c"):
        refused(as_admin, "patch", "/a", {"parent": parent}, 409, "category_cycle")


def test_the_tree_has_a_depth(as_admin: APIClient) -> None:
    parent = None
    for level in range(1, MAX_DEPTH + 1):
        parent = make_category(f"L{level}", parent=parent).slug
    refused(as_admin, "post", "", {"name": "Too deep", "parent": parent}, 409, "category_too_deep")
    make_category("X")
    make_category("Y", parent="x")
    refused(as_admin, "patch", "/x", {"parent": f"l{MAX_DEPTH - 1}"}, 409, "category_too_deep")
    assert as_admin.patch(f"{URL}/x", {"parent": f"l{MAX_DEPTH - 2}"}).status_code == 200


def test_what_is_wrong_with_a_category_is_refused(as_admin: APIClient) -> None:
    make_category("Kitchen")
    make_category("Cups")
    refused(as_admin, "post", "", {"name": "X", "slug": "cups"}, 409, "slug_taken")
    refused(as_admin, "patch", "/kitchen", {"slug": "cups"}, 409, "slug_taken")
    refused(as_admin, "post", "", {"name": "X", "parent": "nowhere"}, 400, "unknown_category")
    refused(as_admin, "patch", "/cups", {"parent": "nowhere"}, 400, "unknown_category")
    refused(as_admin, "post", "", {"name": ""}, 400, "invalid")
    refused(as_admin, "post", "", {"name": "x" * 101}, 400, "invalid")
    refused(as_admin, "post", "", {"name": "X", "children": []}, 400, "invalid")
    refused(as_admin, "post", "", {"name": "X", "slug": "123"}, 400, "invalid")
    refused(as_admin, "patch", "/nowhere", {"name": "X"}, 404, "not_found")
    refused(as_admin, "delete", "/nowhere", None, 404, "not_found")


def test_only_an_empty_category_can_be_deleted(as_admin: APIClient) -> None:
    make_category("Kitchen")
    cups = make_category("Cups", parent="kitchen")
    product = make_product("Cup", category=cups, status="archived")
    refused(as_admin, "delete", "/kitchen", None, 409, "category_in_use")
    refused(as_admin, "delete", "/cups", None, 409, "category_in_use")
    assert as_admin.patch(f"/api/v1/products/{product.pk}", {"category": None}).status_code == 200
    assert as_admin.delete(f"{URL}/cups").status_code == 204
    assert as_admin.delete(f"{URL}/kitchen/").status_code == 204
    assert Category.objects.count() == 0
    assert Event.objects.filter(kind="category.deleted").count() == 2


def test_a_stale_category_is_refused(as_admin: APIClient) -> None:
    make_category("Kitchen")
    seen = as_admin.get(f"{URL}/kitchen").headers["ETag"]
    assert as_admin.put(f"{URL}/kitchen", {"name": "A"}, headers={"If-Match": seen}).status_code == 200
    assert as_admin.put(f"{URL}/kitchen", {"name": "B"}, headers={"If-Match": seen}).status_code == 412
    assert Category.objects.get().name == "A"


def test_only_staff_with_the_permission_write_categories(api: APIClient, as_customer: APIClient, as_staff: Any) -> None:
    make_category("Kitchen")
    before = snapshot()
    for client, status in ((api, 401), (as_customer, 403), (as_staff("order desk"), 403)):
        assert client.post(URL, {"name": "X"}).status_code == status
        assert client.put(f"{URL}/kitchen", {"name": "X"}).status_code == status
        assert client.delete(f"{URL}/kitchen").status_code == status
    assert snapshot() == before
