"""Seven places tell staff how stock stands. After any history they say the same, and what the rows say."""

import json
import random
import re
from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from pytest_django import Settings

from catalog import services as catalog
from catalog.models import Product, Variant
from catalog.tests.factories import make_product
from database.refusals import Refusal
from inventory import services as inventory
from inventory.bands import ALERTING, Band, band_of
from inventory.models import StockLevel, Warehouse
from inventory.tasks import mail_stock_digest, settle_alerts
from orders import services
from orders.models import Order
from orders.tests.factories import STAFF, make_user, place

pytestmark = pytest.mark.django_db
API = "/api/v1"
LOW = {str(band) for band in ALERTING}


def expected() -> dict[str, tuple[str, int]]:
    """Band and unsold units of each article for sale, the plain way."""
    found = {}
    for variant in Variant.objects.on_sale().select_related("stock_item"):
        levels = StockLevel.objects.filter(item=variant.stock_item, warehouse__is_active=True)
        unsold = max(sum(level.on_hand - level.reserved for level in levels), 0)
        found[variant.stock_item.sku] = (str(band_of(unsold, variant.stock_item.reorder_point)), unsold)
    return found


def on_home(pages: Any, truth: dict[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    """What the home page lists: the few that come first. Its counts are of all."""
    work = pages.get("/admin/").context["worklist"]
    counts = Counter(band for band, _ in truth.values())
    assert [(str(band), count) for band, count in work.counts] == [(str(band), counts[band]) for band in ALERTING]
    assert len(work.rows) == min(8, sum(counts[band] for band in ALERTING))
    assert all(row.next_step for row in work.rows)
    return {row.sku: (str(row.band), row.quantity) for row in work.rows}


def listed_by_band(pages: Any, path: str) -> dict[str, str]:
    """The band of each item, by the filter of a list of the admin."""
    found: dict[str, str] = {}
    for band in Band:
        for row in pages.get(f"{path}?band={band}").context["cl"].result_list:
            assert found.setdefault(row.sku, str(band)) == row.band == band
    return found


def listed_by_api(client: Any) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for band in Band:
        for row in client.get(f"{API}/inventory/items?page_size=100&band={band}").json()["results"]:
            assert row["sku"] not in found
            assert row["band"] == band
            found[row["sku"]] = (row["band"], max(row["on_hand"] - row["reserved"], 0))
    return found


def alerts(client: Any) -> dict[str, tuple[str, int]]:
    rows = client.get(f"{API}/inventory/alerts?page_size=100").json()["results"]
    found = {row["sku"]: (row["band"], row["available"]) for row in rows}
    assert len(found) == len(rows)
    return found


def alerts_of_admin(pages: Any) -> dict[str, str]:
    rows = pages.get("/admin/inventory/stockalert/?closed_at__isempty=1").context["cl"].result_list
    return {row.item.sku: row.present_band for row in rows}


def digest() -> dict[str, tuple[str, int]]:
    mail.outbox.clear()
    day = digest.day = getattr(digest, "day", 0) + 1  # type: ignore[attr-defined]  # one mail a day
    mail_stock_digest(timestamp=1_790_000_000 + 86_400 * day)
    if not mail.outbox:
        return {}
    found, band = {}, ""
    for line in str(mail.outbox[0].body).splitlines():
        if heading := re.fullmatch(r"(Out Of Stock|Critical|Low) \(\d+\)", line):
            band = heading[1].lower().replace(" ", "_")
        elif row := re.match(r"  (\S+)  .*: (\d+) available", line):
            found[row[1]] = (band, int(row[2]))
    return found


def report() -> dict[str, tuple[str, int]]:
    out = StringIO()
    call_command("low_stock_report", format="json", stdout=out)
    return {row["sku"]: (row["band"], row["stock_quantity"]) for row in json.loads(out.getvalue())}


def check_stock_check(client: Any, truth: dict[str, tuple[str, int]]) -> None:
    """Each product for sale is in the list of its worst article, with the units of all its articles."""
    summary = client.get(f"{API}/orders/health/stock-check").json()["stock_summary"]
    lists = summary["stock_categories"] | summary["stock_distribution"]
    shown = {
        row["product_id"]: (row["band"], row["worst_quantity"], row["worst_sku"], row["stock_quantity"])
        for name, rows in lists.items()
        if name != "available_stock"
        for row in rows
    }
    order = [str(band) for band in Band]
    wanted = {}
    for product in Product.objects.on_sale():
        articles = [
            (*truth[sku], sku)
            for sku in product.variants.live().order_by("stock_item").values_list("stock_item__sku", flat=True)
        ]
        worst = min(articles, key=lambda article: (order.index(article[0]), article[1]))
        wanted[product.pk] = (*worst, sum(article[1] for article in articles))
    assert shown == wanted
    counts = Counter(band for band, *_ in wanted.values())
    assert summary["alerts"] == {
        "low_stock_alerts": counts["low"] + counts["critical"],
        "out_of_stock_alerts": counts["out_of_stock"],
        "critical_stock_alerts": counts["critical"],
    }


def check_all(pages: Any, client: Any) -> None:
    truth = expected()
    low = {sku: standing for sku, standing in truth.items() if standing[0] in LOW}
    assert listed_by_api(client) == truth
    assert listed_by_band(pages, "/admin/inventory/stockitem/") == {sku: band for sku, (band, _) in truth.items()}
    assert alerts(client) == digest() == report() == low
    assert alerts_of_admin(pages) == {sku: band for sku, (band, _) in low.items()}
    assert on_home(pages, truth).items() <= low.items()
    check_stock_check(client, truth)


def step(dice: random.Random) -> None:
    """One thing that happens in a shop. What is refused leaves everything as it was."""
    variant = dice.choice(list(Variant.objects.select_related("stock_item", "product")))
    sku, product_id, warehouse = variant.stock_item.sku, variant.product_id, dice.choice(list(Warehouse.objects.all()))
    quantity = dice.choice([1, 2, 5, 10, 40])
    orders = list(Order.objects.filter(status="pending")[:1])
    receipt = inventory.ReceiptLine(sku, quantity, warehouse.code)
    loss = inventory.AdjustmentLine(sku, warehouse.code, delta=-quantity)
    transfer = inventory.TransferLine(sku, quantity)
    dice.choice(
        [
            lambda: inventory.receive_stock(reference="DN", lines=[receipt], actor=STAFF),
            lambda: place(make_user(), {variant: quantity}),
            lambda: place(make_user(), {variant: quantity}),
            lambda: [services.cancel_order(order_id=order.pk, actor=STAFF) for order in orders],
            lambda: inventory.adjust_stock(reason="broken", lines=[loss], actor=STAFF),
            lambda: inventory.transfer_stock(source="main", target="north", lines=[transfer], actor=STAFF),
            lambda: inventory.update_warehouse(code=warehouse.code, is_active=not warehouse.is_active, actor=STAFF),
            lambda: catalog.archive_variant(product_id=product_id, variant_id=variant.pk, actor=STAFF),
            lambda: catalog.restore_variant(product_id=product_id, variant_id=variant.pk, actor=STAFF),
            lambda: catalog.update_product(
                product_id=product_id, status=dice.choice(["active", "active", "archived", "draft"]), actor=STAFF
            ),
            lambda: catalog.add_variant(product_id=product_id, stock_quantity=dice.choice([0, 7]), actor=STAFF),
            lambda: inventory.update_item(sku=sku, reorder_point=dice.choice([None, 0, 3, 30]), actor=STAFF),
        ]
    )()


@pytest.mark.parametrize("seed", range(8))
def test_the_seven_agree_after_any_history(
    settings: Settings, staff_pages: Any, as_admin: Any, mailoutbox: Any, seed: int
) -> None:
    settings.STAFF_EMAILS = ["staff@example.com"]
    settings.MAX_PENDING_ORDERS_PER_CUSTOMER = 0
    dice, pages = random.Random(seed), staff_pages("administrator")  # noqa: S311
    Warehouse.objects.create(code="north", name="North", priority=500)
    for stock in (0, 4, 9, 30, 80):
        make_product(stock=stock)
    make_product(variants=[{"name": name, "stock_quantity": stock} for name, stock in (("S", 0), ("M", 8), ("L", 60))])
    check_all(pages, as_admin)

    for number in range(36):
        try:
            step(dice)
        except Refusal:
            continue
        if number % 9 == 8:
            check_all(pages, as_admin)
    settings.STOCK_CRITICAL_MAX, settings.STOCK_LOW_MAX = 3, 40
    settle_alerts(timestamp=0)

    check_all(pages, as_admin)
