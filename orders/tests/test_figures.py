"""What is added up for the home page of staff, and what staff are told to order."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from inventory.bands import Band
from inventory.models import StockMovement
from inventory.tests.factories import StockItemFactory, backdate
from orders import figures, services
from orders.models import Figures, Order
from orders.tasks import add_up_figures
from orders.tests.factories import STAFF, make_article, make_order, make_user, place, receive

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_an_empty_shop_has_figures_of_nothing() -> None:
    report = figures.report()

    assert (report.days, report.best) == ({}, [])
    assert {share.name for share in report.bands} == set(Band)
    assert [share.units for share in report.bands + report.ages] == [0] * (len(Band) + 5)


def test_figures_are_kept_until_the_worker_adds_them_up_again() -> None:
    before = figures.report()
    make_order()

    assert figures.report() == before
    add_up_figures(0)

    assert figures.report().best[0].units == 2
    assert Figures.objects.count() == 1


def test_days_before_today_are_added_up_without_what_was_cancelled_or_deleted() -> None:
    yesterday = NOON - timedelta(days=1)
    for status in ("pending", "delivered", "cancelled", "deleted"):
        order = make_order(status=status, price="2.50")
        Order.objects.filter(pk=order.pk).update(order_date=yesterday, deleted_at=NOON if status == "deleted" else None)
    Order.objects.filter(pk=make_order().pk).update(order_date=NOON)

    figures.refresh(NOON)

    assert figures.report().days == {yesterday.date(): figures.Day(yesterday.date(), 2, Decimal("10.00"))}


def test_best_sellers_are_ten_by_units() -> None:
    user = make_user()
    for quantity in range(1, 13):
        place(user, {make_article(sku=f"SOLD-{quantity}", stock=20): quantity})

    figures.refresh()

    assert [best.sku for best in figures.report().best] == [f"SOLD-{quantity}" for quantity in range(12, 2, -1)]


def test_stock_is_worth_its_sale_price_in_the_band_of_its_item() -> None:
    make_article(stock=3, price="10.00")
    make_article(stock=5, price="0.50")
    make_article(stock=1_000, price="1.00")
    make_article(stock=0)

    figures.refresh()

    shares = {share.name: (share.items, share.units, share.value) for share in figures.report().bands}
    assert shares["critical"] == (2, 8, Decimal("32.50"))
    assert shares["high"] == (1, 1_000, Decimal(1_000))
    assert shares["out_of_stock"] == (1, 0, Decimal(0))


def test_what_lies_there_are_the_newest_arrivals() -> None:
    article = make_article(stock=0, price="2.00")
    for days, quantity in ((400, 10), (100, 5), (3, 4)):
        receive(article, quantity)
        backdate(StockMovement.objects.latest("id"), NOON - timedelta(days=days))
    # Of 19 that came, 12 are left: 4 of the last arrival, 5 of the one before, 3 of the first.
    StockItemFactory(stock=0)
    order = place(make_user(), {article: 7})

    for status in ("confirmed", "shipped"):
        services.set_status(order_id=order.id, status=status, actor=STAFF)

    figures.refresh(NOON)

    assert [(share.name, share.units, int(share.value)) for share in figures.report().ages] == [
        ("0 to 30 days", 4, 8),
        ("30 to 90 days", 0, 0),
        ("90 to 180 days", 5, 10),
        ("180 to 365 days", 0, 0),
        ("over 365 days", 3, 6),
    ]
