"""GET /orders/health/stock-check."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from api.problems import safety_net
from api.renderers import dumps
from catalog import services as catalog
from catalog.models import Product
from inventory import services as inventory
from inventory.models import Warehouse
from orders.stock_health import stock_check
from orders.tests.clients import ORDERS, staff_with
from orders.tests.factories import STAFF, make_article, make_user, place, receive
from orders.tests.plain import PlainStockRowSerializer

pytestmark = pytest.mark.django_db
CHECK = f"{ORDERS}/health/stock-check"
STOCK = {"OUT": 0, "CRIT1": 1, "CRIT5": 5, "LOW6": 6, "LOW10": 10, "MED11": 11, "MED50": 50, "HIGH51": 51}


@pytest.fixture
def shelf() -> None:
    for sku, stock in STOCK.items():
        make_article(sku=sku, stock=stock, price="2.50")


def check(query: str = "") -> Any:
    answer = staff_with("inventory.view_stockitem").get(f"{CHECK}?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def lists(body: Any) -> dict[str, list[str]]:
    summary = body["stock_summary"]
    found = summary["stock_categories"] | summary["stock_distribution"]
    return {name: [row["sku"] for row in rows] for name, rows in found.items()}


@pytest.mark.usefixtures("shelf")
def test_the_bands_of_the_contract() -> None:
    assert lists(check()) == {
        "available_stock": ["CRIT1", "CRIT5", "LOW6", "LOW10", "MED11", "MED50", "HIGH51"],
        "low_stock": ["CRIT1", "CRIT5", "LOW6", "LOW10"],
        "out_of_stock": ["OUT"],
        "high_stock": ["HIGH51"],
        "medium_stock": ["MED11", "MED50"],
        "critical_stock": ["CRIT1", "CRIT5"],
    }


@pytest.mark.usefixtures("shelf")
def test_the_whole_document() -> None:
    body = check()
    summary = body["stock_summary"]
    assert body["status"] == "healthy"
    assert body["message"] == "1 of 8 products are out of stock, 4 are low, 2 of them critical."
    assert body["timestamp"] == summary["timestamp"]
    assert body["filters_applied"] == {"category": None, "min_stock": None, "max_stock": None}
    assert summary["summary"] == {
        "total_products": 8,
        "products_with_stock": 7,
        "products_low_stock": 4,
        "products_out_of_stock": 1,
        "stock_health_percentage": 87.5,
        "total_stock_value": f"{sum(STOCK.values()) * 5 / 2:.2f}",
    }
    assert summary["alerts"] == {"low_stock_alerts": 4, "out_of_stock_alerts": 1, "critical_stock_alerts": 2}
    product = Product.objects.get(variants__stock_item__sku="MED50")
    assert summary["stock_distribution"]["medium_stock"][1] == {
        "product_id": product.pk,
        "name": product.name,
        "sku": "MED50",
        "stock_quantity": 50,
        "price": "2.50",
        "stock_value": "125.00",
        "band": "medium",
        "worst_sku": "MED50",
        "worst_quantity": 50,
    }
    assert body["truncated"] is False
    assert summary["lists"] == {
        "available_stock": {"count": 7, "truncated": False},
        "low_stock": {"count": 4, "truncated": False},
        "out_of_stock": {"count": 1, "truncated": False},
        "high_stock": {"count": 1, "truncated": False},
        "medium_stock": {"count": 2, "truncated": False},
        "critical_stock": {"count": 2, "truncated": False},
    }


def test_an_empty_shop_has_a_health() -> None:
    body = check()
    assert body["stock_summary"]["summary"] == {
        "total_products": 0,
        "products_with_stock": 0,
        "products_low_stock": 0,
        "products_out_of_stock": 0,
        "stock_health_percentage": 0.0,
        "total_stock_value": "0.00",
    }
    assert set(map(tuple, lists(body).values())) == {()}


def test_the_bands_are_settings(settings: Settings) -> None:
    settings.STOCK_CRITICAL_MAX, settings.STOCK_LOW_MAX, settings.STOCK_MEDIUM_MAX = 1, 2, 3
    for stock in range(5):
        make_article(sku=f"S{stock}", stock=stock)
    found = lists(check())
    assert found["out_of_stock"] == ["S0"]
    assert found["critical_stock"] == ["S1"]
    assert found["low_stock"] == ["S1", "S2"]
    assert found["medium_stock"] == ["S3"]
    assert found["high_stock"] == ["S4"]


def test_an_item_with_its_own_reorder_point_is_low_at_or_below_it() -> None:
    make_article(sku="EARLY", stock=60, reorder_point=60)
    make_article(sku="LATE", stock=8, reorder_point=5)
    make_article(sku="LAST", stock=5, reorder_point=5)
    found = lists(check())
    assert found["low_stock"] == ["LAST", "EARLY"]
    assert found["critical_stock"] == ["LAST"]
    assert found["medium_stock"] == ["LATE"]
    assert found["high_stock"] == []


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("category=out_of_stock", ["OUT"]),
        ("category=critical", ["CRIT1", "CRIT5"]),
        ("category=low", ["CRIT1", "CRIT5", "LOW6", "LOW10"]),
        ("category=medium", ["MED11", "MED50"]),
        ("category=high", ["HIGH51"]),
        ("category=available", ["CRIT1", "CRIT5", "LOW6", "LOW10", "MED11", "MED50", "HIGH51"]),
        ("min_stock=10&max_stock=11", ["LOW10", "MED11"]),
        ("category=low&min_stock=6", ["LOW6", "LOW10"]),
        ("category=high&max_stock=50", []),
    ],
)
def test_a_filter_narrows_rows_and_counts(query: Any, skus: Any) -> None:
    body = check(query)
    found = lists(body)
    assert found["available_stock"] + found["out_of_stock"] == skus
    totals = body["stock_summary"]["summary"]
    assert totals["total_products"] == len(skus)
    assert totals["products_low_stock"] == len(found["low_stock"])
    assert totals["products_out_of_stock"] == len(found["out_of_stock"])
    applied = {name: value for name, value in body["filters_applied"].items() if value is not None}
    assert applied == {
        name: int(value) if value.isdigit() else value for name, value in (pair.split("=") for pair in query.split("&"))
    }


@pytest.mark.usefixtures("shelf")
def test_the_limit_cuts_lists_and_not_counts() -> None:
    body = check("limit=2")
    assert lists(body)["available_stock"] == ["CRIT1", "CRIT5"]
    assert lists(body)["low_stock"] == ["CRIT1", "CRIT5"]
    assert body["stock_summary"]["summary"]["total_products"] == 8
    assert body["truncated"] is True
    cut = {name for name, listed in body["stock_summary"]["lists"].items() if listed["truncated"]}
    assert cut == {"available_stock", "low_stock"}
    assert body["stock_summary"]["lists"]["low_stock"]["count"] == 4


def test_promised_units_inactive_warehouses_and_archived_things_do_not_count() -> None:
    mug = make_article(sku="MUG", stock=12)
    place(make_user(), {mug: 7})
    Warehouse.objects.create(code="closed", name="Closed", is_active=True)
    receive(mug, 100, "closed")
    inventory.update_warehouse(code="closed", is_active=False, actor=STAFF)
    gone = make_article(sku="GONE", stock=3)
    catalog.archive_product(product_id=gone.product_id, actor=STAFF)
    body = check()
    assert lists(body)["available_stock"] == ["MUG"]
    assert body["stock_summary"]["stock_categories"]["low_stock"][0]["stock_quantity"] == 5


def test_a_product_is_the_sum_of_its_variants() -> None:
    small = make_article(sku="SMALL", stock=4, price="10.00")
    make_article(sku="LARGE", stock=7, price="20.00", product=small.product)
    gone = make_article(sku="GONE", stock=50, product=small.product)
    catalog.archive_variant(product_id=gone.product_id, variant_id=gone.pk, actor=STAFF)
    [row] = check()["stock_summary"]["stock_distribution"]["critical_stock"]
    assert row == {
        "product_id": small.product_id,
        "name": small.product.name,
        "sku": "SMALL",
        "stock_quantity": 11,
        "price": "10.00",
        "stock_value": "180.00",
        "band": "critical",
        "worst_sku": "SMALL",
        "worst_quantity": 4,
    }


def test_a_product_is_in_the_band_of_its_worst_article_which_is_named() -> None:
    small = make_article(sku="SMALL", stock=650)
    make_article(sku="LARGE", stock=20, reorder_point=30, product=small.product)
    make_article(sku="HUGE", stock=25, reorder_point=30, product=small.product)
    [row] = check()["stock_summary"]["stock_categories"]["low_stock"]
    assert (row["sku"], row["stock_quantity"]) == ("SMALL", 695)
    assert (row["band"], row["worst_sku"], row["worst_quantity"]) == ("low", "LARGE", 20)


def test_a_product_with_an_article_that_is_out_is_out_and_what_is_left_is_available() -> None:
    small = make_article(sku="SMALL", stock=60)
    make_article(sku="LARGE", product=small.product)
    body = check()
    assert lists(body)["available_stock"] == lists(body)["out_of_stock"] == ["SMALL"]
    assert lists(body)["high_stock"] == []
    assert lists(check("category=available"))["out_of_stock"] == ["SMALL"]
    assert lists(check("category=high"))["out_of_stock"] == []


@pytest.mark.parametrize(
    "query",
    ["category=empty", "min_stock=-1", "min_stock=x", "max_stock=1e9", "max_stock=2147483648", "limit=0", "limit=1001"],
)
def test_bad_queries_are_refused(query: Any) -> None:
    answer = staff_with("inventory.view_stockitem").get(f"{CHECK}?{query}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert not safety_net


@pytest.mark.usefixtures("shelf")
def test_the_rows_are_the_serializers_bytes() -> None:
    written = stock_check().stock.available_stock
    rows = [row | {"stock_value": Decimal(row["stock_value"])} for row in orjson.loads(written)]
    assert len(rows) == len(STOCK) - 1
    assert dumps(PlainStockRowSerializer(rows, many=True).data) == written.encode()


def test_names_come_through_unharmed() -> None:
    make_article(name='a"b\\c/<&>\tÜ\u2028😀\x7f')
    assert check()["stock_summary"]["stock_categories"]["out_of_stock"][0]["name"] == 'a"b\\c/<&>\tÜ\u2028😀\x7f'


@pytest.mark.usefixtures("shelf")
def test_it_is_one_statement() -> None:
    with CaptureQueriesContext(connection) as captured:
        stock_check()
    assert len(captured) == 1
