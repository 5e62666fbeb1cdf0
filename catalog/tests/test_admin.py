"""Describing what is sold: products with variants and pictures, and the tree, all through the services."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.models import Category, Image, Product, Variant
from catalog.tests.factories import make_category, make_product, variant_of
from catalog.tests.pictures import picture
from events.models import Event
from inventory.models import StockItem
from staff.tests.pages import errors_of, form_on, messages_of, send

pytestmark = pytest.mark.django_db
PRODUCTS = "/admin/catalog/product/"
CATEGORIES = "/admin/catalog/category/"


@pytest.fixture
def editor(staff_pages: Callable[..., Any]) -> Any:
    return staff_pages("catalog editor")


def page_of(product: Product) -> str:
    return f"{PRODUCTS}{product.pk}/change/"


def test_a_new_product_is_a_draft_with_one_article(editor: Any) -> None:
    lamps = make_category("Lamps")

    answer = send(
        editor, f"{PRODUCTS}add/", "price", name="Desk lamp", price="40.00", sku="LAMP-1", category=str(lamps.pk)
    )

    product = Product.objects.get(slug="desk-lamp")
    assert answer.status_code == 302
    assert (product.status, product.category, variant_of(product).stock_item.sku) == ("draft", lamps, "LAMP-1")


def test_a_sku_that_is_taken_is_said_on_its_field(editor: Any) -> None:
    make_product("Lamp", sku="LAMP-1")

    answer = send(editor, f"{PRODUCTS}add/", "price", name="Other", price="40.00", sku="LAMP-1")

    assert answer.context_data["adminform"].form.errors["sku"] == ["This SKU is taken."]
    assert not Product.objects.filter(name="Other").exists()


def test_a_product_and_its_variants_are_saved_together(editor: Any) -> None:
    product = make_product("Shirt", sku="SHIRT-S", stock=3)
    make_category("Clothes")
    category = Category.objects.get(slug="clothes")

    send(
        editor,
        page_of(product),
        "price",
        name="Linen shirt",
        category=str(category.pk),
        **{
            "variants-0-options": '{"size": "S"}',
            "variants-1-sku": "SHIRT-M",
            "variants-1-options": '{"size": "M"}',
            "variants-1-price": "12.00",
            "variants-1-max_per_customer": "2",
        },
    )

    product.refresh_from_db()
    skus = {
        v.stock_item.sku: (v.name, v.price, v.max_per_customer)
        for v in product.variants.live().select_related("stock_item")
    }
    assert (product.name, product.category) == ("Linen shirt", category)
    assert set(skus) == {"SHIRT-S", "SHIRT-M"}
    assert (str(skus["SHIRT-M"][1]), skus["SHIRT-M"][2]) == ("12.00", 2)
    assert StockItem.objects.get(sku="SHIRT-M").name == "Linen shirt (M)"


def test_when_a_variant_is_refused_the_product_is_as_it_was(editor: Any) -> None:
    product = make_product("Shirt", sku="SHIRT-S")
    make_product("Hat", sku="HAT")
    events = Event.objects.count()

    answer = send(editor, page_of(product), "price", name="Blouse", **{"variants-1-sku": "HAT"})

    assert "This SKU is taken." in errors_of(answer)
    product.refresh_from_db()
    assert (product.name, product.version) == ("Shirt", 1)
    assert Event.objects.count() == events


def test_a_variant_that_somebody_else_has_changed_is_not_overwritten(editor: Any) -> None:
    product = make_product("Shirt", sku="SHIRT-S")
    form = form_on(editor, page_of(product), "price")
    Variant.objects.filter(product=product).update(version=2)

    answer = editor.post(page_of(product), form | {"variants-0-name": "Small"})

    assert "Somebody else" in errors_of(answer)
    assert Variant.objects.get(product=product).name == ""


def test_a_variant_leaves_the_shelf_but_the_last_one_stays(editor: Any) -> None:
    product = make_product("Shirt", variants=[{"sku": "S"}, {"sku": "M"}])

    send(editor, page_of(product), "price", **{"variants-0-DELETE": "on"})
    refused = send(editor, page_of(product), "price", **{"variants-0-DELETE": "on"})

    assert [variant.stock_item.sku for variant in product.variants.live()] == ["M"]
    assert "last variant" in errors_of(refused)


def test_a_slug_that_is_taken_is_said_on_its_field(editor: Any) -> None:
    make_product("Hat", slug="hat")
    product = make_product("Shirt")

    answer = send(editor, page_of(product), "price", slug="hat")

    assert "slug" in answer.context_data["adminform"].form.errors


def test_attributes_are_checked(editor: Any) -> None:
    product = make_product("Shirt")

    answer = send(editor, page_of(product), "price", attributes='{"size": ["S"]}')

    assert "attributes" in answer.context_data["adminform"].form.errors


@pytest.mark.parametrize(("action", "status"), [("publish", "active"), ("archive", "archived")])
def test_products_are_published_and_archived_together(editor: Any, action: str, status: str) -> None:
    products = [make_product(f"Shirt {number}", status="draft") for number in range(2)]

    editor.post(PRODUCTS, {"action": action, "_selected_action": [product.pk for product in products]})

    assert {product.status for product in Product.objects.all()} == {status}


@pytest.mark.parametrize("status", ["active", "archived"])
def test_a_product_that_somebody_else_has_changed_is_not_published(editor: Any, status: str) -> None:
    product = make_product("Shirt", status="draft")
    assert 'name="version" value="1"' in editor.get(page_of(product)).content.decode()
    Product.objects.update(version=2)

    answer = editor.post(f"{PRODUCTS}{product.pk}/status/", {"status": status, "version": "1"})

    product.refresh_from_db()
    assert "Somebody else" in messages_of(answer)[-1]
    assert (product.status, product.version) == ("draft", 2)


def test_a_product_is_published_from_its_page(editor: Any) -> None:
    product = make_product("Shirt", status="draft")

    answer = editor.post(f"{PRODUCTS}{product.pk}/status/", {"status": "active", "version": "1"})

    product.refresh_from_db()
    assert messages_of(answer) == ["The product is active now."]
    assert product.status == "active"
    assert editor.post(f"{PRODUCTS}{product.pk}/status/", {"status": "sold", "version": "1"}).status_code == 404


def test_pictures_are_added_shown_and_removed(editor: Any) -> None:
    product = make_product("Shirt")
    url = f"{PRODUCTS}{product.pk}/images/"

    added = editor.post(url, {"file": picture(), "alt": "A red shirt"})

    image = Image.objects.get()
    page = editor.get(page_of(product)).content.decode()
    assert messages_of(added) == ["The picture is there."]
    assert image.files["small"] in page
    assert image.files["small"] in editor.get(PRODUCTS).content.decode()
    assert "A red shirt" in page

    removed = editor.post(f"{url}{image.pk}/")

    assert messages_of(removed)[-1] == "The picture is gone."
    assert not Image.objects.exists()
    assert image.files["small"] not in editor.get(page_of(product)).content.decode()


def test_what_is_no_picture_is_refused(editor: Any) -> None:
    product = make_product("Shirt")
    url = f"{PRODUCTS}{product.pk}/images/"

    nothing = editor.post(url, {"alt": "x"})
    nonsense = editor.post(url, {"file": SimpleUploadedFile("shirt.png", b"text"), "alt": "x"})
    missing = editor.post(f"{url}1/")

    assert messages_of(nothing) == ["Choose a picture."]
    assert messages_of(nonsense)
    assert messages_of(missing)[-1] == "There is no such image."
    assert not Image.objects.exists()


@pytest.mark.parametrize(("query", "found"), [("?q=HAT-1", 1), ("?q=shi", 1), ("?status__exact=draft", 1), ("", 2)])
def test_products_are_found(editor: Any, query: str, found: int) -> None:
    make_product("Shirt", status="draft", variants=[{"sku": "S"}, {"sku": "M"}])
    make_product("Hat", sku="HAT-1")

    assert len(editor.get(PRODUCTS + query).context_data["cl"].result_list) == found


def test_the_categories_are_shown_as_a_tree(editor: Any) -> None:
    make_category("Home")
    make_category("Art")
    make_category("Lamps", parent="home")

    rows = editor.get(CATEGORIES).context_data["cl"].result_list

    assert [row.path for row in rows] == ["Art", "Home", "Home > Lamps"]


def test_a_category_is_made_moved_and_deleted(editor: Any) -> None:
    home = make_category("Home")
    send(editor, f"{CATEGORIES}add/", "slug", name="Lamps", parent=str(home.pk))
    lamps = Category.objects.get(slug="lamps")
    assert lamps.parent == home

    send(editor, f"{CATEGORIES}{lamps.pk}/change/", "slug", parent="")
    lamps.refresh_from_db()
    assert lamps.parent is None

    editor.post(f"{CATEGORIES}{lamps.pk}/delete/", {"post": "yes"})
    assert not Category.objects.filter(pk=lamps.pk).exists()
    assert Event.objects.latest("pk").kind == "category.deleted"


def test_a_category_below_itself_is_refused(editor: Any) -> None:
    home = make_category("Home")
    lamps = make_category("Lamps", parent="home")

    answer = send(editor, f"{CATEGORIES}{home.pk}/change/", "slug", parent=str(lamps.pk))

    assert "below itself" in str(answer.context_data["adminform"].form.errors["parent"])


def test_a_category_with_products_is_not_deleted(editor: Any) -> None:
    home = make_category("Home")
    make_product("Lamp", category=home)

    page = editor.get(f"{CATEGORIES}{home.pk}/delete/")
    editor.post(f"{CATEGORIES}{home.pk}/delete/", {"post": "yes"})

    assert page.status_code == 200
    assert Category.objects.filter(pk=home.pk).exists()


def test_a_stock_keeper_reads_the_catalog_and_writes_nothing(staff_pages: Callable[..., Any]) -> None:
    keeper = staff_pages("stock keeper")
    product = make_product("Shirt")

    assert keeper.get(page_of(product)).status_code == 200
    assert keeper.post(page_of(product), {"price": "1"}).status_code == 403
    for path in ("status/", "images/", "images/1/"):
        assert keeper.post(f"{PRODUCTS}{product.pk}/{path}").status_code == 403
    assert keeper.get(f"{CATEGORIES}add/").status_code == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"BED", "LAMP", "OLD", "MUG", "NOTHING"}),
        ("?category=home", {"BED", "LAMP", "OLD"}),
        ("?category=lamps", {"LAMP", "OLD"}),
        ("?category=kitchen", {"MUG"}),
        ("?category=home&band=high", {"LAMP"}),
        ("?category=nowhere", set()),
    ],
)
def test_stock_is_narrowed_by_a_category_and_what_lies_below_it(
    staff_pages: Callable[..., Any], query: str, found: set[str]
) -> None:
    home, kitchen = make_category("Home"), make_category("Kitchen")
    lamps = make_category("Lamps", parent="home")
    make_product("Bed", sku="BED", category=home)
    make_product("Lamp", sku="LAMP", category=lamps, stock=80)
    make_product("Old lamp", sku="OLD", category=lamps, status=Product.Status.ARCHIVED)
    make_product("Mug", sku="MUG", category=kitchen)
    make_product("Nothing", sku="NOTHING")

    rows = staff_pages("stock keeper").get(f"/admin/inventory/stockitem/{query}").context_data["cl"].result_list

    assert {row.sku for row in rows} == found


def test_the_categories_to_narrow_stock_by_stand_as_a_tree(staff_pages: Callable[..., Any]) -> None:
    make_category("Zoo")
    make_category("Home")
    make_category("Lamps", parent="home")
    make_category("Desk lamps", parent="lamps")

    page = staff_pages("stock keeper").get("/admin/inventory/stockitem/?category=lamps")

    [tree] = [spec for spec in page.context_data["cl"].filter_specs if spec.title == "category"]
    shown = [(choice["display"], choice["selected"]) for choice in tree.choices(page.context_data["cl"])]
    step = "\N{EM SPACE}"
    assert shown == [
        ("All", False), ("Home", False), (f"{step}Lamps", True), (f"{step}{step}Desk lamps", False), ("Zoo", False),
    ]  # fmt: skip
