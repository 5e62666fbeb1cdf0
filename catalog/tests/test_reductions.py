"""What a price is reduced from, the lowest price before it, the price of a unit, and the history that says so."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from catalog import services
from catalog.exceptions import NoReduction, UnknownTaxClass
from catalog.models import PriceHistory, Product, Variant
from catalog.tax_classes import SOURCES
from catalog.tests.asking import get
from catalog.tests.factories import make_product, variant_of
from events.actors import COMMAND
from events.models import Event

pytestmark = pytest.mark.django_db


def change(product: Product, **changes: Any) -> None:
    """Change the first variant of a product."""
    services.update_variant(product_id=product.pk, variant_id=variant_of(product).pk, actor=COMMAND, **changes)


def was(product: Product, price: str, *, days_ago: float) -> None:
    """Let the first variant have cost this much until so many days ago."""
    at = timezone.now() - timedelta(days=days_ago)
    PriceHistory.objects.create(
        variant=variant_of(product), at=at, price_before=Decimal(price), price=Decimal(1), actor="system"
    )


def said(api: APIClient, product: Product) -> list[Any]:
    """Price, what it is reduced from and the lowest price before, as the product says it in lists and alone."""
    members = ("price_from", "compare_at_price", "lowest_price_30d")
    document = get(api, f"/products/{product.pk}")
    [row] = [row for row in get(api, "/products")["results"] if row["product_id"] == product.pk]
    assert [row[name] for name in members] == [document[name] for name in members]
    return [document[name] for name in members]


def test_a_reduced_price_says_the_lowest_price_of_the_thirty_days_before(api: APIClient) -> None:
    product = make_product(price="20.00")
    was(product, "12.00", days_ago=31)
    was(product, "15.00", days_ago=29)
    change(product, price=Decimal("10.00"), compare_at_price=Decimal("20.00"))
    assert said(api, product) == ["10.00", "20.00", "15.00"]
    [variant] = get(api, f"/products/{product.pk}/variants")["results"]
    assert (variant["price"], variant["compare_at_price"], variant["lowest_price_30d"]) == ("10.00", "20.00", "15.00")


def test_a_price_that_was_low_before_it_was_called_reduced_counts(api: APIClient) -> None:
    product = make_product(price="20.00")
    change(product, price=Decimal("10.00"))
    assert said(api, product) == ["10.00", None, None]
    change(product, compare_at_price=Decimal("20.00"))
    assert said(api, product) == ["10.00", "20.00", "10.00"]


def test_another_price_to_compare_with_does_not_begin_a_reduction_and_a_further_price_does(api: APIClient) -> None:
    product = make_product(price="20.00")
    change(product, price=Decimal("10.00"), compare_at_price=Decimal("20.00"))
    change(product, compare_at_price=Decimal("19.00"))
    assert said(api, product) == ["10.00", "19.00", "20.00"]
    change(product, price=Decimal("8.00"))
    assert said(api, product) == ["8.00", "19.00", "10.00"]


def test_a_reduction_ends_when_the_price_is_no_longer_below(api: APIClient) -> None:
    product = make_product(price="20.00")
    change(product, price=Decimal("10.00"), compare_at_price=Decimal("15.00"))
    change(product, price=Decimal("15.00"))
    assert said(api, product) == ["15.00", None, None]
    assert variant_of(product).lowest_price_30d is None


def test_the_price_of_the_product_reduces_variants_without_one_of_their_own(api: APIClient) -> None:
    product = make_product(price="20.00", variants=[{"name": "S"}, {"name": "M", "price": Decimal("50.00")}])
    change(product, compare_at_price=Decimal("25.00"))
    services.update_product(product_id=product.pk, price=Decimal("9.00"), actor=COMMAND)
    assert said(api, product) == ["9.00", "25.00", "20.00"]
    assert [variant["lowest_price_30d"] for variant in get(api, f"/products/{product.pk}")["variants"]] == [
        "20.00",
        None,
    ]


def test_a_product_says_what_its_cheapest_variant_says(api: APIClient) -> None:
    measure = {"quantity": "750", "unit": "ml"}
    product = make_product(
        price="20.00",
        variants=[{"name": "L", "compare_at_price": Decimal(30)}, {"price": Decimal(12), "unit_measure": measure}],
    )
    document = get(api, f"/products/{product.pk}")
    assert (document["compare_at_price"], document["lowest_price_30d"]) == (None, None)
    assert document["unit_price"] == {"amount": "16.00", "per": "1", "unit": "l"}
    assert [variant["unit_price"] for variant in document["variants"]] == [None, document["unit_price"]]
    assert document["variants"][1]["unit_measure"] == measure
    change(product, price=Decimal(11))
    document = get(api, f"/products/{product.pk}")
    assert (document["compare_at_price"], document["unit_price"]) == ("30.00", None)


def test_a_price_is_reduced_only_from_a_higher_one(as_admin: APIClient) -> None:
    product = make_product(price="20.00")
    with pytest.raises(NoReduction):
        change(product, compare_at_price=Decimal("20.00"))
    path = f"/api/v1/products/{product.pk}/variants/{variant_of(product).pk}"
    refused = as_admin.patch(path, {"price": "30.00", "compare_at_price": "25.00"}, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "no_reduction")
    body = {"name": "Cup", "price": "5.00", "variants": [{"name": "S"}, {"name": "M", "compare_at_price": "5.00"}]}
    refused = as_admin.post("/api/v1/products", body, format="json")
    assert refused.json()["errors"][0]["field"] == "variants.1.compare_at_price"
    variant = variant_of(product)
    assert (variant.price, variant.compare_at_price, Product.objects.count()) == (None, None, 1)


def test_every_change_of_a_price_has_one_line_in_the_history() -> None:
    product = make_product(price="20.00")
    change(product, price=Decimal("10.00"), compare_at_price=Decimal("20.00"))
    change(product, price=Decimal("10.00"), name="Large", weight_g=500)
    services.update_product(product_id=product.pk, price=Decimal("30.00"), actor=COMMAND)
    change(product, price=None, compare_at_price=None)
    lines = PriceHistory.objects.filter(variant=variant_of(product)).order_by("id")
    shown = [(line.price_before, line.price, line.compare_at_price, line.actor) for line in lines]
    assert shown == [
        (None, Decimal("20.00"), None, "system"),
        (Decimal("20.00"), Decimal("10.00"), Decimal("20.00"), "system"),
        (Decimal("10.00"), Decimal("30.00"), None, "system"),
    ]


@pytest.mark.parametrize("statement", ["update catalog_pricehistory set price = 1", "delete from catalog_pricehistory"])
def test_the_history_of_prices_is_append_only(statement: str) -> None:
    make_product(price="20.00")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert PriceHistory.objects.get().price == Decimal("20.00")


def test_an_edit_is_in_the_journal_with_what_was_before(as_admin: APIClient) -> None:
    product = make_product(price="20.00")
    path = f"/api/v1/products/{product.pk}/variants/{variant_of(product).pk}"
    body = {"compare_at_price": "25.00", "weight_g": 300, "unit_measure": {"quantity": "0.5", "unit": "kg"}}
    answer = as_admin.patch(path, body, format="json").json()
    assert {name: answer[name] for name in body} == body
    assert answer["unit_price"] == {"amount": "40.00", "per": "1", "unit": "kg"}
    event = Event.objects.filter(kind="product.variant_updated").latest("id")
    assert event.payload["changes"] == {
        "compare_at_price": [None, "25.00"],
        "weight_g": [None, 300],
        "unit_measure": [None, {"quantity": "0.5", "unit": "kg"}],
    }
    cleared = as_admin.patch(path, dict.fromkeys(body), format="json").json()
    assert {name: cleared[name] for name in (*body, "unit_price")} == dict.fromkeys([*body, "unit_price"])
    assert Variant.objects.filter(unit_measure__isnull=True).count() == 1


@pytest.mark.parametrize(
    "measure",
    [
        {"quantity": "750"},
        {"quantity": 750, "unit": "ml"},
        {"quantity": "0", "unit": "ml"},
        {"quantity": "1.0000", "unit": "ml"},
        {"quantity": "1", "unit": "cup"},
        {"quantity": "1", "unit": "ml", "base_unit": "kg"},
        {"quantity": "1", "unit": "ml", "colour": "red"},
        ["1", "ml"],
    ],
)
def test_what_is_no_measure_is_refused(as_admin: APIClient, measure: Any) -> None:
    product = make_product(price="20.00")
    path = f"/api/v1/products/{product.pk}/variants/{variant_of(product).pk}"
    refused = as_admin.patch(path, {"unit_measure": measure}, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "unit_measure")
    assert variant_of(product).unit_measure is None


def test_a_tax_class_is_one_that_exists_and_only_editors_read_it(
    api: APIClient, as_admin: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.tax_classes.SOURCES", [*SOURCES, lambda: {"reduced": "Reduced"}])
    product = make_product(price="20.00")
    path = f"/api/v1/products/{product.pk}"
    refused = as_admin.patch(path, {"tax_class": "no-such-class"}, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "unknown_tax_class")
    with pytest.raises(UnknownTaxClass):
        make_product(tax_class="no-such-class")
    changed = as_admin.patch(path, {"tax_class": "reduced"}, format="json").json()
    assert (changed["tax_class"], changed["version"]) == ("reduced", 2)
    assert as_admin.get(path).json()["tax_class"] == "reduced"
    assert "tax_class" not in get(api, f"/products/{product.pk}")
    assert "tax_class" not in get(as_admin, "/products")["results"][0]
    assert as_admin.patch(path, {"tax_class": ""}, format="json").json()["tax_class"] == ""
