"""`manage.py low_stock_report`."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from catalog.models import Category, Product, Variant
from inventory.models import StockItem, Warehouse
from orders.tests.factories import make_article, make_user, place, receive

pytestmark = pytest.mark.django_db


def report(**options: Any) -> str:
    out = StringIO()
    call_command("low_stock_report", stdout=out, **options)
    return out.getvalue()


def skus(**options: Any) -> list[str]:
    return [row["sku"] for row in json.loads(report(format="json", **options))]


def test_it_lists_what_is_at_or_below_its_line_worst_first() -> None:
    make_article(sku="FULL", stock=11)
    make_article(sku="LOW", stock=10)
    make_article(sku="CRITICAL", stock=5)
    make_article(sku="OUT")
    make_article(sku="OWN-LINE", stock=60, reorder_point=60)
    make_article(sku="SMALL-LINE", stock=3, reorder_point=2)
    rows = json.loads(report(format="json"))
    assert [(row["sku"], row["band"]) for row in rows] == [
        ("OUT", "out_of_stock"),
        ("CRITICAL", "critical"),
        ("LOW", "low"),
        ("OWN-LINE", "low"),
    ]


def test_promised_units_do_not_count_as_stock() -> None:
    mug = make_article(sku="MUG", stock=12)
    assert skus() == []
    place(make_user(), {mug: 4})
    [row] = json.loads(report(format="json"))
    assert (row["stock_quantity"], row["on_hand"], row["reserved"]) == (8, 12, 4)


def test_archived_products_and_variants_are_left_out() -> None:
    mug, pot = make_article(), make_article()
    Product.objects.filter(pk=mug.product_id).update(status="archived")
    Variant.objects.filter(pk=pot.pk).update(archived_at="2026-01-01T00:00:00Z")
    assert skus() == []


def test_a_band_a_category_and_a_warehouse_narrow_it() -> None:
    tools = Category.objects.create(name="Tools", slug="tools")
    saws = Category.objects.create(name="Saws", slug="saws", parent=tools)
    for sku, stock, category in [("SAW", 3, saws), ("HAMMER", 8, tools), ("MUG", 0, None)]:
        article = make_article(sku=sku, stock=stock)
        Product.objects.filter(pk=article.product_id).update(category=category)
    assert skus(category="tools") == ["SAW", "HAMMER"]
    assert skus(category="saws") == ["SAW"]
    assert skus(band="out_of_stock") == ["MUG"]
    assert skus(band="critical") == ["SAW"]
    assert skus(band="low") == ["SAW", "HAMMER"]
    Warehouse.objects.create(code="second", name="Second")
    both = make_article(sku="BOTH", stock=20)
    receive(both, 1, "second")
    assert skus(warehouse="second") == ["BOTH"]
    assert "BOTH" not in skus()


def test_unknown_names_are_an_error_of_their_own() -> None:
    for option in ("category", "warehouse"):
        with pytest.raises(CommandError) as raised:
            report(**{option: "nowhere"})
        assert raised.value.returncode == 2


@pytest.mark.parametrize(
    ("stock", "failing"), [(0, {"out", "critical", "low"}), (5, {"critical", "low"}), (10, {"low"}), (11, set())]
)
def test_it_fails_on_what_cron_asks_it_to(stock: Any, failing: Any) -> None:
    make_article(stock=stock)
    for level in ("out", "critical", "low"):
        if level in failing:
            with pytest.raises(SystemExit) as ended:
                report(fail_on=level)
            assert ended.value.code == 1
        else:
            report(fail_on=level)


def test_the_table_is_readable() -> None:
    make_article(sku="MUG-1", name="Mug", stock=3)
    heading, line = report().splitlines()
    assert heading.split()[:2] == ["sku", "product"]
    assert line.split() == ["MUG-1", "Mug", "critical", "3", "3", "0"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_the_csv_is_a_formula(name: Any) -> None:
    mug = make_article(name=name, sku="=cmd()")
    StockItem.objects.filter(pk=mug.stock_item_id).update(reorder_point=3)
    [row] = csv.DictReader(StringIO(report(format="csv").removeprefix("\ufeff"), newline=""))
    assert (row["sku"], row["product"]) == ("'=cmd()", f"'{name}")
    assert (row["stock_quantity"], row["reorder_point"], row["reorder_quantity"]) == ("0", "3", "")


def test_it_is_mailed_with_the_csv_instead_of_printed() -> None:
    make_article(sku="MUG-1")
    assert report(email=["ann@example.com", "bob@example.com"]) == ""
    [message] = mail.outbox
    assert message.to == ["ann@example.com", "bob@example.com"]
    assert message.subject == "Shop: 1 articles are low or out of stock"
    assert "MUG-1" in message.body
    [(name, content, kind)] = message.attachments
    assert (name, kind) == ("low-stock.csv", "text/csv")
    assert content.startswith("\ufeffsku,")
    assert "MUG-1" in content


@pytest.mark.parametrize("address", ["notanaddress", "", "a b@example.com", "ann@example.com\nBcc: bob@example.com"])
def test_what_is_no_address_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(CommandError) as raised:
        report(email=["ann@example.com", address])
    assert (raised.value.returncode, mail.outbox) == (2, [])


def test_a_spreadsheet_shows_every_letter() -> None:
    make_article(name="Crème Brûlée 日本")
    assert report(format="csv").startswith("\ufeffsku,product,")
    assert "Crème Brûlée 日本" in report(format="csv")
    assert "\ufeff" not in report() + report(format="json")
