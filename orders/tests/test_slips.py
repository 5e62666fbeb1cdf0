"""The packing slip: what it says of an order in each status, and of goods that moved, are missing or were lost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.html import strip_tags

from inventory import services as inventory_services
from orders import services
from orders.models import Order
from orders.tests.factories import STAFF, make_article, make_order, make_user, place, receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def slip(staff_pages: Callable[..., Any]) -> Callable[[Order], str]:
    """The text of the slip of an order."""
    desk = staff_pages("order desk")

    def read(order: Order) -> str:
        page = desk.get(f"/admin/orders/order/{order.pk}/slip/").content.decode()
        return " ".join(strip_tags(page[page.index('<section class="card">') :]).split())

    return read


@pytest.mark.parametrize(
    ("status", "notice", "takes"),
    [
        ("pending", "This order is not confirmed yet.", "Take from"),
        ("confirmed", "", "Take from"),
        ("shipped", "This order is shipped. Its goods have been taken already.", "Taken from"),
        ("delivered", "This order is delivered. Its goods have been taken already.", "Taken from"),
        ("cancelled", "This order is cancelled. There is nothing to pack.", ""),
    ],
)
def test_the_slip_says_what_the_status_means_for_who_packs(
    slip: Callable[[Order], str], status: str, notice: str, takes: str
) -> None:
    order = make_order(status=status, sku="MUG-SLIP", name="Mug of the slip")

    text = slip(order)

    assert notice in text
    assert ("This order is" in text) is bool(notice)
    for shown in ("MUG-SLIP", "Mug of the slip", "2 units, Main", order.shipping_address_line1):
        assert (shown in text) is bool(takes)
    assert ("Take from" in text, "Taken from" in text) == (takes == "Take from", takes == "Taken from")
    assert ("☐" in text) is (takes == "Take from")


def test_the_company_on_the_parcel_is_not_that_of_the_invoice(
    slip: Callable[[Order], str], staff_pages: Callable[..., Any]
) -> None:
    order = make_order(status="confirmed")
    billing = {"billing_address_line1": "2 Side Street", "billing_city": "Chicago", "billing_country": "United States"}
    Order.objects.filter(pk=order.pk).update(company="Ann & Co", billing_company="Payers Ltd", **billing)

    text = slip(order)
    page = staff_pages("order desk").get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    parcel, invoice = page[page.index("Ships to") :].split("Invoice to")

    assert ("Ann &amp; Co" in text, "Payers Ltd" in text) == (True, False)
    assert ("Ann &amp; Co" in parcel, "Payers Ltd" in parcel) == (True, False)
    assert ("Ann &amp; Co" in invoice, "Payers Ltd" in invoice) == (False, True)


def test_the_slip_of_a_deleted_order_names_nothing_to_take(slip: Callable[[Order], str]) -> None:
    order = make_order(status="confirmed", sku="MUG-SLIP")
    services.delete_order(order_id=order.pk, actor=STAFF)

    text = slip(order)

    assert "This order is deleted. There is nothing to pack." in text
    assert "MUG-SLIP" not in text


def test_the_slip_names_each_warehouse_and_no_line_that_was_lost(slip: Callable[[Order], str]) -> None:
    inventory_services.create_warehouse(code="north", name="North", priority=200, actor=STAFF)
    both = make_article(stock=2, sku="BOTH", warehouse="main")
    lost = make_article(stock=3, sku="LOST", warehouse="main")
    receive(both, 3, "north")
    order = Order.objects.get(pk=place(make_user(), {both: 5, lost: 3}).id)
    services.record_shortfall(sku="LOST", warehouse="main", missing=3, actor=STAFF)

    text = slip(order)

    assert "2 units, Main" in text
    assert "3 units, North" in text
    assert "LOST" not in text
    services.confirm_order(order_id=order.pk, actor=STAFF)
    services.ship_order(order_id=order.pk, actor=STAFF)
    assert "LOST" not in slip(order)
    assert "3 units, North" in slip(order)


def test_the_slip_says_what_of_a_backorder_is_not_there_yet(slip: Callable[[Order], str]) -> None:
    article = make_article(stock=1)
    level = article.stock_item.levels.get()
    inventory_services.set_backorder_limit(
        item_id=article.stock_item_id, warehouse_id=level.warehouse_id, limit=5, actor=STAFF
    )
    order = Order.objects.get(pk=place(make_user(), {article: 3}).id)

    assert "3 units, Main warehouse (2 not there yet)" in slip(order)
