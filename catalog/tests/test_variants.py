"""Variants over HTTP: read by anyone, written by staff, never none of them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import MAX_VARIANTS, Variant
from catalog.tests.factories import make_product, snapshot, variant_of
from catalog.tests.refusals import URL, fields_of, refused
from events.models import Event
from inventory.models import StockItem, StockMovement, Warehouse

pytestmark = pytest.mark.django_db


def test_variants_are_a_list_in_their_sequence(api: APIClient) -> None:
    product = make_product("Mug", variants=[{"name": "S", "stock_quantity": 2}, {"name": "M"}, {"name": "L"}])
    document = api.get(f"{URL}/{product.pk}/variants", {"page_size": "2", "count": "exact"}).json()
    assert [row["name"] for row in document["results"]] == ["S", "M"]
    assert document["count"] == 3
    rest = api.get(document["next"]).json()
    assert [row["name"] for row in rest["results"]] == ["L"]
    whole = api.get(f"{URL}/{product.pk}").json()["variants"]
    assert document["results"] + rest["results"] == whole
    assert api.get(f"{URL}/{product.pk}/variants/{whole[0]['variant_id']}/").json() == whole[0]


def test_a_variant_is_added_after_the_others(as_admin: APIClient) -> None:
    product = make_product("Mug", stock=1)
    body = {
        "sku": "MUG-L",
        "name": "Large",
        "options": {"size": "L"},
        "price": "12.00",
        "stock_quantity": 4,
        "max_per_customer": 2,
    }
    response = as_admin.post(f"{URL}/{product.pk}/variants", body)
    assert response.status_code == 201
    document = response.json()
    assert {name: document[name] for name in body} == body
    assert document["in_stock"] is True
    shown = as_admin.get(f"{URL}/{product.pk}").json()
    assert shown["variants"][1] == document
    assert (shown["sku"], shown["stock_quantity"]) == (f"P-{product.pk}", 5)
    assert StockItem.objects.get(sku="MUG-L").name == "Mug (Large)"
    assert Event.objects.filter(kind="product.variant_added").get().payload["variant_id"] == document["variant_id"]


def test_the_same_key_adds_one_variant(as_admin: APIClient) -> None:
    product = make_product("Mug")
    for _ in range(2):
        headers = {"Idempotency-Key": "k"}
        response = as_admin.post(f"{URL}/{product.pk}/variants", {"stock_quantity": 1}, headers=headers)
        assert response.status_code == 201
    assert product.variants.count() == 2
    assert StockMovement.objects.count() == 1


def test_every_field_of_a_variant_can_be_changed_alone(as_admin: APIClient) -> None:
    product = make_product("Mug", variants=[{"name": "S"}, {"name": "M"}])
    variant = variant_of(product)
    changes: dict[str, Any] = {
        "name": "Small",
        "options": {"size": "S"},
        "price": "8.00",
        "sku": "SMALL",
        "stock_quantity": 9,
        "max_per_customer": 3,
    }
    for version, (field, value) in enumerate(changes.items(), start=2):
        document = as_admin.patch(f"{URL}/{product.pk}/variants/{variant.pk}", {field: value}).json()
        assert (document[field], document["version"]) == (value, version)
    assert StockItem.objects.get(sku="SMALL").name == "Mug (Small)"
    document = as_admin.patch(f"{URL}/{product.pk}/variants/{variant.pk}", {"price": None}).json()
    assert document["price"] == "10.00", "the product's"
    document = as_admin.patch(f"{URL}/{product.pk}/variants/{variant.pk}", {"max_per_customer": None}).json()
    assert document["max_per_customer"] is None
    as_admin.patch(f"{URL}/{product.pk}/variants/{variant.pk}", {"max_per_customer": 3})
    before = snapshot()
    as_admin.patch(f"{URL}/{product.pk}/variants/{variant.pk}", changes | {"price": None})
    assert snapshot() == before


@pytest.mark.parametrize(
    ("value", "code"),
    [(0, "min_value"), (-1, "min_value"), (10**9 + 1, "max_value"), ("3", "invalid"), (True, "invalid")],
)
def test_a_limit_per_customer_is_some_units(as_admin: APIClient, value: Any, code: str) -> None:
    product = make_product("Mug")
    path = f"/{product.pk}/variants/{variant_of(product).pk}"
    document = refused(as_admin, "patch", path, {"max_per_customer": value}, 400, "invalid")
    assert fields_of(document) == [("max_per_customer", code)]


def test_a_renamed_product_renames_the_items_of_all_its_variants(as_admin: APIClient) -> None:
    product = make_product("Mug", variants=[{"name": "S"}, {"name": "M"}])
    as_admin.patch(f"{URL}/{product.pk}", {"name": "Cup"})
    assert set(StockItem.objects.values_list("name", flat=True)) == {"Cup (S)", "Cup (M)"}


def test_a_stale_variant_is_refused(as_admin: APIClient) -> None:
    product = make_product("Mug")
    path = f"{URL}/{product.pk}/variants/{variant_of(product).pk}"
    seen = as_admin.get(path).headers["ETag"]
    assert as_admin.patch(path, {"name": "A"}, headers={"If-Match": seen}).status_code == 200
    before = snapshot()
    assert as_admin.patch(path, {"name": "B"}, headers={"If-Match": seen}).status_code == 412
    assert snapshot() == before


def test_a_removed_variant_is_archived_and_the_last_one_stays(as_admin: APIClient, api: APIClient) -> None:
    product = make_product("Mug", variants=[{"name": "S", "stock_quantity": 2}, {"name": "M"}])
    first, last = Variant.objects.all()
    for _ in range(2):
        assert as_admin.delete(f"{URL}/{product.pk}/variants/{first.pk}").status_code == 204
    first.refresh_from_db()
    assert first.archived_at is not None
    assert api.get(f"{URL}/{product.pk}/variants/{first.pk}").status_code == 404
    assert Event.objects.filter(kind="product.variant_archived").count() == 1
    refused(as_admin, "delete", f"/{product.pk}/variants/{last.pk}", None, 409, "last_variant")


def test_an_archived_variant_is_shown_to_editors_who_ask(as_admin: APIClient, api: APIClient) -> None:
    product = make_product("Mug", variants=[{"name": "S", "stock_quantity": 2}, {"name": "M"}])
    first, last = Variant.objects.all()
    as_admin.delete(f"{URL}/{product.pk}/variants/{first.pk}")

    def listed(query: str) -> list[int]:
        return [row["variant_id"] for row in as_admin.get(f"{URL}/{product.pk}/variants{query}").json()["results"]]

    assert (listed(""), listed("?archived=false"), listed("?archived=true")) == ([last.pk], [last.pk], [first.pk])
    assert as_admin.get(f"{URL}/{product.pk}/variants/{first.pk}").json()["stock_quantity"] == 2
    assert api.get(f"{URL}/{product.pk}/variants?archived=true").status_code == 401
    assert [row["variant_id"] for row in as_admin.get(f"{URL}/{product.pk}").json()["variants"]] == [last.pk]


def test_an_archived_variant_gives_its_sku_away_and_can_come_back(as_admin: APIClient, api: APIClient) -> None:
    product = make_product("Mug", variants=[{"sku": "MUG-S", "name": "S", "stock_quantity": 5}, {"name": "M"}])
    first, _ = Variant.objects.all()
    path = f"/{product.pk}/variants/{first.pk}"
    as_admin.delete(f"{URL}{path}")
    refused(as_admin, "post", f"/{product.pk}/variants", {"sku": "MUG-S"}, 409, "sku_taken")

    assert as_admin.patch(f"{URL}{path}", {"sku": "MUG-S-OLD"}).json()["sku"] == "MUG-S-OLD"
    assert as_admin.post(f"{URL}/{product.pk}/variants", {"sku": "MUG-S"}).status_code == 201
    for _ in range(2):
        answer = as_admin.post(f"{URL}{path}/restore")
        assert (answer.status_code, answer.json()["stock_quantity"]) == (200, 5)

    assert api.get(f"{URL}{path}").json()["sku"] == "MUG-S-OLD"
    assert Event.objects.filter(kind="product.variant_restored").count() == 1
    assert api.post(f"{URL}{path}/restore").status_code == 401
    refused(as_admin, "post", f"/{product.pk}/variants/999999999/restore", None, 404, "not_found")


def test_the_stock_of_an_archived_variant_can_be_moved(as_admin: APIClient) -> None:
    product = make_product("Mug", variants=[{"sku": "MUG-S", "stock_quantity": 5}, {}])
    Warehouse.objects.create(code="attic", name="Attic", priority=500)
    as_admin.delete(f"{URL}/{product.pk}/variants/{Variant.objects.all()[0].pk}")

    moved = {"from": "main", "to": "attic", "lines": [{"sku": "MUG-S", "quantity": 4}]}
    assert as_admin.post("/api/v1/inventory/transfers", moved).status_code == 201
    lost = {"reason": "sold off", "lines": [{"sku": "MUG-S", "warehouse": "attic", "delta": -4}]}
    assert as_admin.post("/api/v1/inventory/adjustments", lost).status_code == 201

    item = as_admin.get("/api/v1/inventory/items/MUG-S").json()
    assert (item["on_hand"], item["is_sold"], item["band"]) == (1, False, None)
    found = as_admin.get("/api/v1/inventory/items?is_sold=false").json()["results"]
    assert [row["sku"] for row in found] == ["MUG-S"]


def test_what_is_restored_is_for_sale_if_its_product_is(as_admin: APIClient) -> None:
    product = make_product("Mug", variants=[{"sku": "MUG-S"}, {}])
    path = f"{URL}/{product.pk}/variants/{Variant.objects.all()[0].pk}"
    item = StockItem.objects.get(sku="MUG-S")
    standing = []
    for verb, to, body in (
        ("delete", path, None),
        ("patch", f"{URL}/{product.pk}", {"status": "archived"}),
        ("post", f"{path}/restore", None),
        ("patch", f"{URL}/{product.pk}", {"status": "active"}),
    ):
        getattr(as_admin, verb)(to, body)
        item.refresh_from_db()
        standing.append((item.is_sold, item.alerts.filter(closed_at=None).exists()))

    assert standing == [(False, False), (False, False), (False, False), (True, True)]


def test_a_product_that_is_full_takes_no_variant_back(as_admin: APIClient) -> None:
    product = make_product("Mug", variants=[{} for _ in range(MAX_VARIANTS)])
    path = f"/{product.pk}/variants/{variant_of(product).pk}"
    as_admin.delete(f"{URL}{path}")
    as_admin.post(f"{URL}/{product.pk}/variants", {})
    refused(as_admin, "post", f"{path}/restore", None, 409, "too_many_variants")


def test_a_variant_is_only_found_under_its_own_product(as_admin: APIClient) -> None:
    product, other = make_product("Mug"), make_product("Cup", variants=[{}, {}])
    path = f"/{product.pk}/variants/{variant_of(other).pk}"
    assert as_admin.get(f"{URL}{path}").status_code == 404
    refused(as_admin, "patch", path, {"name": "X"}, 404, "not_found")
    refused(as_admin, "delete", path, None, 404, "not_found")
    refused(as_admin, "post", "/999999999/variants", {"name": "X"}, 404, "not_found")


def test_what_is_wrong_with_a_variant_is_refused(as_admin: APIClient) -> None:
    make_product("Cup", sku="CUP")
    product = make_product("Mug")
    path = f"/{product.pk}/variants"
    document = refused(as_admin, "post", path, {"sku": "CUP", "stock_quantity": 3}, 409, "sku_taken")
    assert fields_of(document) == [("sku", "sku_taken")]
    refused(as_admin, "post", path, {"price": "0"}, 400, "invalid")
    refused(as_admin, "post", path, {"options": {"a": ""}}, 400, "invalid")
    refused(as_admin, "post", path, {"position": 3}, 400, "invalid")
    refused(
        as_admin, "patch", f"{path}/{variant_of(product).pk}", {"stock_quantity": 5, "sku": "CUP"}, 409, "sku_taken"
    )
    refused(as_admin, "put", f"{path}/{variant_of(product).pk}", {"name": "x"}, 405, "method_not_allowed")


def test_a_product_has_so_many_variants_and_no_more(as_admin: APIClient) -> None:
    product = make_product("Mug", variants=[{"name": str(number)} for number in range(MAX_VARIANTS)])
    assert len(set(product.variants.values_list("stock_item__sku", flat=True))) == MAX_VARIANTS
    refused(as_admin, "post", f"/{product.pk}/variants", {"name": "one more"}, 409, "too_many_variants")


def test_only_staff_with_the_permission_write_variants(api: APIClient, as_customer: APIClient, as_staff: Any) -> None:
    product = make_product("Mug", variants=[{}, {}])
    path = f"{URL}/{product.pk}/variants"
    before = snapshot()
    for client, status in ((api, 401), (as_customer, 403), (as_staff("order desk"), 403)):
        assert client.post(path, {"name": "X"}).status_code == status
        assert client.patch(f"{path}/{variant_of(product).pk}", {"name": "X"}).status_code == status
        assert client.delete(f"{path}/{variant_of(product).pk}").status_code == status
    assert snapshot() == before
