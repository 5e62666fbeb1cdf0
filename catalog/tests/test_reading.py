"""Lists and single products: the documents, the filters, and the fast statements held against the plain way."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from catalog import services
from catalog.models import Product
from catalog.tests.factories import make_category, make_product, variant_of
from catalog.tests.pictures import add_picture
from catalog.tests.plain import plain_bytes, plain_products
from events.actors import COMMAND
from inventory import services as inventory
from inventory.models import Warehouse

pytestmark = pytest.mark.django_db


def get(client: APIClient, path: str, **params: Any) -> Any:
    response = client.get(f"/api/v1{path}", params)
    assert response.status_code == 200, response.content
    return response.json()


def names(client: APIClient, **params: Any) -> list[str]:
    return [row["name"] for row in get(client, "/products", **params)["results"]]


def furnished() -> Product:
    """A product with everything that an answer can show."""
    category = make_category("Mugs & Cups")
    product = make_product(
        'Mug "Größe"\n',
        description="é" * 300,
        category=category,
        attributes={"color": "red", "litres": 0.5, "count": 3, "washable": True},
        variants=[
            {"options": {"size": "M"}, "stock_quantity": 3, "sku": "MUG-M"},
            {"name": "Big", "options": {"size": "L", "feel": "matt"}, "price": Decimal("12.5"), "sku": "MUG-L"},
        ],
    )
    add_picture(product, alt="Front")
    add_picture(product)
    return Product.objects.get(pk=product.pk)


def test_a_product_is_answered_as_the_contract_says(api: APIClient) -> None:
    product = make_product("Mug", price="29.90", stock=7, sku="MUG", category=make_category("Kitchen"))
    product.refresh_from_db()
    document = get(api, f"/products/{product.pk}/")
    variant = document["variants"][0]
    assert document == {
        "product_id": product.pk,
        "name": "Mug",
        "slug": "mug",
        "description": "",
        "sku": "MUG",
        "price": "29.90",
        "currency": "USD",
        "stock_quantity": 7,
        "in_stock": True,
        "category": {"slug": "kitchen", "name": "Kitchen"},
        "attributes": {},
        "variants": [
            {
                "variant_id": variant_of(product).pk,
                "sku": "MUG",
                "name": "",
                "options": {},
                "price": "29.90",
                "stock_quantity": 7,
                "in_stock": True,
                "version": 1,
            }
        ],
        "images": [],
        "status": "active",
        "version": 1,
        "created_at": product.created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": product.updated_at.isoformat().replace("+00:00", "Z"),
    }
    assert variant["variant_id"] == variant_of(product).pk


def test_a_product_is_found_by_its_slug_too(api: APIClient) -> None:
    product = make_product("Mug")
    assert get(api, "/products/mug") == get(api, f"/products/{product.pk}")


@pytest.mark.parametrize("path", ["/products/999999999", "/products/no-such-mug", "/products/99999999999999999999"])
def test_a_product_that_does_not_exist_is_404(api: APIClient, path: str) -> None:
    response = api.get(f"/api/v1{path}")
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_documents_equal_the_plain_way_byte_for_byte(api: APIClient) -> None:
    product = furnished()
    make_product("Cup")
    plain = plain_products({})
    assert orjson.dumps(get(api, "/products")["results"]) == orjson.dumps(orjson.loads(plain_bytes(plain)))
    item = api.get(f"/api/v1/products/{product.pk}").content
    assert b"[" + item + b"]" == plain_bytes(plain.filter(pk=product.pk), in_list=False)
    start, end = b'"results":', b"}"
    assert api.get("/api/v1/products").content.partition(start)[2].removesuffix(end) == plain_bytes(plain)


def test_expand_none_leaves_out_variants_and_images_alone(api: APIClient) -> None:
    furnished()
    [row] = get(api, "/products", expand="none")["results"]
    [whole] = get(api, "/products")["results"]
    assert len(whole["variants"]) == len(whole["images"]) == 2
    assert row == {name: value for name, value in whole.items() if name not in ("variants", "images")}


def test_descriptions_are_cut_in_lists_alone(api: APIClient) -> None:
    product = make_product("Mug", description="x" * 500)
    assert len(get(api, "/products")["results"][0]["description"]) == 240
    assert len(get(api, f"/products/{product.pk}")["description"]) == 500


def test_stock_is_what_lies_unsold_in_active_warehouses(api: APIClient) -> None:
    product = make_product("Mug", stock=5)
    item = variant_of(product).stock_item
    for code in ("north", "closed"):
        inventory.create_warehouse(code=code, name=code, actor=COMMAND)
        inventory.receive_stock(reference="r", lines=[inventory.ReceiptLine(item.sku, 10, code)], actor=COMMAND)
    inventory.update_warehouse(code="closed", is_active=False, actor=COMMAND)
    inventory.reserve(reference="a basket", quantities={item.pk: 2}, actor=COMMAND)
    document = get(api, f"/products/{product.pk}")
    assert (document["stock_quantity"], document["in_stock"]) == (13, True)
    assert document["variants"][0]["stock_quantity"] == 13


def test_what_is_owed_of_one_variant_takes_nothing_from_another(api: APIClient) -> None:
    product = make_product("Mug", variants=[{"sku": "OWED"}, {"sku": "THERE", "stock_quantity": 5}])
    item = variant_of(product).stock_item
    inventory.set_backorder_limit(
        item_id=item.pk, warehouse_id=Warehouse.objects.get(code="main").pk, limit=3, actor=COMMAND
    )
    inventory.reserve(reference="a basket", quantities={item.pk: 2}, actor=COMMAND)
    document = get(api, f"/products/{product.pk}")
    assert [variant["stock_quantity"] for variant in document["variants"]] == [0, 5]
    assert document["stock_quantity"] == 5
    assert document["variants"][0]["in_stock"] is True, "backorders count"


def test_archived_variants_do_not_show(api: APIClient) -> None:
    product = make_product("Mug", variants=[{"sku": "OLD", "stock_quantity": 3}, {"sku": "NEW"}])
    services.archive_variant(product_id=product.pk, variant_id=variant_of(product).pk, actor=COMMAND)
    document = get(api, f"/products/{product.pk}")
    assert (document["sku"], document["stock_quantity"], document["in_stock"]) == ("NEW", 0, False)
    assert len(document["variants"]) == 1
    assert names(api, in_stock="true") == []


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_only_staff_who_edit_see_what_is_not_for_sale(
    api: APIClient, as_customer: APIClient, as_admin: APIClient, as_staff: Any, status: str
) -> None:
    product = make_product("Mug", status=status)
    for client in (api, as_customer, as_staff("order desk")):
        assert names(client) == []
        for path in (f"{product.pk}", "mug", f"{product.pk}/variants", f"{product.pk}/images"):
            assert client.get(f"/api/v1/products/{path}").status_code == 404
        assert client.get("/api/v1/products", {"status": status}).status_code == (401 if client is api else 403)
    assert names(as_admin) == []
    assert names(as_admin, status=status) == ["Mug"]
    assert get(as_admin, f"/products/{product.pk}")["status"] == status
    assert get(as_admin, f"/products/{product.pk}/variants")["results"] != []


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


def test_the_statement_count_of_a_list_does_not_grow_with_its_rows(api: APIClient) -> None:
    def queries(**params: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            get(api, "/products", **params)
        return len(captured)

    for number in range(20):
        if number == 1:
            few = queries()
        product = make_product(f"Mug {number}", variants=[{"name": "S"}, {"name": "M"}], category=make_category())
        if number < 3:
            add_picture(product)
    assert few == queries() == queries(search="mug") == queries(category="category-1") == 1
    assert queries(count="exact") == 2


def test_a_product_is_read_by_one_statement(api: APIClient, django_assert_num_queries: Any) -> None:
    product = furnished()
    with django_assert_num_queries(1):
        get(api, f"/products/{product.pk}")


def test_categories_facets_and_parts_are_read_by_as_many_statements_for_many_as_for_one(api: APIClient) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            get(api, path)
        return len(captured)

    product = make_product("Mug", category=make_category("Top"))
    add_picture(product)
    paths = ["/categories", "/categories/top", "/products/facets"]
    paths += [f"/products/{product.pk}/{part}" for part in ("variants", "images")]
    few = [queries(path) for path in paths]
    for number in range(5):
        services.add_variant(product_id=product.pk, name=f"Variant {number}", actor=COMMAND)
        make_product(category=make_category(f"Below {number}", parent="top"))
        add_picture(product)
    assert [queries(path) for path in paths] == few


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
