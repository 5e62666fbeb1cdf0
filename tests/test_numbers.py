"""Every number that staff type means what is written, or is refused: none is taken for another one."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError

from inventory.admin_forms import quantity_field
from inventory.models import MAX_LINE_QUANTITY, StockItem
from staff.forms import AmountField, WholeField
from staff.tests.pages import errors_of, send
from tests.test_lines import admin_forms, forms_of_verbs

# A thousand to some, one to others; forty to some, nearly four thousand to a browser that drops the comma.
NO_NUMBERS = (
    *("1,000", "39,90", "1.000,00", "1 000", "1\u00a0000", "1'000", "1_000", "1e3", "0x10", "NaN", "\u00b2"),
    *("\uff11\uff10", "\u0663"),  # digits of other scripts
)
# Percentages of three decimals are usual, and nobody means a thousand percent.
RATES = ("TaxRate True.rate", "TaxRate False.rate")
NOT_WHOLE = ("1.000", "1.0", "39.90", "5.")


def numbers(rf: Any) -> Iterator[tuple[str, Any]]:
    """Every field of a number in a form of the admin, and in a form of our own."""
    found = [*admin_forms(rf), *((form.__name__, form) for form in forms_of_verbs())]
    for name, form in found:
        for field_name, field in form.base_fields.items():
            if isinstance(field, forms.IntegerField | forms.DecimalField | forms.FloatField):
                yield f"{name}.{field_name}", field


def refused(field: Any, text: str) -> bool:
    try:
        field.clean(text)
    except ValidationError:
        return True
    return False


@pytest.mark.django_db
def test_every_field_of_a_number_takes_digits_alone(rf: Any) -> None:
    found = list(numbers(rf))
    assert len(found) > 20
    for name, field in found:
        assert isinstance(field, WholeField | AmountField), name
        assert getattr(field.widget, "input_type", "") in ("text", "hidden"), name
        more = NOT_WHOLE if isinstance(field, WholeField) else () if name in RATES else ("1.000",)
        texts = (*NO_NUMBERS, *more)
        assert [text for text in texts if not refused(field, text)] == [], name


def test_control_what_django_takes_for_another_number() -> None:
    assert forms.IntegerField().clean("1.000") == 1
    assert forms.IntegerField().clean("1_000") == 1000
    assert forms.DecimalField().clean("1e3") == 1000


def test_numbers_that_are_written_plainly_are_taken() -> None:
    assert [WholeField(required=False).clean(text) for text in ("0", " 1000 ", "-5", "+5", "")] == [
        0,
        1000,
        -5,
        5,
        None,
    ]
    assert [AmountField().clean(text) for text in ("39.90", "1000", "0")] == [Decimal("39.90"), 1000, 0]


def test_a_line_of_a_posting_has_no_thousand_million_units() -> None:
    field = quantity_field("Units", 1)
    assert field.clean(str(MAX_LINE_QUANTITY)) == MAX_LINE_QUANTITY
    for text in ("1000000000", "4006381333931"):
        assert refused(field, text)


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["1.000", "1,000", "1000000000"])
def test_no_page_of_stock_books_another_number(staff_pages: Any, typed: str) -> None:
    from inventory.tests.factories import StockItemFactory, level_of

    pages = staff_pages()
    item: StockItem = StockItemFactory(sku="MUG", stock=5)
    shelf = level_of(item).pk
    line = {"lines-0-sku": "MUG"}
    stock = "/admin/inventory/stockitem/"

    receipt = send(pages, f"{stock}receive/", "reference", reference="DN", **line | {"lines-0-quantity": typed})
    moved = send(pages, f"{stock}adjust/", "reference", reason="x", **line | {"lines-0-delta": typed})
    counted = send(
        pages, f"{stock}adjust/", "reference", reason="x", **line | {"lines-0-set_to": typed, "lines-0-expected": "5"}
    )
    loss = send(pages, "/admin/orders/order/shortfall/", "missing", sku="MUG", missing=typed, reason="fire")
    ahead = send(pages, f"{stock}{item.pk}/backorder/", "limit", limit=typed)
    for answer in (receipt, moved, counted, loss, ahead):
        assert errors_of(answer)
    for page in ("grid/", "count/"):
        answer = send(pages, f"{stock}{page}", "shelf", reason="x", **{f"shelf-{shelf}-on_hand": typed})
        assert answer.status_code == 200
    level = level_of(item)
    assert (level.on_hand, level.backorder_limit) == (5, 0)
