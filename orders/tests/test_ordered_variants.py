"""What orders name stays theirs when the catalog takes it off the shelf."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog.tests.factories import make_product, variant_of
from orders.models import OrderItem
from orders.tests.factories import make_user, place
from staff.tests.pages import send

pytestmark = pytest.mark.django_db


def test_a_variant_that_was_ordered_is_taken_off_the_shelf(staff_pages: Callable[..., Any]) -> None:
    editor = staff_pages("catalog editor")
    product = make_product("Shirt", variants=[{"sku": "SHIRT-S", "stock_quantity": 5}, {"sku": "SHIRT-M"}])
    variant = variant_of(product)
    place(make_user(), {variant: 1})

    answer = send(editor, f"/admin/catalog/product/{product.pk}/change/", "price", **{"variants-0-DELETE": "on"})

    assert answer.status_code == 302
    variant.refresh_from_db()
    assert variant.archived_at is not None
    assert OrderItem.objects.filter(variant=variant).count() == 1
