"""Writing products: what staff may do, what becomes true, and what is refused with nothing changed."""

from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog import services
from catalog.exceptions import AmbiguousSku, AmbiguousStock, SlugTaken, UnknownCategory
from catalog.models import Product
from catalog.tests.factories import make_category, make_product, snapshot, variant_of
from catalog.tests.refusals import URL, fields_of, refused
from database.refusals import NotFound, VersionMismatch
from events.actors import COMMAND
from events.models import Event
from inventory import services as inventory
from inventory.exceptions import SkuTaken
from inventory.models import StockItem, StockMovement

pytestmark = pytest.mark.django_db


def test_a_product_needs_a_name_and_a_price_and_gets_the_rest(as_admin: APIClient) -> None:
    response = as_admin.post(URL, {"name": "Crème Brûlée_Set", "price": "29.99"})
    assert response.status_code == 201
    document = response.json()
    assert document["slug"] == "creme-brulee-set"
    assert document["sku"] == f"P-{document['product_id']}"
    assert (document["stock_quantity"], document["in_stock"], document["status"]) == (0, False, "active")
    assert len(document["variants"]) == 1
    assert as_admin.get(f"{URL}/{document['product_id']}/").json() == document


def test_everything_can_be_said_at_once(as_admin: APIClient) -> None:
    make_category("Kitchen")
    body = {
        "name": "Mug",
        "price": "29.9",
        "description": "Holds coffee.",
        "category": "kitchen",
        "sku": "MUG/1".replace("/", "-"),
        "stock_quantity": 7,
        "slug": "the-mug",
        "status": "draft",
        "attributes": {"color": "red", "litres": 0.25, "dishwasher": True},
    }
    document = as_admin.post(URL, body).json()
    assert {name: document[name] for name in body} == body | {
        "price": "29.90",
        "category": {"slug": "kitchen", "name": "Kitchen"},
    }


def test_stock_begins_with_a_receipt(as_admin: APIClient) -> None:
    document = as_admin.post(URL, {"name": "Mug", "price": "5.00", "stock_quantity": 7}).json()
    movement = StockMovement.objects.get()
    assert (movement.kind, movement.on_hand_delta, movement.on_hand_after) == ("received", 7, 7)
    assert movement.reference == f"opening:{document['product_id']}"
    assert movement.actor.startswith("staff:")
    item = StockItem.objects.get()
    assert (item.name, item.in_stock) == ("Mug", True)


def test_a_product_with_variants_has_just_these(as_admin: APIClient) -> None:
    variants: list[dict[str, Any]] = [
        {"options": {"size": "M", "color": "red"}, "stock_quantity": 2},
        {"sku": "MUG-L", "name": "Large", "options": {"size": "L"}, "price": "12.00", "stock_quantity": 3},
    ]
    document = as_admin.post(URL, {"name": "Mug", "price": "10.00", "variants": variants}).json()
    shown = [(row["sku"], row["name"], row["price"], row["stock_quantity"]) for row in document["variants"]]
    assert shown == [(document["sku"], "M / red", "10.00", 2), ("MUG-L", "Large", "12.00", 3)]
    assert document["stock_quantity"] == 5
    assert set(StockItem.objects.values_list("name", flat=True)) == {"Mug (M / red)", "Mug (Large)"}
    assert len(set(StockMovement.objects.values_list("reference", flat=True))) == 1


def test_stock_and_sku_of_a_product_with_variants_must_be_said_of_them(as_admin: APIClient) -> None:
    body = {"name": "Mug", "price": "5.00", "variants": [{}, {}]}
    refused(as_admin, "post", "", body | {"stock_quantity": 5}, 409, "ambiguous_stock")
    refused(as_admin, "post", "", body | {"sku": "MUG"}, 409, "ambiguous_sku")


def test_what_is_taken_is_refused(as_admin: APIClient) -> None:
    make_product("Mug", sku="MUG")
    body = {"name": "Cup", "price": "5.00", "stock_quantity": 3}
    assert fields_of(refused(as_admin, "post", "", body | {"slug": "mug"}, 409, "slug_taken")) == [
        ("slug", "slug_taken")
    ]
    assert fields_of(refused(as_admin, "post", "", body | {"sku": "MUG"}, 409, "sku_taken")) == [("sku", "sku_taken")]
    twice = {"name": "Cup", "price": "5.00", "variants": [{"sku": "CUP"}, {"sku": "CUP"}]}
    assert fields_of(refused(as_admin, "post", "", twice, 409, "sku_taken")) == [("variants.1.sku", "sku_taken")]


def test_slugs_are_made_from_names_and_never_collide() -> None:
    assert [make_product("Mug").slug for _ in range(3)] == ["mug", "mug-2", "mug-3"]
    assert make_product("Facets").slug == "facets-2"
    assert make_product("2001").slug == "product-2001"
    assert make_product("日本").slug == "riben"
    assert make_product("---").slug == "product"
    assert len(make_product("x" * 255).slug) == 255
    for _ in range(7):
        last = make_product("Mug").slug
    assert last.startswith("mug-")
    assert len(last) == len("mug-") + 6


def test_a_sku_that_is_taken_is_not_generated() -> None:
    product = make_product("Mug")
    make_product("Taken", sku=f"P-{product.pk + 2}")
    made = make_product("Next")
    assert variant_of(made).stock_item.sku == f"P-{made.pk}-2"


def test_the_same_key_creates_one_product(as_admin: APIClient) -> None:
    body = {"name": "Mug", "price": "5.00", "stock_quantity": 3}
    first = as_admin.post(URL, body, headers={"Idempotency-Key": "k"})
    again = as_admin.post(URL, body, headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Product.objects.count() == StockMovement.objects.count() == 1


@pytest.mark.parametrize("method", ["put", "patch"])
def test_every_field_can_be_changed_alone(as_admin: APIClient, method: str) -> None:
    make_category("Kitchen")
    product = make_product("Mug", stock=3)
    changes: dict[str, Any] = {
        "name": "Cup",
        "price": "11.00",
        "description": "Better.",
        "category": "kitchen",
        "slug": "cup",
        "status": "draft",
        "attributes": {"n": 1},
        "sku": "CUP",
        "stock_quantity": 8,
    }
    for version, (field, value) in enumerate(changes.items(), start=2):
        document = getattr(as_admin, method)(f"{URL}/{product.pk}", {field: value}).json()
        expected = {"slug": "kitchen", "name": "Kitchen"} if field == "category" else value
        assert (document[field], document["version"]) == (expected, version)
        assert document["updated_at"] >= document["created_at"]
    assert StockItem.objects.get().name == "Cup"


def test_the_same_values_change_nothing(as_admin: APIClient) -> None:
    make_category("Kitchen")
    product = make_product("Mug", stock=3, category="kitchen", sku="MUG")
    before = snapshot()
    body = {"name": "Mug", "price": "10.00", "stock_quantity": 3, "sku": "MUG", "category": "kitchen", "slug": "mug"}
    assert as_admin.put(f"{URL}/{product.pk}", body).status_code == 200
    assert as_admin.patch(f"{URL}/{product.pk}", {}).status_code == 200
    assert snapshot() == before


def test_a_category_can_be_taken_away(as_admin: APIClient) -> None:
    product = make_product("Mug", category=make_category("Kitchen"))
    assert as_admin.patch(f"{URL}/{product.pk}", {"category": None}).json()["category"] is None


def test_written_stock_is_a_difference_in_the_ledger(as_admin: APIClient) -> None:
    product = make_product("Mug", stock=10)
    assert as_admin.patch(f"{URL}/{product.pk}", {"stock_quantity": 4}).json()["stock_quantity"] == 4
    movement = StockMovement.objects.order_by("-id")[0]
    assert (movement.kind, movement.on_hand_delta, movement.on_hand_after) == ("adjusted", -6, 4)
    event = Event.objects.filter(kind="product.updated").get()
    assert event.payload == {"product_id": product.pk, "changes": {"stock_quantity": [10, 4]}}


def test_with_several_variants_neither_stock_nor_sku_can_be_written(as_admin: APIClient) -> None:
    product = make_product("Mug", variants=[{"stock_quantity": 1}, {}])
    refused(as_admin, "patch", f"/{product.pk}", {"name": "Cup", "stock_quantity": 5}, 409, "ambiguous_stock")
    refused(as_admin, "patch", f"/{product.pk}", {"name": "Cup", "sku": "CUP"}, 409, "ambiguous_sku")


def test_an_update_is_refused_whole(as_admin: APIClient) -> None:
    make_product("Cup", sku="CUP")
    product = make_product("Mug", stock=3)
    refused(as_admin, "patch", f"/{product.pk}", {"stock_quantity": 5, "slug": "cup"}, 409, "slug_taken")
    refused(as_admin, "patch", f"/{product.pk}", {"stock_quantity": 5, "sku": "CUP"}, 409, "sku_taken")
    refused(as_admin, "patch", f"/{product.pk}", {"name": "X", "category": "nowhere"}, 400, "unknown_category")
    refused(as_admin, "patch", f"/{product.pk}", {"name": "X", "variants": [{}]}, 400, "invalid")
    refused(as_admin, "patch", f"/{product.pk}", {"price": ""}, 400, "invalid")
    refused(as_admin, "patch", "/999999999", {"name": "X"}, 404, "not_found")


def test_a_stale_version_is_refused_and_a_sale_is_no_edit(as_admin: APIClient, api: APIClient) -> None:
    product = make_product("Mug", stock=3)
    seen = api.get(f"{URL}/{product.pk}").headers["ETag"]
    assert seen.startswith('"1.')
    inventory.reserve(reference="a sale", quantities={variant_of(product).stock_item_id: 1}, actor=COMMAND)
    assert api.get(f"{URL}/{product.pk}").headers["ETag"] != seen
    edited = as_admin.patch(f"{URL}/{product.pk}", {"price": "11.00"}, headers={"If-Match": seen})
    assert edited.status_code == 200
    before = snapshot()
    for stale in (seen, '"1"', '"nonsense"'):
        response = as_admin.put(f"{URL}/{product.pk}", {"price": "12.00"}, headers={"If-Match": stale})
        assert (response.status_code, response.json()["code"]) == (412, "version_mismatch")
    assert snapshot() == before


def test_an_unchanged_product_is_304(api: APIClient) -> None:
    product = make_product("Mug")
    seen = api.get(f"{URL}/{product.pk}").headers["ETag"]
    response = api.get(f"{URL}/{product.pk}", headers={"If-None-Match": seen})
    assert (response.status_code, response.content) == (304, b"")


def test_an_archived_product_leaves_the_storefront_and_can_come_back(as_admin: APIClient, api: APIClient) -> None:
    product = make_product("Mug")
    for _ in range(2):
        assert as_admin.delete(f"{URL}/{product.pk}/").status_code == 204
    assert api.get(f"{URL}/{product.pk}").status_code == 404
    assert as_admin.get(f"{URL}/{product.pk}").json()["status"] == "archived"
    assert Event.objects.filter(kind="product.archived").count() == 1
    assert as_admin.delete(f"{URL}/999999999").status_code == 404
    assert as_admin.patch(f"{URL}/{product.pk}", {"status": "active"}).status_code == 200
    assert api.get(f"{URL}/{product.pk}").status_code == 200


def test_only_staff_with_the_permission_write(api: APIClient, as_customer: APIClient, as_staff: Any) -> None:
    product = make_product("Mug")
    before = snapshot()
    for client, status in ((api, 401), (as_customer, 403), (as_staff("order desk"), 403)):
        assert client.post(URL, {"name": "Cup", "price": "1.00"}).status_code == status
        assert client.put(f"{URL}/{product.pk}", {"name": "Cup"}).status_code == status
        assert client.patch(f"{URL}/{product.pk}", {"name": "Cup"}).status_code == status
        assert client.delete(f"{URL}/{product.pk}").status_code == status
    assert snapshot() == before


def test_an_editor_may_write_stock_only_with_that_permission(as_staff: Any) -> None:
    product = make_product("Mug", stock=1)
    editor = as_staff("catalog editor")
    assert editor.patch(f"{URL}/{product.pk}", {"name": "Cup"}).status_code == 200
    refused(editor, "patch", f"/{product.pk}", {"name": "Mug", "stock_quantity": 5}, 403, "permission_denied")
    refused(editor, "post", "", {"name": "X", "price": "1.00", "stock_quantity": 0}, 403, "permission_denied")
    body = {"name": "X", "price": "1.00", "variants": [{"stock_quantity": 5}]}
    refused(editor, "post", "", body, 403, "permission_denied")
    refused(editor, "post", f"/{product.pk}/variants", {"stock_quantity": 5}, 403, "permission_denied")


def test_writing_where_only_reading_is_possible_is_405(as_admin: APIClient) -> None:
    response = as_admin.put(f"{URL}/facets", {"name": "Cup"})
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"


def test_a_slug_names_a_product_in_every_method(as_admin: APIClient) -> None:
    make_product("Mug")
    assert as_admin.patch(f"{URL}/mug", {"name": "Cup"}).json()["name"] == "Cup"
    assert as_admin.put(f"{URL}/mug", {"price": "2.00"}).json()["price"] == "2.00"
    assert as_admin.delete(f"{URL}/mug").status_code == 204
    assert as_admin.put(f"{URL}/no-such-mug", {"price": "2.00"}).status_code == 404


def test_the_services_refuse_with_data_of_their_own() -> None:
    make_product("Cup", sku="CUP")
    product = make_product("Mug", variants=[{}, {}])
    before = snapshot()
    update = services.update_product
    with pytest.raises(NotFound):
        update(product_id=999_999_999, actor=COMMAND, name="X")
    with pytest.raises(VersionMismatch):
        update(product_id=product.pk, actor=COMMAND, expected_version=7, name="X")
    with pytest.raises(SlugTaken):
        update(product_id=product.pk, actor=COMMAND, slug="cup")
    with pytest.raises(UnknownCategory):
        update(product_id=product.pk, actor=COMMAND, category="nowhere")
    with pytest.raises(AmbiguousStock):
        update(product_id=product.pk, actor=COMMAND, stock_quantity=1)
    with pytest.raises(AmbiguousSku):
        services.create_product(name="X", price=Decimal(1), sku="X", variants=[{}, {}], actor=COMMAND)
    with pytest.raises(SkuTaken):
        services.create_product(name="X", price=Decimal(1), sku="CUP", actor=COMMAND)
    assert snapshot() == before


def test_every_change_is_in_the_journal(as_admin: APIClient) -> None:
    product_id = as_admin.post(URL, {"name": "Mug", "price": "5.00"}).json()["product_id"]
    as_admin.patch(f"{URL}/{product_id}", {"name": "Cup", "price": "6.00"})
    as_admin.delete(f"{URL}/{product_id}")
    events = Event.objects.filter(kind__startswith="product.").order_by("id")
    assert [(event.kind, event.channel, event.subject) for event in events] == [
        (kind, "api", f"product:{product_id}") for kind in ("product.created", "product.updated", "product.archived")
    ]
    assert events[1].payload["changes"] == {"name": ["Mug", "Cup"], "price": ["5.00", "6.00"]}
    assert all(event.actor.startswith("staff:") for event in events)
