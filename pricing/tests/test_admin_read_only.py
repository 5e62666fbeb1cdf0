"""What staff see of the rules who only read them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.html import strip_tags

from catalog.tests.factories import make_category, make_product
from pricing.tests.factories import make_promotion

pytestmark = pytest.mark.django_db
PROMOTIONS = "/admin/pricing/promotion/"


def fields_of(client: Any, number: int) -> dict[str, str]:
    """What the page of a promotion says, by the label."""
    page = client.get(f"{PROMOTIONS}{number}/change/").content.decode()
    parts = page.split('<div class="readonly">')
    labels = [" ".join(strip_tags(part.rpartition("<label>")[2]).split()) for part in parts[:-1]]
    values = [" ".join(strip_tags(part.partition("</div>")[0]).split()) for part in parts[1:]]
    return dict(zip(labels, values, strict=True))


def test_whoever_only_reads_sees_the_coupons_and_what_a_promotion_is_for(staff_pages: Callable[..., Any]) -> None:
    lamps = make_category("Lamps")
    product = make_product(sku="LAMP")
    narrow = make_promotion(codes=["TEN", "ZEHN"], product_ids=[product.pk], category_ids=[lamps.pk])
    wide = make_promotion(name="All", codes=[], automatic=True)
    desk = staff_pages("order desk")

    shown = fields_of(desk, narrow.pk)
    assert [shown[f"{name}:"] for name in ("Value", "Codes", "Products", "Categories")] == [
        *("10", "TEN, ZEHN", "LAMP", "Lamps")
    ]
    shown = fields_of(desk, wide.pk)
    assert [shown[f"{name}:"] for name in ("Codes", "Products", "Categories")] == ["for everybody", "all", "all"]
