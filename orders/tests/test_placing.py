"""Placing an order: what stands afterwards, and what is refused."""

from decimal import Decimal

import pytest
from pytest_django import Settings

from events.models import Event
from inventory.models import Reservation, StockMovement
from orders import services
from orders.exceptions import InsufficientStock, TooManyPendingOrders, UnknownArticle
from orders.models import Order
from orders.services import Buyer, Wanted
from orders.tests.factories import ADDRESS, customer, everything, make_article, make_user, place, stock_of

pytestmark = pytest.mark.django_db


def test_an_order_stands_with_lines_history_event_and_promised_stock() -> None:
    user, mug, pot = make_user(), make_article(stock=5, price="12.50"), make_article(stock=9, price="3.99")
    placed = place(user, {mug: 2, pot: 3})
    order = Order.objects.get()
    assert (order.pk, order.number, order.order_date) == (placed.id, placed.number, placed.order_date)
    assert (order.user_id, order.status, order.version) == (user.pk, "pending", 1)
    assert (order.total_amount, order.currency) == (Decimal("36.97"), "USD")
    assert order.shipping_city == "Springfield"
    lines = [(line.variant, line.quantity, line.unit_price, line.subtotal) for line in order.order_items.all()]
    assert lines == [(mug, 2, Decimal("12.50"), Decimal("25.00")), (pot, 3, Decimal("3.99"), Decimal("11.97"))]
    step = order.history.get()
    assert (step.event, step.from_status, step.to_status) == ("placed", "", "pending")
    assert (step.actor, step.at) == (f"customer:{user.pk}", order.order_date)
    event = Event.objects.get(kind="order.placed")
    told = {"order_id": order.pk, "number": order.number, "user_id": user.pk, "total": "36.97", "currency": "USD"}
    assert (event.subject, event.payload) == (f"order:{order.pk}", told)
    assert (event.actor, event.channel) == (f"customer:{user.pk}", "api")
    assert stock_of(mug) == (5, 2)
    assert stock_of(pot) == (9, 3)
    promised = Reservation.objects.filter(reference=order.reference)
    assert sorted(promised.values_list("quantity", "expires_at")) == [(2, None), (3, None)]
    assert StockMovement.objects.filter(reference=order.reference, kind="reserved").count() == 2


def test_an_article_is_named_by_product_variant_or_sku_and_merged() -> None:
    user, mug = make_user(), make_article(stock=6, sku="MUG-RED")
    lines = [Wanted(1, product_id=mug.product_id), Wanted(2, variant_id=mug.pk), Wanted(3, sku="MUG-RED")]
    placed = services.place_order(buyer=Buyer(user.pk), lines=lines, shipping=ADDRESS, actor=customer(user))
    assert [(line.variant_id, line.quantity) for line in placed.order_items] == [(mug.pk, 6)]
    assert stock_of(mug) == (6, 6)


def test_merged_lines_are_summed_before_the_check() -> None:
    user, mug = make_user(), make_article(stock=3)
    before = everything()
    with pytest.raises(InsufficientStock) as refusal:
        services.place_order(
            buyer=Buyer(user.pk),
            lines=[Wanted(2, product_id=mug.product_id), Wanted(2, variant_id=mug.pk)],
            shipping=ADDRESS,
            actor=customer(user),
        )
    assert [(issue["requested"], issue["available"]) for issue in refusal.value.extra["stock_issues"]] == [(4, 3)]
    assert everything() == before


def test_a_variant_has_its_own_price_and_name() -> None:
    user = make_user()
    small = make_article(stock=1, price="10.00", name="Shirt")
    large = make_article(stock=1, price="14.00", name="L", product=small.product)
    placed = place(user, {small: 1, large: 1})
    assert [(line.product_name, line.unit_price) for line in placed.order_items] == [
        ("Shirt", Decimal("10.00")),
        ("Shirt (L)", Decimal("14.00")),
    ]


def test_every_line_that_names_nothing_is_reported_with_its_place() -> None:
    user, mug, gone, draft = make_user(), make_article(stock=5), make_article(stock=5), make_article(stock=5)
    several = make_article(stock=5)
    make_article(stock=5, product=several.product)
    type(gone).objects.filter(pk=gone.pk).update(archived_at="2026-01-01T00:00:00Z")
    draft.product.status = "draft"
    draft.product.save()
    before = everything()
    with pytest.raises(UnknownArticle) as refusal:
        services.place_order(
            buyer=Buyer(user.pk),
            lines=[
                Wanted(1, product_id=2**62),
                Wanted(1, product_id=mug.product_id),
                Wanted(1, variant_id=gone.pk),
                Wanted(1, sku=draft.stock_item.sku),
                Wanted(1, product_id=several.product_id),
            ],
            shipping=ADDRESS,
            actor=customer(user),
        )
    assert [(error.field, error.code) for error in refusal.value.errors] == [
        ("order_items.0.product_id", "unknown_article"),
        ("order_items.2.variant_id", "unknown_article"),
        ("order_items.3.sku", "unknown_article"),
        ("order_items.4.product_id", "variant_required"),
    ]
    assert everything() == before


def test_every_short_line_is_reported_and_nothing_changes() -> None:
    user, mug, pot, jug = make_user(), make_article(stock=1), make_article(), make_article(stock=7)
    before = everything()
    with pytest.raises(InsufficientStock) as refusal:
        place(user, {mug: 2, jug: 7, pot: 1})
    assert refusal.value.extra["stock_issues"] == [
        {
            "product_id": variant.product_id,
            "sku": variant.stock_item.sku,
            "product_name": variant.product.name,
            "requested": requested,
            "available": available,
        }
        for variant, requested, available in [(mug, 2, 1), (pot, 1, 0)]
    ]
    assert everything() == before


def test_a_customer_may_have_so_many_pending_orders(settings: Settings) -> None:
    settings.MAX_PENDING_ORDERS_PER_CUSTOMER = 2
    user, mug = make_user(), make_article(stock=9)
    place(user, {mug: 1})
    second = place(user, {mug: 1})
    place(make_user(), {mug: 1})
    before = everything()
    with pytest.raises(TooManyPendingOrders):
        place(user, {mug: 1})
    assert everything() == before
    services.cancel_order(order_id=second.id, actor=customer(user))
    place(user, {mug: 1})


def test_the_cap_can_be_switched_off(settings: Settings) -> None:
    settings.MAX_PENDING_ORDERS_PER_CUSTOMER = 0
    user, mug = make_user(), make_article(stock=3)
    for _ in range(3):
        place(user, {mug: 1})
    assert stock_of(mug) == (3, 3)
