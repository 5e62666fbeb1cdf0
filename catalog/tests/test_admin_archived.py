"""What was taken off the shelf, on the page of its product."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog.services import archive_variant
from catalog.tests.factories import make_product, variant_of
from events.actors import COMMAND
from staff.tests.pages import messages_of

pytestmark = pytest.mark.django_db
PRODUCTS = "/admin/catalog/product/"


def test_an_archived_variant_is_renamed_and_restored_on_the_page_of_its_product(
    staff_pages: Callable[..., Any],
) -> None:
    editor = staff_pages("catalog editor")
    product = make_product("Shirt", variants=[{"sku": "SHIRT-S", "stock_quantity": 5}, {"sku": "SHIRT-M"}])
    variant = variant_of(product)
    page = f"{PRODUCTS}{product.pk}/variants/{variant.pk}/"
    assert "Archived variants" not in editor.get(f"{PRODUCTS}{product.pk}/change/").content.decode()
    archive_variant(product_id=product.pk, variant_id=variant.pk, actor=COMMAND)
    assert "SHIRT-S" in editor.get(f"{PRODUCTS}{product.pk}/change/").content.decode()

    refusals = [
        messages_of(editor.post(f"{page}rename/", {"sku": sku}, follow=True))[0] for sku in ("", "a/b", "SHIRT-M")
    ]
    assert refusals == ["SKU: This field is required.", "SKU: This cannot be a SKU.", "This SKU is taken"]
    editor.post(f"{page}rename/", {"sku": "OLD-S"})
    editor.post(f"{page}restore/")

    variant.refresh_from_db()
    assert (variant.archived_at, variant.stock_item.sku) == (None, "OLD-S")
