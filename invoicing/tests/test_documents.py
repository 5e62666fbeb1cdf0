"""What an invoice says is what the order says, to the cent, in any currency and with any rules of tax."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from pytest_django import Settings

from database.days import today
from invoicing.documents import REVERSE_CHARGE, Json, invoice_of
from invoicing.tests.factories import SELLER, assert_sound, issue
from orders.models import Charge, Order, OrderItem
from orders.services import Terms
from orders.tests.factories import make_article, make_order, make_user
from orders.tests.test_terms import order_of
from pricing.rules import Rules
from pricing.tests.factories import make_method, make_promotion, make_tax_rate
from pricing.tests.test_properties import MANY, NOW, baskets
from pricing.totals import Totals, totals

DAY = date(2026, 11, 30)


def as_order(found: Totals, quantities: list[int]) -> Order:
    """An order that was placed with these totals. Nothing of it is in the database."""
    order = Order(
        pk=1,
        number="100501",
        order_date=NOW,
        total_amount=found.total,
        discount_total=found.discount,
        shipping_total=found.shipping,
        tax_total=found.tax,
        prices_include_tax=found.prices_include_tax,
        reverse_charge=found.reverse_charge,
        tax_rounding=found.tax_rounding,
        currency=found.currency,
    )
    rates = ("discount", "tax", "tax_rate", "tax_name")
    lines = [
        OrderItem(
            pk=place,
            order=order,
            quantity=quantity,
            unit_price=line.unit_price,
            subtotal=line.subtotal,
            **{name: getattr(line, name) for name in rates},
        )
        for place, (line, quantity) in enumerate(zip(found.lines, quantities, strict=True), 1)
    ]
    charges = [
        Charge(
            pk=place,
            order=order,
            kind=charge.kind,
            name=charge.name,
            amount=charge.amount,
            **{name: getattr(charge, name) for name in rates},
        )
        for place, charge in enumerate(found.charges, 1)
    ]
    order._prefetched_objects_cache = {"order_items": lines, "charges": charges}  # type: ignore[attr-defined]  # Django's
    return order


def total(rows: list[Json], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


@given(basket=baskets())
@MANY
def test_the_sums_of_what_is_printed_are_the_totals_of_the_order(basket: Any) -> None:
    rules, lines, destination, method, codes = basket
    assert isinstance(rules, Rules)
    found = totals(lines=lines, destination=destination, method=method, coupons=codes, rules=rules, at=NOW)
    order = as_order(found, [line.quantity for line in lines])

    document = invoice_of(order, supplied_on=DAY, is_supplied=True)

    for rows in (document["lines"], document["taxes"]):
        assert total(rows, "total") == order.total_amount == Decimal(document["total"])
        assert total(rows, "tax") == order.tax_total == Decimal(document["tax"])
        assert total(rows, "net") == order.total_amount - order.tax_total == Decimal(document["net"])
    for row in document["lines"]:
        left = Decimal(row["unit_price"]) * row["quantity"] - Decimal(row["discount"])
        assert left == Decimal(row["total"] if order.prices_include_tax else row["net"])
        assert Decimal(row["net"]) + Decimal(row["tax"]) == Decimal(row["total"])
        assert -Decimal(row["total"]).as_tuple().exponent == rules.places  # type: ignore[operator]  # it is finite
    assert document["words"] == ([REVERSE_CHARGE] if order.reverse_charge else [])
    rates = [(line.tax_rate, line.tax_name) for line in found.lines]
    rates += [(charge.tax_rate, charge.tax_name) for charge in found.charges]
    assert document["has_taxes"] == any(rate or name for rate, name in rates)


@pytest.mark.django_db
def test_an_invoice_names_seller_buyer_order_and_what_was_bought(settings: Settings) -> None:
    settings.SHOP_TIME_ZONE = "Europe/Berlin"
    make_tax_rate()
    make_method()
    make_promotion()
    billing = {
        "billing_name": "Ann Smith",
        "billing_company": "Smith KG",
        "billing_address_line1": "Ring 5",
        "billing_city": "Wien",
        "billing_postal_code": "1010",
        "billing_country": "Austria",
        "billing_country_code": "AT",
    }
    mug = make_article(stock=5, price="12.50", sku="MUG", name="Mug")
    placed = order_of(make_user(), {mug: 2}, Terms(method="parcel", coupons=("ten",)))
    Order.objects.filter(pk=placed.id).update(vat_id="ATU13585627", **billing)

    [invoice] = issue(placed.id, DAY)

    document = invoice.document
    assert document["seller"] == {
        "name": SELLER["SHOP_LEGAL_NAME"],
        "address": SELLER["SHOP_LEGAL_ADDRESS"],
        "vat_id": SELLER["SHOP_VAT_ID"],
        "footer": SELLER["SHOP_LEGAL_FOOTER"],
    }
    assert document["buyer"] == {
        "name": "Ann Smith",
        "company": "Smith KG",
        "address": ["Ring 5", "1010 Wien", "Austria"],
        "country_code": "AT",
        "vat_id": "ATU13585627",
    }
    assert (document["order_number"], document["supplied_on"], document["is_supplied"]) == (
        placed.number,
        "2026-11-30",
        False,
    )
    line, parcel = document["lines"]
    figures = {"tax_name": "VAT", "tax_rate": "19"}
    assert line == figures | {
        "key": f"line:{invoice.order.order_items.get().pk}",
        "kind": "article",
        "sku": "MUG",
        "name": mug.product.name,
        "quantity": 2,
        "unit_price": "12.50",
        "discount": "2.50",
        "net": "22.50",
        "tax": "4.28",
        "total": "26.78",
    }
    assert (parcel["kind"], parcel["name"], parcel["sku"], parcel["total"]) == ("shipping", "Parcel", "", "5.83")
    sums = {"net": "27.40", "tax": "5.21", "total": "32.61"}
    assert document["taxes"] == [figures | sums]
    assert (invoice.net, invoice.tax, invoice.total) == tuple(map(Decimal, sums.values()))
    assert (invoice.number, invoice.year) == (f"{today().year}-000001", today().year)
    assert invoice.kept_until == date(today().year + 10, 12, 31)
    assert_sound()


@pytest.mark.django_db
def test_without_a_billing_address_it_goes_where_the_goods_go() -> None:
    order = make_order(price="10.00")
    [invoice] = issue(order)
    assert invoice.document["buyer"]["name"] == "Bo Smith"
    assert invoice.document["buyer"]["address"] == ["1 Main Street", "62701 Springfield", "IL", "USA"]
    assert invoice.document["has_taxes"] is False
