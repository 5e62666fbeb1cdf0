"""The plain way of placing an order: what the fast path and inventory must agree with, row by row.

Textbook Django: lock with `select_for_update`, decide, `create` and `bulk_create`. It is slow and easy to believe.
The same goes for the serializers here, which ask each field.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from rest_framework.serializers import ListSerializer, Serializer

from catalog.models import Variant
from database.refusals import FieldError
from events.actors import Actor
from events.services import publish
from inventory.models import Reservation, StockItem, StockLevel, StockMovement
from orders.exceptions import InsufficientStock, QuantityLimitExceeded, TooManyPendingOrders, UnknownArticle
from orders.models import Order, OrderEvent, OrderItem
from orders.serializers.bodies import PlaceOrderBody
from orders.serializers.documents import OrderItemSerializer, OrderSerializer
from orders.serializers.reports import StockRowSerializer
from orders.services import Shipping, Wanted


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


def too_many(user_id: int, basket: dict[Variant, int]) -> list[dict[str, Any]]:
    issues = []
    for variant, quantity in basket.items():
        most = variant.max_per_customer or settings.MAX_UNITS_PER_CUSTOMER
        lines = OrderItem.objects.filter(order__in=Order.objects.open().filter(user_id=user_id), variant=variant)
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


@transaction.atomic
def place_order(*, user_id: int, lines: Sequence[Wanted], shipping: Shipping, actor: Actor) -> Order:
    basket = choose(lines)
    levels = list(StockLevel.objects.locked([variant.stock_item_id for variant in basket]).select_related("warehouse"))
    shares, issues = [], []
    for variant, quantity in basket.items():
        active = [level for level in levels if level.item_id == variant.stock_item_id and level.warehouse.is_active]
        available = sum(level.available for level in active)
        if quantity <= available:
            shares += split(active, quantity)
            continue
        issues.append(
            {
                "product_id": variant.product_id,
                "sku": variant.stock_item.sku,
                "product_name": name_of(variant),
                "requested": quantity,
                "available": available,
            }
        )
    cap = settings.MAX_PENDING_ORDERS_PER_CUSTOMER
    if issues:
        raise InsufficientStock(issues)
    if beyond := too_many(user_id, basket):
        raise QuantityLimitExceeded(beyond)
    if cap and Order.objects.of(user_id).filter(status="pending").count() >= cap:
        raise TooManyPendingOrders
    with connection.cursor() as cursor:
        cursor.execute("select nextval('orders_number_seq')")
        number = str(cursor.fetchone()[0])
    prices = {variant: variant.price or variant.product.price for variant in basket}
    order = Order.objects.create(
        number=number,
        user_id=user_id,
        status=Order.Status.PENDING,
        total_amount=sum((prices[variant] * quantity for variant, quantity in basket.items()), Decimal(0)),
        currency=settings.CURRENCY,
        **shipping,
    )
    OrderItem.objects.bulk_create(
        OrderItem(
            order=order,
            product=variant.product,
            variant=variant,
            sku=variant.stock_item.sku,
            product_name=name_of(variant),
            quantity=quantity,
            unit_price=prices[variant],
            subtotal=prices[variant] * quantity,
        )
        for variant, quantity in basket.items()
    )
    OrderEvent.objects.create(order=order, event="placed", to_status="pending", actor=str(actor))
    publish("order.placed", {"order_id": order.pk}, subject=f"order:{order.pk}", actor=actor)
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
        active = [level for level in levels if level.item_id == variant.stock_item_id and level.warehouse.is_active]
        in_stock = any(level.available > 0 for level in active)
        StockItem.objects.filter(pk=variant.stock_item_id).update(in_stock=in_stock)
    return order
