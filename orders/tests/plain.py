"""The plain way of placing an order: what the fast path and inventory must agree with, row by row.

Textbook Django: lock with `select_for_update`, decide, `create` and `bulk_create`. It is slow and easy to believe.
The same goes for the serializers here, which ask each field.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from rest_framework.serializers import ListSerializer, Serializer

from accounts.countries import normalised_postal_code, normalised_region
from catalog.models import Product, Variant
from database.refusals import FieldError
from events.actors import Actor
from events.services import publish
from inventory.models import Reservation, StockItem, StockLevel, StockMovement
from orders.exceptions import (
    InsufficientStock,
    QuantityLimitExceeded,
    ShippingNotAvailable,
    TooManyPendingOrders,
    TotalChanged,
    UnknownArticle,
)
from orders.models import Charge, Order, OrderDiscount, OrderEvent, OrderItem, OrderQuerySet
from orders.search import COLUMNS, folded_words_of
from orders.serializers.bodies import PlaceOrderBody
from orders.serializers.documents import OrderItemSerializer, OrderSerializer
from orders.serializers.reports import StockRowSerializer
from orders.services import Buyer, Shipping, Terms, Wanted
from orders.services.terms import NO_TERMS
from pricing.exceptions import CouponNotValid
from pricing.figures import Destination, PricedLine, Totals
from pricing.rulebook import current_rules
from pricing.services import redeem
from pricing.totals import totals
from pricing.vat import compact_vat_id


class PlainOrderBody(PlaceOrderBody):
    run_validation = Serializer.run_validation


class PlainOrderItemSerializer(OrderItemSerializer):
    to_representation = Serializer.to_representation


class PlainOrderSerializer(OrderSerializer):
    order_items = PlainOrderItemSerializer(many=True)
    to_representation = Serializer.to_representation


class PlainStockRowSerializer(StockRowSerializer):
    class Meta:
        list_serializer_class = ListSerializer


def articles(line: Wanted) -> list[Variant]:
    variants = Variant.objects.on_sale().select_related("product", "stock_item")
    if line.product_id:
        return list(variants.filter(product_id=line.product_id))
    if line.variant_id:
        return list(variants.filter(pk=line.variant_id))
    return list(variants.filter(stock_item__sku=line.sku))


def name_of(variant: Variant) -> str:
    return f"{variant.product.name} ({variant.name})" if variant.name else variant.product.name


def choose(lines: Sequence[Wanted]) -> dict[Variant, int]:
    basket: dict[Variant, int] = {}
    errors = []
    for place, line in enumerate(lines):
        found = articles(line)
        if len(found) == 1:
            basket[found[0]] = basket.get(found[0], 0) + line.quantity
        else:
            code = "variant_required" if found else "unknown_article"
            errors.append(FieldError(f"order_items.{place}.{line.named_by}", code, ""))
    if errors:
        raise UnknownArticle(errors)
    return basket


def split(levels: Sequence[StockLevel], quantity: int) -> list[tuple[StockLevel, int]]:
    """Every way of taking the quantity from the levels, and of those the one that the shop prefers.

    Goods that are there before goods to come, then the fewest warehouses, then those of better priority.
    """
    levels = sorted(levels, key=lambda level: (level.warehouse.priority, level.warehouse_id))
    for free in (lambda level: level.on_hand - level.reserved, lambda level: level.available):
        candidates = [level for level in levels if free(level) > 0]
        ways = []
        for number in range(1, 2 ** len(candidates)):
            chosen = [level for place, level in enumerate(candidates) if number >> place & 1]
            if sum(free(level) for level in chosen) >= quantity:
                ways.append((len(chosen), [candidates.index(level) for level in chosen], chosen))
        if ways:
            shares, left = [], quantity
            for level in min(ways, key=lambda way: way[:2])[2]:
                shares.append((level, min(free(level), left)))
                left -= shares[-1][1]
            return shares
    return []


def orders_of(buyer: Buyer) -> OrderQuerySet:
    """All orders that count for a buyer."""
    if buyer.user_id is not None:
        return Order.objects.of(buyer.user_id)
    return Order.objects.visible().filter(user=None, email=buyer.email)


def too_many(buyer: Buyer, basket: dict[Variant, int]) -> list[dict[str, Any]]:
    issues = []
    for variant, quantity in basket.items():
        most = variant.max_per_customer or settings.MAX_UNITS_PER_CUSTOMER
        lines = OrderItem.objects.filter(order__in=orders_of(buyer).open(), variant=variant)
        held = lines.aggregate(units=Sum("quantity", default=0))["units"]
        if most and held + quantity > most:
            issues.append(
                {
                    "product_id": variant.product_id,
                    "sku": variant.stock_item.sku,
                    "product_name": name_of(variant),
                    "requested": quantity,
                    "limit": most,
                    "left": max(0, most - held),
                }
            )
    return issues


def categories_of(product: Product) -> frozenset[int]:
    """The category of a product and all above it."""
    found, category = set(), product.category
    while category is not None:
        found.add(category.pk)
        category = category.parent
    return frozenset(found)


def costs(basket: dict[Variant, int], shipping: Shipping, terms: Terms) -> Totals:
    """What the basket costs by the rules of the shop, whether there are any or not."""
    country = shipping.get("country_code", "")
    return totals(
        lines=[
            PricedLine(
                key=variant.pk,
                product_id=variant.product_id,
                category_ids=categories_of(variant.product),
                tax_class=variant.product.tax_class,
                unit_price=variant.price or variant.product.price,
                quantity=quantity,
                weight_g=variant.weight_g or 0,
            )
            for variant, quantity in basket.items()
        ],
        destination=Destination(
            country,
            normalised_region(country, shipping["shipping_state"]),
            normalised_postal_code(country, shipping["shipping_postal_code"]),
            shipping["shipping_city"],
            compact_vat_id(shipping.get("vat_id", ""), country),
        ),
        method=terms.method,
        coupons=terms.coupons,
        rules=current_rules(),
        at=timezone.now(),
    )


def short(basket: dict[Variant, int], levels: Sequence[StockLevel]) -> list[dict[str, Any]]:
    """The lines for which these levels have too little."""
    issues = []
    for variant, quantity in basket.items():
        available = sum(level.available for level in levels if level.item_id == variant.stock_item_id)
        if quantity > available:
            issues.append(
                {
                    "product_id": variant.product_id,
                    "sku": variant.stock_item.sku,
                    "product_name": name_of(variant),
                    "requested": quantity,
                    "available": available,
                }
            )
    return issues


@transaction.atomic
def place_order(
    *, buyer: Buyer, lines: Sequence[Wanted], shipping: Shipping, actor: Actor, terms: Terms = NO_TERMS
) -> Order:
    basket = choose(lines)
    levels = list(StockLevel.objects.locked([variant.stock_item_id for variant in basket]).select_related("warehouse"))
    active = [level for level in levels if level.warehouse.is_active]
    if issues := short(basket, active):
        raise InsufficientStock(issues)
    cost = costs(basket, shipping, terms)
    for refused in cost.refused:
        raise CouponNotValid(refused.code, refused.reason)
    if terms.method and not cost.method:
        raise ShippingNotAvailable(terms.method)
    if terms.expected_total not in (None, cost.total):
        raise TotalChanged(cost.total, [])
    if beyond := too_many(buyer, basket):
        raise QuantityLimitExceeded(beyond)
    cap = settings.MAX_PENDING_ORDERS_PER_CUSTOMER
    if cap and orders_of(buyer).filter(status="pending").count() >= cap:
        raise TooManyPendingOrders
    with connection.cursor() as cursor:
        cursor.execute("select nextval('orders_number_seq')")
        number = str(cursor.fetchone()[0])
    was_calculated = not current_rules().is_empty
    order = Order.objects.create(
        number=number,
        user_id=buyer.user_id,
        status=Order.Status.PENDING,
        total_amount=cost.total,
        discount_total=cost.discount,
        shipping_total=cost.shipping,
        tax_total=cost.tax,
        prices_include_tax=cost.prices_include_tax if was_calculated else False,
        reverse_charge=cost.reverse_charge,
        tax_rounding=cost.tax_rounding if was_calculated else "",
        currency=settings.CURRENCY,
        **{**shipping, "email": buyer.email or shipping.get("email", "")},
    )
    order.folded_words = folded_words_of(getattr(order, name) for name in COLUMNS)
    order.save(update_fields=["folded_words"])
    figures = {line.key: line for line in cost.lines}
    OrderItem.objects.bulk_create(
        OrderItem(
            order=order,
            product=variant.product,
            variant=variant,
            sku=variant.stock_item.sku,
            product_name=name_of(variant),
            quantity=quantity,
            unit_price=figures[variant.pk].unit_price,
            subtotal=figures[variant.pk].subtotal,
            discount=figures[variant.pk].discount,
            tax=figures[variant.pk].tax,
            tax_rate=figures[variant.pk].tax_rate,
            tax_name=figures[variant.pk].tax_name,
        )
        for variant, quantity in basket.items()
    )
    for charge in cost.charges:
        Charge.objects.create(order=order, **asdict(charge))
    for off in cost.discounts:
        OrderDiscount.objects.create(
            order=order, promotion_id=off.promotion_id, code=off.code, name=off.name, amount=off.amount
        )
    redeem(reference=order.reference, discounts=cost.discounts, customer=buyer.key)
    here = [level for level in active if cost.pickup_warehouse_id in (None, level.warehouse_id)]
    if issues := short(basket, here):
        raise InsufficientStock(issues)
    shares = []
    for variant, quantity in basket.items():
        shares += split([level for level in here if level.item_id == variant.stock_item_id], quantity)
    OrderEvent.objects.create(order=order, event="placed", to_status="pending", actor=str(actor))
    told: dict[str, Any] = {"order_id": order.pk, "number": order.number, "total": str(order.total_amount)}
    told["currency"] = order.currency
    if order.user_id:
        told["user_id"] = order.user_id
    if was_calculated:
        told |= {name: getattr(order, name) for name in ("prices_include_tax", "reverse_charge", "tax_rounding")}
    publish("order.placed", told, subject=f"order:{order.pk}", actor=actor)
    for level, quantity in shares:
        level.reserved += quantity
        level.save(update_fields=["reserved"])
        Reservation.objects.create(level=level, quantity=quantity, reference=order.reference)
        StockMovement.objects.create(
            level=level,
            kind="reserved",
            on_hand_delta=0,
            reserved_delta=quantity,
            on_hand_after=level.on_hand,
            reserved_after=level.reserved,
            reference=order.reference,
            actor=str(actor),
        )
    for variant in basket:
        in_stock = any(level.available > 0 for level in active if level.item_id == variant.stock_item_id)
        StockItem.objects.filter(pk=variant.stock_item_id).update(in_stock=in_stock)
    return order
