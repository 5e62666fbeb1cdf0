"""A shop that has orders with taxes keeps the way in which they were made."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.checks import check_taxes
from database.checks import check_at_start
from orders.models import Order
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


def made_with(tax: str, *, included: bool, rounding: str) -> None:
    """An order with figures of this kind, as a shop with such settings writes them."""
    order = make_order(price="10.00")
    figures = {"tax_total": Decimal(tax), "prices_include_tax": included, "tax_rounding": rounding}
    Order.objects.filter(pk=order.pk).update(**figures)


def refused() -> list[tuple[str | None, str]]:
    return [(error.id, str(error.msg)) for error in check_taxes(databases=["default"])]


def test_without_taxes_both_settings_may_change(settings: Any) -> None:
    settings.PRICES_INCLUDE_TAX, settings.TAX_ROUNDING = True, "order"
    assert refused() == []
    made_with("0", included=False, rounding="line")
    assert refused() == []


def test_orders_with_taxes_hold_both_settings(settings: Any) -> None:
    made_with("1.60", included=True, rounding="order")
    made_with("0", included=False, rounding="")
    settings.PRICES_INCLUDE_TAX, settings.TAX_ROUNDING = True, "order"
    check_at_start(check_taxes)
    settings.PRICES_INCLUDE_TAX, settings.TAX_ROUNDING = False, "line"
    assert refused() == [
        ("config.E005", "PRICES_INCLUDE_TAX is off, but this shop has orders with taxes that were made with on."),
        ("config.E005", "TAX_ROUNDING is line, but this shop has orders with taxes that were made with order."),
    ]
    with pytest.raises(ImproperlyConfigured, match="Set PRICES_INCLUDE_TAX=on"):
        check_at_start(check_taxes)
