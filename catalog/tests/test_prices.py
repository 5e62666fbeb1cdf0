"""Prices that are charged: what lists are filtered and sorted by, and what products say of their variants."""

import random
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from catalog import services
from catalog.models import Product
from catalog.services.derived import refresh
from catalog.tests.asking import get, names
from catalog.tests.factories import make_product, variant_of
from events.actors import COMMAND

pytestmark = pytest.mark.django_db


def priced(name: str, price: str, *variants: str | None) -> Product:
    """A product with these prices of its own and of its variants."""
    return make_product(
        name, price=price, variants=[{"price": None if text is None else Decimal(text)} for text in variants]
    )


def test_lists_and_facets_go_by_the_cheapest_variant(api: APIClient) -> None:
    priced("Cheap", "100.00", "20.00", "30.00")
    priced("Plain", "40.00", None)
    priced("Dear", "10.00", "90.00", "95.00")
    row = get(api, "/products/cheap")
    assert (row["price"], row["price_from"], row["price_to"]) == ("100.00", "20.00", "30.00")
    assert names(api, price_max="40", ordering="price") == ["Cheap", "Plain"]
    assert names(api, price_min="90") == ["Dear"]
    assert names(api, price_min="20.01") == ["Dear", "Plain"]
    assert names(api, ordering="price") == ["Cheap", "Plain", "Dear"]
    assert names(api, ordering="-price") == ["Dear", "Plain", "Cheap"]
    assert [(facet["from"], facet["count"]) for facet in get(api, "/products/facets")["prices"]] == [
        ("10.00", 1), ("25.00", 1), ("50.00", 1)
    ]  # fmt: skip


def test_pages_by_price_are_complete(api: APIClient) -> None:
    for number in range(7):
        priced(f"Lamp {number}", "500.00", f"{number // 2 + 1}.00", "7.00")
    page, seen = get(api, "/products", ordering="price", page_size=2), []
    while True:
        seen += [row["price_from"] for row in page["results"]]
        if page["next"] is None:
            break
        page = api.get(page["next"]).json()
    assert seen == ["1.00", "1.00", "2.00", "2.00", "3.00", "3.00", "4.00"]


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_equals_what_variants_say_after_any_edits(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  # edits, not secrets
    products = [priced("Mug", "10.00", None), priced("Cup", "20.00", "15.00", None), priced("Pot", "30.00", "31.00")]

    def price() -> Decimal:
        return Decimal(dice.randint(100, 9999)) / 100

    for _ in range(40):
        product = Product.objects.get(pk=dice.choice(products).pk)
        variants = list(product.variants.live())
        which: dict[str, Any] = {"product_id": product.pk, "actor": COMMAND}
        match dice.randrange(6):
            case 0:
                services.update_product(**which, price=price())
            case 1:
                services.add_variant(**which, price=dice.choice([None, price()]))
            case 2:
                variant = dice.choice(variants)
                services.update_variant(**which, variant_id=variant.pk, price=dice.choice([None, price()]))
            case 3 if len(variants) > 1:
                services.archive_variant(**which, variant_id=dice.choice(variants).pk)
            case 4:
                services.archive_product(**which)
            case _:
                services.update_product(**which, status=Product.Status.ACTIVE)
        for kept in Product.objects.prefetch_related("variants"):
            charged = [v.price or kept.price for v in kept.variants.all() if v.archived_at is None]
            assert (kept.price_from, kept.price_to) == (min(charged), max(charged))


def test_refreshing_writes_only_what_has_changed() -> None:
    product = priced("Mug", "10.00", "5.00", "6.00")
    other = priced("Cup", "10.00", None)
    Product.objects.filter(pk=product.pk).update(price_from=1, price_to=1)

    def places() -> dict[int, str]:
        with connection.cursor() as cursor:
            cursor.execute("select id, ctid::text from catalog_product")
            return dict(cursor.fetchall())

    before = places()
    refresh([product.pk, other.pk])
    after = places()
    product.refresh_from_db()
    assert (product.price_from, product.price_to) == (Decimal("5.00"), Decimal("6.00"))
    assert (before[product.pk] != after[product.pk], before[other.pk] == after[other.pk]) == (True, True)


def test_the_prices_of_a_product_are_those_of_the_variants_that_are_left(api: APIClient) -> None:
    product = priced("Mug", "10.00", "5.00", "6.00")
    services.archive_variant(product_id=product.pk, variant_id=variant_of(product).pk, actor=COMMAND)
    row = get(api, "/products/mug")
    assert (row["price_from"], row["price_to"]) == ("6.00", "6.00")
    assert names(api, price_max="5.99") == []
