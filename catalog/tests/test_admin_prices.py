"""The page of a variant's prices: written, planned and taken back by staff who edit products."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog import services
from catalog.measures import measure_of, text_of_measure
from catalog.models import PlannedPrice, Product
from catalog.tests.factories import make_product, variant_of
from events.actors import COMMAND
from staff.tests.pages import form_on, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(staff_pages: Callable[..., Any]) -> Any:
    return staff_pages("catalog editor")


def prices_of(product: Product) -> str:
    return f"/admin/catalog/product/{product.pk}/variants/{variant_of(product).pk}/prices/"


def planned(editor: Any, product: Product, **typed: str) -> Any:
    """The answer to the form that plans a price."""
    form = form_on(editor, prices_of(product), "plan-price")
    return editor.post(f"{prices_of(product)}plan/", form | typed)


def test_a_reduced_price_a_weight_and_a_content_are_written(editor: Any) -> None:
    product = make_product(price="20.00")
    typed = {"price": "15.00", "compare_at_price": "20.00", "weight_g": "900", "content": "750 ml per 100 ml"}
    answer = send(editor, prices_of(product), "price", **typed)
    assert (answer.status_code, answer.headers["Location"]) == (302, prices_of(product))
    variant = variant_of(product)
    assert (variant.price, variant.compare_at_price, variant.weight_g) == (Decimal("15.00"), Decimal("20.00"), 900)
    assert variant.unit_measure == {"quantity": "750", "unit": "ml", "base_quantity": "100", "base_unit": "ml"}
    page = editor.get(prices_of(product)).content.decode()
    assert "costs 15.00 now, reduced from 20.00 (lowest price of the 30 days before: 20.00)" in page
    assert "which is 2.00 per 100 ml" in page
    assert "2.00 per 100 ml" in editor.get(f"/admin/catalog/product/{product.pk}/change/").content.decode()


def test_the_history_names_who_changed_a_price(editor: Any) -> None:
    product = make_product(price="20.00")
    send(editor, prices_of(product), "price", price="15.00")
    history = editor.get(prices_of(product)).content.decode().partition('id="history"')[2]
    assert editor.user.email in history
    assert f"staff:{editor.user.pk}" not in history


def test_what_is_no_reduction_or_no_measure_is_said_on_its_field(editor: Any) -> None:
    product = make_product(price="20.00")
    answer = send(editor, prices_of(product), "price", compare_at_price="20.00")
    assert answer.context_data["form"].errors == {"compare_at_price": ["It must be above the price, which is 20.00."]}
    answer = send(editor, prices_of(product), "price", content="a lot")
    assert answer.context_data["form"].errors == {"content": ["Write a quantity and its unit, such as 750 ml."]}
    assert (variant_of(product).version, variant_of(product).compare_at_price) == (1, None)


def test_a_variant_that_somebody_else_has_changed_is_not_overwritten(editor: Any) -> None:
    product = make_product(price="20.00")
    services.update_variant(product_id=product.pk, variant_id=variant_of(product).pk, weight_g=100, actor=COMMAND)
    send(editor, prices_of(product), "price", seen_version="1", weight_g="200")
    assert variant_of(product).weight_g == 100


def test_a_price_is_planned_and_taken_back(editor: Any) -> None:
    product = make_product(price="20.00")
    start = timezone.localtime(timezone.now() + timedelta(days=2)).replace(second=0, microsecond=0, tzinfo=None)
    typed = {"plan-price": "15.00", "plan-compare_at_price": "20.00", "plan-starts_at": start.isoformat()}
    assert planned(editor, product, **typed).status_code == 302
    plan = PlannedPrice.objects.get()
    assert (plan.price, plan.compare_at_price, plan.ends_at) == (Decimal("15.00"), Decimal("20.00"), None)
    assert timezone.localtime(plan.starts_at).replace(tzinfo=None) == start
    answer = planned(editor, product, **typed)
    assert answer.context_data["plan_form"].non_field_errors() == ["Another price is planned for a part of this time"]
    assert editor.post(f"{prices_of(product)}{plan.pk}/remove/").status_code == 302
    assert not PlannedPrice.objects.exists()


@pytest.mark.parametrize("text", ["750 ml", "0.5 kg", "6 piece", "750 ml per 100 ml", "2 m per cm"])
def test_a_measure_is_read_as_it_is_shown(text: str) -> None:
    assert text_of_measure(measure_of(text)) == text
