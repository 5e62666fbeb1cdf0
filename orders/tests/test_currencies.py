"""Currencies with other decimals than two, and a shop whose currency is changed."""

import importlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from api.fields import Amount, Cost, Money
from catalog.models import Product, Variant
from config.checks import check_currency
from database.checks import check_at_start
from events.tests.rewriting import rewriting
from inventory.models import StockItem
from orders import figures
from orders.models import Order, OrderItem
from orders.tests.clients import ORDERS, basket, client_of, line
from orders.tests.factories import make_article, make_order, make_user
from staff.tests.pages import form_on

pytestmark = pytest.mark.django_db
PRODUCTS = "/api/v1/products"
SHOWN = {"JPY": "1050", "USD": "1050.00", "KWD": "1050.000"}
REFUSED = {"JPY": ["10.50", "10.0", "0"], "USD": ["10.505", "0.00"], "KWD": ["10.5055", "0.000"]}
LOWEST = {"JPY": "1", "USD": "0.01", "KWD": "0.001"}
HIGHEST = {"JPY": "9999999", "USD": "9999999.99", "KWD": "9999999.999"}


@pytest.fixture(params=["JPY", "USD", "KWD"])
def currency(request: pytest.FixtureRequest, settings: Settings) -> str:
    settings.CURRENCY = request.param
    return str(request.param)


def test_prices_have_the_decimals_of_the_currency(currency: str, as_admin: APIClient) -> None:
    variants = [{"options": {"size": "S"}}, {"options": {"size": "L"}, "price": "2000"}]
    created = as_admin.post(PRODUCTS, {"name": "Mug", "price": "1050", "variants": variants})
    assert created.status_code == 201, created.content
    product = created.json()
    assert (product["price"], product["currency"]) == (SHOWN[currency], currency)
    dearer = SHOWN[currency].replace("1050", "2000")
    assert [variant["price"] for variant in product["variants"]] == [SHOWN[currency], dearer]
    path = f"{PRODUCTS}/{product['product_id']}"
    listed = as_admin.get(f"{path}/variants").json()["results"]
    assert listed == product["variants"]
    for price in REFUSED[currency]:
        answer = as_admin.patch(path, {"price": price})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "price")
    as_admin.patch(f"{path}/variants/{listed[1]['variant_id']}", {"price": None})  # as the product from now on
    for price in (LOWEST[currency], HIGHEST[currency]):
        assert as_admin.patch(path, {"price": price}).json()["price"] == price
        assert as_admin.get(f"{PRODUCTS}?price_min={price}&price_max={price}").json()["results"][0]["price"] == price
    facet = as_admin.get(f"{PRODUCTS}/facets").json()["prices"][0]
    assert facet["to"] == HIGHEST[currency]


def test_what_one_currency_allowed_is_not_remembered_in_the_next(api: APIClient, settings: Settings) -> None:
    for currency, status in (("KWD", 200), ("USD", 400)):
        settings.CURRENCY = currency
        assert api.get(f"{PRODUCTS}?price_max=0.001").status_code == status, currency


def test_orders_costs_and_reports_have_them_too(currency: str, as_admin: APIClient) -> None:
    mug = make_article(stock=5, price=SHOWN[currency])
    placed = client_of(make_user()).post(ORDERS, basket(line(mug, 3)))
    assert placed.status_code == 201, placed.content
    order, total = placed.json(), SHOWN[currency].replace("1050", "3150")
    assert (order["total_amount"], order["currency"]) == (total, currency)
    assert (order["order_items"][0]["unit_price"], order["order_items"][0]["subtotal"]) == (SHOWN[currency], total)
    assert as_admin.get(f"{ORDERS}/{order['order_id']}").json()["total_amount"] == total
    statistics = as_admin.get(f"{ORDERS}/statistics").json()
    assert (statistics["total_sales"], statistics["average_order_value"]) == (total, total)
    stock = as_admin.get(f"{ORDERS}/health/stock-check").json()["stock_summary"]
    left = SHOWN[currency].replace("1050", "2100")
    assert stock["summary"]["total_stock_value"] == left
    assert stock["stock_categories"]["low_stock"][0]["stock_value"] == left
    receipt = {"reference": "DN-7", "lines": [{"sku": mug.stock_item.sku, "quantity": 1, "unit_cost": "1050"}]}
    as_admin.post("/api/v1/inventory/receipts", receipt)
    assert (
        as_admin.get("/api/v1/inventory/movements?kind=received").json()["results"][0]["unit_cost"] == SHOWN[currency]
    )
    cost = as_admin.patch(f"/api/v1/inventory/items/{mug.stock_item.sku}", {"unit_cost": "0"}).json()["unit_cost"]
    assert cost == SHOWN[currency].replace("1050", "0")


@pytest.mark.parametrize("text", ["-1", "1e3", "01", "1.", ".5", "0x1", "", "1,5", "\u0661", "99999999", " 1"])
@pytest.mark.parametrize("field", [Money, Cost])
def test_what_is_no_amount_is_none_in_any_currency(currency: str, field: Any, text: str) -> None:
    with pytest.raises(Exception, match="valid"):
        field().to_internal_value(text)


def test_an_amount_may_be_nothing_and_a_price_may_not(currency: str) -> None:
    assert str(Amount().to_internal_value("0")) == SHOWN[currency].replace("1050", "0")
    assert Cost().to_internal_value("0") == 0
    for nothing in ("0", "0.0"):
        with pytest.raises(Exception, match="valid"):
            Money().to_internal_value(nothing)


def test_staff_type_prices_of_the_currency(currency: str, admin_client: Any) -> None:
    mug = make_article(price=SHOWN[currency])
    page = f"/admin/catalog/product/{mug.product_id}/change/"
    form = form_on(admin_client, page, "price")
    refused = admin_client.post(page, form | {"price": REFUSED[currency][0]})
    assert "price" in refused.context_data["adminform"].form.errors
    assert admin_client.post(page, form | {"price": LOWEST[currency]}).status_code == 302
    assert str(Product.objects.get().price) == LOWEST[currency]


def test_statistics_never_add_two_currencies(as_admin: APIClient) -> None:
    ours, other = make_order(price="10.00"), make_order(price="5.00")
    Order.objects.filter(pk=other.pk).update(currency="JPY")
    body = as_admin.get(f"{ORDERS}/statistics").json()
    assert (body["total_orders"], body["total_sales"], body["average_order_value"]) == (2, "20.00", "20.00")
    assert [row["user_id"] for row in body["top_customers"]] == [ours.user_id]
    assert (body["monthly_trend"][-1]["order_count"], body["monthly_trend"][-1]["total_sales"]) == (1, "20.00")
    Order.objects.update(order_date="2026-01-05T12:00:00Z")
    figures.refresh(datetime(2026, 1, 6, tzinfo=UTC))
    assert [(day.count, day.amount) for day in figures.report().days.values()] == [(1, Decimal(20))]


def test_a_shop_that_has_sold_keeps_its_currency(settings: Settings) -> None:
    assert check_currency(databases=["default"]) == []
    make_order(price="10.00")
    check_at_start(check_currency)
    settings.CURRENCY = "EUR"
    [error] = check_currency(databases=["default"])
    assert (error.id, error.msg) == ("config.E003", "CURRENCY is EUR, but this shop has orders in USD.")
    with pytest.raises(ImproperlyConfigured, match=r"orders in USD\. Set CURRENCY=USD"):
        check_at_start(check_currency)


def test_a_shop_that_has_sold_nothing_may_change_it_with_its_prices(settings: Settings) -> None:
    make_article(price="10.50")
    settings.CURRENCY = "EUR"
    assert check_currency(databases=["default"]) == []
    settings.CURRENCY = "JPY"
    [error] = check_currency(databases=["default"])
    assert error.id == "config.E004"
    with connection.cursor() as cursor:
        cursor.execute(str(error.hint).partition("round them: ")[2])
    assert check_currency(databases=["default"]) == []
    assert str(Product.objects.get().price) == "11"


def test_old_amounts_get_the_decimals_of_their_currency(settings: Settings) -> None:
    old, odd, dollars = make_order(price="1050.00"), make_order(price="10.50"), make_order(price="7.00")
    Order.objects.exclude(pk=dollars.pk).update(currency="JPY")
    Order.objects.filter(pk=odd.pk).update(total_amount=Decimal("21.50"))
    settings.CURRENCY = "JPY"
    for name in ("orders.migrations.0009", "catalog.migrations.0007", "inventory.migrations.0008"):
        with rewriting("orders_orderitem"), connection.schema_editor() as editor:
            importlib.import_module(f"{name}_money_without_scale").rescale(apps, editor)
    amounts = dict(Order.objects.values_list("pk", "total_amount"))
    assert [str(amounts[order.pk]) for order in (old, odd, dollars)] == ["2100", "21.50", "14.00"]
    lines = dict(OrderItem.objects.values_list("order", "unit_price"))
    assert [str(lines[order.pk]) for order in (old, odd, dollars)] == ["1050", "10.50", "7.00"]
    assert {str(price) for price in Product.objects.values_list("price", flat=True)} == {"1050", "11", "7"}
    assert not Variant.objects.exclude(price=None).exists()
    assert StockItem.objects.count() == 3
