"""What clients read about many orders, and about the stock of everything for sale."""

from typing import Any

from rest_framework import serializers

from api.fields import Amount


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
