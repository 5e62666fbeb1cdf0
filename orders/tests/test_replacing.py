"""A line that staff replace by another article: its price, its discount, its taxes, and the stock of both."""

from decimal import Decimal

import pytest
from pytest_django import Settings

from events.models import Event
from inventory import services as inventory_services
from inventory.models import Reservation
from orders import services
from orders.exceptions import AlreadyOnOrder, InsufficientStock, MoreThanOpen, UnknownArticle
from orders.models import Order, OrderRevision
from orders.services import Shipping, Terms, Wanted
from orders.tests.factories import STAFF, assert_sound, everything, make_article, make_user, place, receive, stock_of
from orders.tests.test_changes import change_line, fresh, ids, lines, replace, taxed
from orders.tests.test_terms import BERLIN, amounts, figures, order_of
from pricing.tests.factories import make_method, make_tax_rate

pytestmark = pytest.mark.django_db


def test_staff_replace_a_line_at_the_price_of_today_with_the_rate_of_its_discount() -> None:
    order = taxed()
    mug = order.order_items.first()
    assert mug is not None
    bowl = make_article(stock=4, price="20.00", sku="BOWL")

    new = replace(order, Wanted(2, sku="bowl"), reason="broken")

    assert lines(order) == [("POT", 3, Decimal("11.97")), ("BOWL", 2, Decimal("40.00"))]
    line = order.order_items.get(pk=new)
    assert (line.discount, line.tax, line.tax_rate, line.tax_name) == (*amounts("4.00", "6.84", "19"), "VAT")
    assert figures(fresh(order)) == amounts("51.97", "5.20", "4.90", "9.82", "61.49")
    assert (stock_of(mug.variant), stock_of(bowl)) == ((5, 0), (4, 2))
    revisions = OrderRevision.objects.values_list("kind", "sku", "quantity_before", "quantity_after", "owed")
    assert list(revisions) == [
        ("line_replaced", "MUG", 2, 0, Decimal("26.78")),
        ("line_added", "BOWL", 0, 2, Decimal("-42.84")),
    ]
    payload = Event.objects.get(kind="order.line_changed").payload
    assert (payload["replaced_by"]["sku"], payload["owed"]) == ("BOWL", "-16.06")
    assert_sound()


def test_a_part_of_a_line_is_replaced_beside_what_has_left() -> None:
    mug, bowl = make_article(stock=5, sku="MUG"), make_article(stock=4, sku="BOWL", price="7.00")
    placed = place(make_user(), {mug: 3})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    order = Order.objects.get(pk=placed.id)
    services.ship_parcel(order_id=order.pk, lines={ids(order)[0]: 1}, actor=STAFF)
    before = everything()
    with pytest.raises(MoreThanOpen):
        replace(order, Wanted(3, sku="BOWL"))
    assert everything() == before

    replace(order, Wanted(2, sku="BOWL"))

    assert lines(order) == [("MUG", 1, 10), ("BOWL", 2, 14)]
    assert (stock_of(mug), stock_of(bowl), fresh(order).total_amount) == ((4, 0), (4, 2), 24)
    services.ship_order(order_id=order.pk, actor=STAFF)
    assert_sound()


@pytest.mark.parametrize("rounding", ["line", "order"])
@pytest.mark.parametrize("included", [True, False])
def test_figures_stay_sums_however_taxes_are_counted(settings: Settings, rounding: str, included: bool) -> None:
    settings.TAX_ROUNDING, settings.PRICES_INCLUDE_TAX = rounding, included
    order = taxed()
    make_article(stock=4, price="20.01", sku="BOWL")
    replace(order, Wanted(1, sku="BOWL"))
    change_line(order, 1, line=1)
    assert_sound()


def test_a_business_abroad_owes_the_tax_of_the_new_line_too(settings: Settings) -> None:
    settings.PRICES_INCLUDE_TAX, settings.SHOP_COUNTRY = True, "AT"
    make_tax_rate()
    shipping: Shipping = {**BERLIN, "vat_id": "DE136695976"}
    placed = order_of(make_user(), {make_article(stock=5, price="119.00"): 1}, shipping=shipping)
    order = Order.objects.get(pk=placed.id)
    make_article(stock=1, price="238.00", sku="BOWL")
    replace(order, Wanted(1, sku="BOWL"))
    assert (lines(order), fresh(order).total_amount) == ([("BOWL", 1, 200)], 200)
    assert_sound()


def test_a_line_is_not_replaced_by_what_is_not_for_sale_short_or_there_already() -> None:
    order = taxed()
    make_article(stock=1, sku="BOWL")
    before = everything()
    refusals: list[tuple[Wanted, type[Exception]]] = [
        (Wanted(1, sku="NONE"), UnknownArticle),
        (Wanted(1, sku="POT"), AlreadyOnOrder),
        (Wanted(1, sku="MUG"), AlreadyOnOrder),
        (Wanted(2, sku="BOWL"), InsufficientStock),
    ]
    for wanted, refusal in refusals:
        with pytest.raises(refusal):
            replace(order, wanted)
    with pytest.raises(InsufficientStock) as short:
        replace(order, Wanted(2, sku="BOWL"))
    issue = short.value.extra["stock_issues"][0]
    assert (issue["sku"], issue["requested"], issue["available"]) == ("BOWL", 2, 1)
    assert everything() == before


def test_a_line_that_is_picked_up_is_replaced_in_its_warehouse() -> None:
    corner = inventory_services.create_warehouse(code="corner", name="Corner", priority=50, actor=STAFF)
    make_method(code="pickup", pickup_warehouse_id=corner.pk)
    mug, bowl = make_article(stock=5), make_article(stock=5, sku="BOWL")
    receive(mug, 2, "corner")
    receive(bowl, 1, "corner")
    order = Order.objects.get(pk=order_of(make_user(), {mug: 2}, Terms(method="pickup")).id)
    before = everything()
    with pytest.raises(InsufficientStock):
        replace(order, Wanted(2, sku="BOWL"))
    assert everything() == before
    replace(order, Wanted(1, sku="BOWL"))
    held = Reservation.objects.filter(reference=order.reference, state="open")
    assert sorted(held.values_list("level__warehouse__code", "quantity")) == [("corner", 1), ("corner", 1)]
    assert_sound()
