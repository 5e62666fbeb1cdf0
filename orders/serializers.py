"""The shapes of orders: bodies and filters going in, documents coming out."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

from api.fields import Amount, Choice, Id, Integer, Text
from api.serializers import BodySerializer
from orders.models import Order, OrderEvent, OrderItem
from orders.services import PlacedOrder

MAX_LINES = 100
MAX_LINE_QUANTITY = 10_000
ARTICLE_NAMES = ("product_id", "variant_id", "sku")


class WantedBody(BodySerializer):
    """A line names its article in one of three ways."""

    product_id = Id(required=False)
    variant_id = Id(required=False)
    sku = Text(required=False, max_length=64)
    quantity = Integer(min_value=1, max_value=MAX_LINE_QUANTITY)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ARTICLE_NAMES) != 1:
            raise serializers.ValidationError(
                "Name the article by exactly one of product_id, variant_id and sku.", code="article_required"
            )
        return attrs


class WantedBodySchema(OpenApiSerializerExtension):
    """Tells the OpenAPI description what `validate` demands."""

    target_class = WantedBody

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return schema | {"oneOf": [{"required": [name]} for name in ARTICLE_NAMES]}


class PlaceOrderBody(BodySerializer):
    """An order to be placed. Prices come from the catalog, so no field here can hold one."""

    order_items = serializers.ListField(child=WantedBody(), min_length=1, max_length=MAX_LINES)
    shipping_address_line1 = Text(max_length=200)
    shipping_address_line2 = Text(max_length=200, required=False, allow_blank=True, default="")
    shipping_city = Text(max_length=100)
    shipping_state = Text(max_length=100)
    shipping_postal_code = Text(max_length=20)
    shipping_country = Text(max_length=100)


class StatusBody(BodySerializer):
    status = Choice(choices=Order.Status.choices)


class CancelBody(BodySerializer):
    reason = Text(max_length=255, required=False, allow_blank=True, default="", help_text="Stands in the history.")


class OrderItemSerializer(serializers.ModelSerializer[OrderItem]):
    order_item_id = serializers.IntegerField(source="id")
    product_id = serializers.IntegerField()
    variant_id = serializers.IntegerField()

    class Meta:
        model = OrderItem
        fields = [
            "order_item_id",
            "product_id",
            "variant_id",
            "sku",
            "product_name",
            "quantity",
            "unit_price",
            "subtotal",
        ]
        read_only_fields = fields


# `placed_document` and orders.my_orders make the same bytes faster; tests compare them.
class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order, with name, SKU and price of each line as they were when it was placed."""

    order_id = serializers.IntegerField(source="id")
    user_id = serializers.IntegerField()
    order_items = OrderItemSerializer(many=True)

    class Meta:
        model = Order
        fields = [
            "order_id",
            "number",
            "user_id",
            "order_date",
            "status",
            "total_amount",
            "currency",
            "shipping_address_line1",
            "shipping_address_line2",
            "shipping_city",
            "shipping_state",
            "shipping_postal_code",
            "shipping_country",
            "order_items",
            "version",
            "updated_at",
        ]
        read_only_fields = fields


def placed_document(order: PlacedOrder) -> dict[str, Any]:
    """What OrderSerializer would say about an order that was just placed."""
    return {
        "order_id": order.id,
        "number": order.number,
        "user_id": order.user_id,
        "order_date": order.order_date,
        "status": order.status,
        "total_amount": str(order.total_amount),
        "currency": order.currency,
        "shipping_address_line1": order.shipping["shipping_address_line1"],
        "shipping_address_line2": order.shipping["shipping_address_line2"],
        "shipping_city": order.shipping["shipping_city"],
        "shipping_state": order.shipping["shipping_state"],
        "shipping_postal_code": order.shipping["shipping_postal_code"],
        "shipping_country": order.shipping["shipping_country"],
        "order_items": [
            {
                "order_item_id": line.id,
                "product_id": line.product_id,
                "variant_id": line.variant_id,
                "sku": line.sku,
                "product_name": line.product_name,
                "quantity": line.quantity,
                "unit_price": str(line.unit_price),
                "subtotal": str(line.subtotal),
            }
            for line in order.lines
        ],
        "version": order.version,
        "updated_at": order.order_date,
    }


class StatusOrNull(serializers.CharField):
    """A status that is stored as text, and shown as null where the text is empty."""

    def to_representation(self, value: str) -> str | None:
        """The status."""
        return value or None


class HistorySerializer(serializers.ModelSerializer[OrderEvent]):
    """A step of an order's life. Customers do not learn which member of staff it was."""

    from_status = StatusOrNull(read_only=True, allow_null=True)
    to_status = StatusOrNull(read_only=True, allow_null=True)
    actor = serializers.CharField(
        source="actor_role", read_only=True, help_text='"customer", "staff" or "system"; staff also see the id.'
    )

    class Meta:
        model = OrderEvent
        fields = ["at", "event", "from_status", "to_status", "actor", "note"]
        read_only_fields = fields


class StaffHistorySerializer(HistorySerializer):
    """A step of an order's life, as staff read it: with the id of whoever took the step."""

    actor = serializers.CharField(read_only=True)


class MonthSerializer(serializers.Serializer[Any]):
    month = serializers.CharField(help_text="2026-11")
    order_count = serializers.IntegerField()
    total_sales = Amount()


class CustomerFiguresSerializer(serializers.Serializer[Any]):
    user_id = serializers.IntegerField()
    order_count = serializers.IntegerField()
    total_sales = Amount()


class UserStatisticsSerializer(serializers.Serializer[Any]):
    """Deleted orders are not counted; cancelled ones are orders, but no sales."""

    total_orders = serializers.IntegerField(help_text="Cancelled ones included.")
    total_sales = Amount(help_text="Of orders that were not cancelled.")
    average_order_value = Amount(help_text="Of orders that were not cancelled.")
    orders_by_status = serializers.DictField(child=serializers.IntegerField())
    monthly_trend = MonthSerializer(many=True, help_text="Sales of the last twelve months in UTC, oldest first.")
    timestamp = serializers.DateTimeField()


class StatisticsSerializer(UserStatisticsSerializer):
    top_customers = CustomerFiguresSerializer(many=True, help_text="The ten with the highest sales.")


class StockRowSerializer(serializers.Serializer[Any]):
    product_id = serializers.IntegerField()
    name = serializers.CharField()
    sku = serializers.CharField(help_text="That of the first variant.")
    stock_quantity = serializers.IntegerField(help_text="Unsold units of all variants in active warehouses.")
    price = Amount()
    stock_value = Amount()


class StockTotalsSerializer(serializers.Serializer[Any]):
    total_products = serializers.IntegerField()
    products_with_stock = serializers.IntegerField()
    products_low_stock = serializers.IntegerField(help_text="Critical ones included.")
    products_out_of_stock = serializers.IntegerField()
    stock_health_percentage = serializers.FloatField(help_text="Products with stock / all products x 100.")
    total_stock_value = Amount()


class StockCategoriesSerializer(serializers.Serializer[Any]):
    available_stock = StockRowSerializer(many=True)
    low_stock = StockRowSerializer(many=True)
    out_of_stock = StockRowSerializer(many=True)


class StockDistributionSerializer(serializers.Serializer[Any]):
    high_stock = StockRowSerializer(many=True)
    medium_stock = StockRowSerializer(many=True)
    critical_stock = StockRowSerializer(many=True)


class StockAlertCountsSerializer(serializers.Serializer[Any]):
    low_stock_alerts = serializers.IntegerField()
    out_of_stock_alerts = serializers.IntegerField()
    critical_stock_alerts = serializers.IntegerField()


class StockSummarySerializer(serializers.Serializer[Any]):
    summary = StockTotalsSerializer()
    stock_categories = StockCategoriesSerializer()
    stock_distribution = StockDistributionSerializer()
    alerts = StockAlertCountsSerializer()
    timestamp = serializers.DateTimeField()


class StockFiltersSerializer(serializers.Serializer[Any]):
    category = serializers.CharField(allow_null=True)
    min_stock = serializers.IntegerField(allow_null=True)
    max_stock = serializers.IntegerField(allow_null=True)


class StockCheckSerializer(serializers.Serializer[Any]):
    """Counts and lists of the products for sale, by how much of them is there."""

    status = serializers.CharField(help_text="`healthy`: the check has answered. What it found is in the message.")
    timestamp = serializers.DateTimeField()
    message = serializers.CharField()
    stock_summary = StockSummarySerializer()
    filters_applied = StockFiltersSerializer()
