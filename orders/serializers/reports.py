"""What clients read about many orders, and about the stock of everything for sale."""

from decimal import Decimal
from typing import Any

import orjson
from rest_framework import serializers

from api.fields import Amount

CENT = Decimal("0.01")


class Total(Amount):
    """A sum over many orders, or over much stock. It may have more digits than the total of one order."""

    def to_representation(self, value: Decimal) -> str:
        """The sum with two places."""
        return str(value.quantize(CENT))


class WrittenRows(serializers.ListSerializer[Any]):
    """Rows that PostgreSQL has written as JSON. The text travels into the answer as it is.

    The 600 rows of six full lists take 4 ms field by field. A test compares the bytes.
    """

    def to_representation(self, data: Any) -> Any:
        """The rows, for api.renderers."""
        return orjson.Fragment(data)


class MonthSerializer(serializers.Serializer[Any]):
    """The sales of one month."""

    month = serializers.CharField(help_text="2026-11")
    order_count = serializers.IntegerField()
    total_sales = Total()


class CustomerFiguresSerializer(serializers.Serializer[Any]):
    """The sales to one customer."""

    user_id = serializers.IntegerField()
    order_count = serializers.IntegerField()
    total_sales = Total()


class UserStatisticsSerializer(serializers.Serializer[Any]):
    """Figures over orders. Deleted orders are not counted. Cancelled orders are orders, but no sales."""

    total_orders = serializers.IntegerField(help_text="Cancelled ones included.")
    total_sales = Total(help_text="Of orders that were not cancelled.")
    average_order_value = Total(help_text="Of orders that were not cancelled.")
    orders_by_status = serializers.DictField(child=serializers.IntegerField())
    monthly_trend = MonthSerializer(
        many=True, help_text="Sales of the last twelve months of the shop's calendar, oldest first."
    )
    timestamp = serializers.DateTimeField()


class StatisticsSerializer(UserStatisticsSerializer):
    """The figures of all customers, with the best of them."""

    top_customers = CustomerFiguresSerializer(many=True, help_text="The ten with the highest sales.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """The document, in which the best customers come before the months."""
        document = super().to_representation(instance)
        return document | {name: document.pop(name) for name in ("monthly_trend", "timestamp")}


class StockRowSerializer(serializers.Serializer[Any]):
    """A product for sale, with the stock and the value of all its variants."""

    product_id = serializers.IntegerField()
    name = serializers.CharField()
    sku = serializers.CharField(help_text="That of the first variant.")
    stock_quantity = serializers.IntegerField(help_text="Unsold units of all variants in active warehouses.")
    price = Amount()
    stock_value = Total()

    class Meta:
        list_serializer_class = WrittenRows


class StockTotalsSerializer(serializers.Serializer[Any]):
    """The products for sale, counted."""

    total_products = serializers.IntegerField()
    products_with_stock = serializers.IntegerField()
    products_low_stock = serializers.IntegerField(help_text="Critical ones included.")
    products_out_of_stock = serializers.IntegerField()
    stock_health_percentage = serializers.FloatField(help_text="Products with stock / all products x 100.")
    total_stock_value = Total()


class StockCategoriesSerializer(serializers.Serializer[Any]):
    """The products that are available, those that are low, and those that are out of stock. The worst come first."""

    available_stock = StockRowSerializer(many=True)
    low_stock = StockRowSerializer(many=True)
    out_of_stock = StockRowSerializer(many=True)


class StockDistributionSerializer(serializers.Serializer[Any]):
    """The products by band. The worst come first."""

    high_stock = StockRowSerializer(many=True)
    medium_stock = StockRowSerializer(many=True)
    critical_stock = StockRowSerializer(many=True)


class StockAlertCountsSerializer(serializers.Serializer[Any]):
    """How many products need to be looked after."""

    low_stock_alerts = serializers.IntegerField(source="products_low_stock")
    out_of_stock_alerts = serializers.IntegerField(source="products_out_of_stock")
    critical_stock_alerts = serializers.IntegerField(source="products_critical_stock")


class StockSummarySerializer(serializers.Serializer[Any]):
    """What the stock check has found."""

    summary = StockTotalsSerializer(source="stock")
    stock_categories = StockCategoriesSerializer(source="stock")
    stock_distribution = StockDistributionSerializer(source="stock")
    alerts = StockAlertCountsSerializer(source="stock")
    timestamp = serializers.DateTimeField()


class StockFiltersSerializer(serializers.Serializer[Any]):
    """The parameters that the check was narrowed by."""

    category = serializers.CharField(allow_null=True)
    min_stock = serializers.IntegerField(allow_null=True)
    max_stock = serializers.IntegerField(allow_null=True)


class StockCheckSerializer(serializers.Serializer[Any]):
    """Counts and lists of the products for sale, by how much of them is there."""

    status = serializers.CharField(help_text="`healthy`: the check has answered. What it found is in the message.")
    timestamp = serializers.DateTimeField()
    message = serializers.CharField()
    stock_summary = StockSummarySerializer(source="*")
    filters_applied = StockFiltersSerializer()
