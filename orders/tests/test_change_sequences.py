"""Any sequence of changes, parcels and losses leaves figures that are sums, and stock that is whole."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import event, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from catalog.models import Variant
from database.refusals import Refusal
from orders import services
from orders.models import Order, OrderRevision
from orders.services import Terms, Wanted
from orders.tests.factories import STAFF, assert_sound, make_article, make_user
from orders.tests.test_terms import order_of
from pricing.tests.factories import make_method, make_promotion, make_tax_rate

pytestmark = pytest.mark.django_db
Step = tuple[str, int, int, int]

steps = st.tuples(
    st.sampled_from(["fewer", "fewer", "replace", "ship", "cancel parcel", "lose", "ship all"]),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 3),
)
prices = st.decimals("0.01", "99.99", places=2)


def take(step: Step, order: Order, articles: list[Variant]) -> None:
    """One step, by places in the lists of lines, parcels and articles."""
    kind, first, second, units = step
    lines, parcels = list(order.order_items.all()), list(order.fulfilments.all())
    line, article = lines[first % len(lines)], articles[second]
    verbs: dict[str, Callable[[], Any]] = {
        "fewer": lambda: services.change_line(order_id=order.pk, line_id=line.pk, quantity=units, actor=STAFF),
        "replace": lambda: services.replace_line(
            order_id=order.pk, line_id=line.pk, wanted=Wanted(max(units, 1), variant_id=article.pk), actor=STAFF
        ),
        "ship": lambda: services.ship_parcel(order_id=order.pk, lines={line.pk: max(units, 1)}, actor=STAFF),
        "ship all": lambda: services.ship_parcel(order_id=order.pk, actor=STAFF),
        "cancel parcel": lambda: services.cancel_parcel(
            order_id=order.pk, parcel_id=parcels[first % len(parcels)].pk if parcels else 0, actor=STAFF
        ),
        "lose": lambda: services.record_shortfall(
            sku=article.stock_item.sku, warehouse="main", missing=max(units, 1), actor=STAFF
        ),
    }
    verbs[kind]()


@settings(max_examples=60)
@given(
    included=st.booleans(),
    rounding=st.sampled_from(["line", "order"]),
    rate=st.sampled_from(["19", "7.5", "0"]),
    off=st.sampled_from(["10", "33.3", "100"]),
    listed=st.tuples(prices, prices, prices, prices),
    sequence=st.lists(steps, min_size=1, max_size=8),
)
def test_figures_stay_sums_and_stock_stays_whole(
    settings: Settings,
    included: bool,
    rounding: str,
    rate: str,
    off: str,
    listed: tuple[Decimal, ...],
    sequence: list[Step],
) -> None:
    settings.PRICES_INCLUDE_TAX, settings.TAX_ROUNDING = included, rounding
    savepoint = transaction.savepoint()
    try:
        make_tax_rate(rate=Decimal(rate))
        make_method()
        make_promotion(value=Decimal(off))
        articles = [make_article(stock=6, price=str(price)) for price in listed]
        basket = {articles[0]: 3, articles[1]: 2}
        placed = order_of(make_user(), basket, Terms(method="parcel", coupons=("ten",)))
        services.confirm_order(order_id=placed.id, actor=STAFF)
        for step in sequence:
            try:
                take(step, Order.objects.get(pk=placed.id), articles)
            except Refusal as refusal:
                event(f"{step[0]}: {refusal.code}")
            else:
                event(step[0])
        assert_sound()
        order = Order.objects.get(pk=placed.id)
        owed = OrderRevision.objects.aggregate(owed=Sum("owed", default=0))["owed"]
        # What is owed is what the total has less, but for an order that ended with all it had.
        assert order.status == "cancelled" or order.total_amount == placed.total_amount - owed
    finally:
        transaction.savepoint_rollback(savepoint)
