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
from catalog.tests.asking import get, names
from catalog.tests.factories import make_category, make_product, variant_of
from catalog.tests.pictures import add_picture
from catalog.tests.plain import plain_bytes, plain_products
from events.actors import COMMAND
from inventory import services as inventory
from inventory.models import Warehouse
from staff.tests.pages import send

pytestmark = pytest.mark.django_db


def furnished() -> Product:
    """A product with everything that an answer can show."""
    category = make_category("Mugs & Cups")
    product = make_product(
        'Mug "Größe"\n',
        description="é" * 300,
        brand="Größe & Co",
        category=category,
        attributes={"color": "red", "litres": 0.5, "count": 3, "washable": True},
        variants=[
            {"options": {"size": "M"}, "stock_quantity": 3, "sku": "MUG-M"},
            {
                "name": "Big",
                "options": {"size": "L", "feel": "matt"},
                "price": Decimal("12.5"),
                "sku": "MUG-L",
                "compare_at_price": Decimal(15),
                "weight_g": 900,
                "unit_measure": {"quantity": "750", "unit": "ml", "base_unit": "l"},
            },
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
        "brand": "",
        "price": "29.90",
        "price_from": "29.90",
        "price_to": "29.90",
        "compare_at_price": None,
        "lowest_price_30d": None,
        "unit_price": None,
        "currency": "USD",
        "stock_quantity": 7,
        "in_stock": True,
        "category": {"slug": "kitchen", "name": "Kitchen"},
        "attributes": {},
        "option_axes": [],
        "variants": [
            {
                "variant_id": variant_of(product).pk,
                "sku": "MUG",
                "name": "",
                "options": {},
                "price": "29.90",
                "compare_at_price": None,
                "lowest_price_30d": None,
                "unit_price": None,
                "unit_measure": None,
                "weight_g": None,
                "stock_quantity": 7,
                "in_stock": True,
                "max_per_customer": None,
                "position": 1,
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
        inventory.receive_stock(reference=f"r-{code}", lines=[inventory.ReceiptLine(item.sku, 10, code)], actor=COMMAND)
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


def test_the_statement_count_of_a_list_does_not_grow_with_its_rows(api: APIClient) -> None:
    def queries(**params: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            get(api, "/products", **params)
        return len(captured)

    for number in range(20):
        if number == 1:
            few = queries()
        category = make_category()
        product = make_product(f"Mug {number}", variants=[{"name": "S"}, {"name": "M"}], category=category)
        if number < 3:
            add_picture(product)
    assert few == queries() == queries(search="mug") == queries(category=category.slug) == 1
    # A count has a transaction with a time-out of its own: three statements more.
    assert queries(count="exact") == 2 + 3


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


def test_a_brand_is_written_by_the_api_and_the_admin_and_narrows_lists(
    api: APIClient, as_admin: APIClient, staff_pages: Any
) -> None:
    body = {"name": "Kettle", "price": "30.00", "brand": " Größe & Co "}
    kettle = as_admin.post("/api/v1/products", body, format="json").json()
    pan = make_product("Pan", brand="Pan & Sons")
    cup = make_product("Cup")
    assert (kettle["brand"], get(api, "/products/pan")["brand"]) == ("Größe & Co", "Pan & Sons")

    assert names(api, brand="Größe & Co") == ["Kettle"]
    assert names(api, brand=["Größe & Co", "Pan & Sons"]) == ["Pan", "Kettle"]
    assert names(api, brand=["Pan & Sons", "Größe & Co"], price_min="20") == ["Kettle"]
    assert names(api, brand="größe & co") == names(api, brand="Größe") == []
    assert names(api, brand="") == ["Cup", "Pan", "Kettle"]
    assert get(api, "/products/facets", brand="Pan & Sons")["prices"] == [{"from": "10.00", "to": "24.99", "count": 1}]

    changed = as_admin.patch(f"/api/v1/products/{cup.pk}", {"brand": "Cuppa"}, format="json").json()
    assert (changed["brand"], changed["version"]) == ("Cuppa", 2)
    refused = as_admin.patch(f"/api/v1/products/{cup.pk}", {"brand": "x" * 101}, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "brand")
    send(staff_pages("catalog editor"), f"/admin/catalog/product/{pan.pk}/change/", "price", brand="")
    send(
        staff_pages("catalog editor"), "/admin/catalog/product/add/", "price", name="Pot", price="9.00", brand="Potter"
    )
    brands = {product.name: product.brand for product in Product.objects.all()}
    assert brands == {"Kettle": "Größe & Co", "Pan": "", "Cup": "Cuppa", "Pot": "Potter"}
