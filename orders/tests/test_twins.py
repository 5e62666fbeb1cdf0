"""The fast path agrees with the plain way: random shops and baskets, same rows, same refusals."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from hypothesis import event, given, settings
from hypothesis import strategies as st

from accounts.models import User
from catalog.models import Product, Variant
from database.refusals import Refusal
from events.models import Event
from inventory.models import Reservation, StockItem, StockLevel, StockMovement, Warehouse
from orders import services
from orders.models import Charge, Order, OrderDiscount, OrderEvent, OrderItem
from orders.services import Buyer, Shipping, Terms, Wanted
from orders.tests import plain
from orders.tests.factories import ADDRESS, customer, make_article, make_user
from pricing.models import Redemption
from pricing.tests.factories import make_method, make_promotion, make_tax_rate

pytestmark = pytest.mark.django_db
UNEQUAL = {
    "id",
    "order_id",
    "number",
    "order_date",
    "updated_at",
    "at",
    "created_at",
    "reference",
    "subject",
    "payload",
}


@dataclass(frozen=True)
class ArticleSpec:
    """How an article stands in the shop: per warehouse (on hand, reserved, backorder limit) or no level."""

    levels: tuple[tuple[int, int, int] | None, ...]
    price: Decimal
    own_price: Decimal | None
    most: int | None
    state: str


prices = st.decimals("0.01", "9999999.99", places=2)
levels = st.none() | st.tuples(st.integers(0, 20), st.integers(0, 8), st.sampled_from([0, 0, 2]))
article_specs = st.builds(
    ArticleSpec,
    levels=st.tuples(levels, levels),
    price=prices,
    own_price=st.none() | prices,
    most=st.none() | st.integers(1, 8),
    state=st.sampled_from(["for sale"] * 9 + ["sibling", "archived variant", "draft"]),
)
lines = st.tuples(st.integers(0, 19), st.sampled_from(["product_id", "variant_id", "sku"]), st.integers(1, 5))
shops = st.tuples(
    st.lists(article_specs, min_size=1, max_size=4), st.tuples(st.sampled_from([True, True, False]), st.integers(0, 2))
)
baskets = st.lists(lines, min_size=1, max_size=5)
orders_before = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from(["pending", "confirmed", "cancelled"])), max_size=3
)


def build(specs: list[ArticleSpec], main_active: bool, priority: int) -> list[Variant]:
    """The shop as rows; how it came to be is no matter here."""
    main = Warehouse.objects.get()
    Warehouse.objects.update(is_active=main_active, priority=1)
    houses = [main, Warehouse.objects.create(code="second", name="Second", priority=priority)]
    variants: list[Variant] = []
    for place, spec in enumerate(specs):
        if spec.state == "sibling" and variants:
            product = variants[-1].product
        else:
            product = Product.objects.create(name=f"Article {place}", slug=f"article-{place}", price=spec.price)
        if spec.state == "draft":
            Product.objects.filter(pk=product.pk).update(status=Product.Status.DRAFT)
        variants.append(
            Variant.objects.create(
                product=product,
                stock_item=StockItem.objects.create(sku=f"SKU-{place}", name="", in_stock=True),
                name="" if place % 2 else f"Size {place}",
                price=spec.own_price,
                max_per_customer=spec.most,
                archived_at="2026-01-01T00:00:00Z" if spec.state == "archived variant" else None,
            )
        )
        for house, numbers in zip(houses, spec.levels, strict=True):
            if numbers:
                on_hand, reserved, backorder_limit = numbers
                StockLevel.objects.create(
                    item=variants[-1].stock_item,
                    warehouse=house,
                    on_hand=on_hand,
                    reserved=min(reserved, on_hand + backorder_limit),
                    backorder_limit=backorder_limit,
                )
    return variants


def wanted(variants: list[Variant], line: tuple[int, str, int]) -> Wanted:
    place, name, quantity = line
    if place == 19:
        return Wanted(quantity, sku="UNKNOWN")
    variant = variants[place % len(variants)]
    names: dict[str, Any] = {
        "product_id": variant.product_id,
        "variant_id": variant.pk,
        "sku": variant.stock_item.sku,
    }
    return Wanted(quantity, **{name: names[name]})


def rows() -> dict[str, Any]:
    """Everything that an order writes, without ids and times. (Alerts are inventory's own, tested there.)"""
    models: list[Any] = [Order, OrderItem, Charge, OrderDiscount, OrderEvent, Redemption]
    models += [Reservation, StockMovement, StockLevel, StockItem]
    found = {model.__name__: model.objects.order_by("pk").values() for model in models}
    found["Event"] = Event.objects.filter(kind="order.placed").order_by("pk").values()
    return {
        name: [{column: value for column, value in row.items() if column not in UNEQUAL} for row in rows]
        for name, rows in found.items()
    }


def outcome(place_order: Callable[..., Any], user: User, basket: list[Wanted]) -> Any:
    """The rows afterwards or the refusal, and nothing left of it."""
    savepoint = transaction.savepoint()
    try:
        placed = place_order(lines=basket, actor=customer(user))
        order = Order.objects.latest("pk")
        assert (order.pk, order.number, order.total_amount) == (placed.id, placed.number, placed.total_amount)
        assert Reservation.objects.latest("pk").reference == order.reference
        return rows()
    except Refusal as refusal:
        places = [(error.field, error.code) for error in refusal.errors]
        told = {name: value for name, value in refusal.extra.items() if name != "lines"}
        return type(refusal), refusal.code, places, told
    finally:
        transaction.savepoint_rollback(savepoint)


BERLIN: Shipping = {
    **ADDRESS,
    "shipping_city": "Berlin",
    "shipping_state": "",
    "shipping_postal_code": "10115",
    "shipping_country": "Germany",
    "country_code": "DE",
    "note": "Ring twice",
}


@pytest.mark.parametrize("is_guest", [False, True])
@pytest.mark.parametrize("is_configured", [False, True])
@pytest.mark.parametrize(
    "terms",
    [
        Terms(),
        Terms(method="parcel", coupons=("TEN",)),
        Terms(coupons=("ONCE", "TEN")),
        Terms(coupons=("NONE",)),
        Terms(method="drone"),
        Terms(expected_total=Decimal("1.00")),
    ],
)
def test_both_ways_agree_on_what_an_order_costs(terms: Terms, is_configured: bool, is_guest: bool) -> None:
    mug, pot = make_article(stock=5, price="12.50"), make_article(stock=5, price="3.99")
    if is_configured:
        make_tax_rate()
        make_method()
        make_promotion()
        make_promotion(name="Once", kind="fixed", value=Decimal(2), codes=["ONCE"], per_customer=1, total_limit=3)
    user = make_user()
    buyer = Buyer(None, "Ann@example.com") if is_guest else Buyer(user.pk)
    asked = [Wanted(2, variant_id=mug.pk), Wanted(3, product_id=pot.product_id)]
    ways = [
        outcome(partial(way, buyer=buyer, shipping=BERLIN, terms=terms), user, asked)
        for way in (services.place_order, plain.place_order)
    ]
    assert ways[0] == ways[1]


def order_earlier(variants: list[Variant], user: User, earlier: list[tuple[int, int, str]]) -> None:
    """Orders of the customer from before, where the shop lets them be placed."""
    for place, quantity, status in earlier:
        with suppress(Refusal):
            line = wanted(variants, (place, "variant_id", quantity))
            placed = services.place_order(buyer=Buyer(user.pk), lines=[line], shipping=ADDRESS, actor=customer(user))
            if status != "pending":
                services.set_status(order_id=placed.id, status=status, actor=customer(user))


@settings(max_examples=150)
@given(shop=shops, earlier=orders_before, basket=baskets)
def test_both_ways_write_the_same_rows_or_refuse_alike(shop: Any, earlier: Any, basket: Any) -> None:
    savepoint = transaction.savepoint()
    try:
        specs, (main_active, priority) = shop
        variants, user = build(specs, main_active, priority), make_user()
        order_earlier(variants, user, earlier)
        asked = [wanted(variants, line) for line in basket]
        to: dict[str, Any] = {"buyer": Buyer(user.pk), "shipping": ADDRESS}
        fast = outcome(partial(services.place_order, **to), user, asked)
        event(fast[1] if isinstance(fast, tuple) else "placed")
        assert fast == outcome(partial(plain.place_order, **to), user, asked)
    finally:
        transaction.savepoint_rollback(savepoint)
