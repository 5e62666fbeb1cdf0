"""The shapes of waiting for an article: bodies going in, documents coming out."""

from typing import Any

from rest_framework import serializers

from api.fields import Email, Text
from api.serializers import BodySerializer
from catalog.models import StockNotification


class StockNotificationBody(BodySerializer):
    """Who is to be told: whoever reads this email, or without one the caller."""

    email = Email(required=False, help_text="Guests give theirs. It is mailed a link that confirms it.")


class NotificationTokenBody(BodySerializer):
    """The token of the mailed link."""

    token = Text(max_length=128)


class ToldSerializer(serializers.Serializer[Any]):
    """One sentence about what was done."""

    detail = serializers.CharField()


class StockNotificationSerializer(serializers.ModelSerializer[StockNotification]):
    """An article that the caller waits for."""

    notification_id = serializers.IntegerField(source="id")
    product_id = serializers.IntegerField(source="variant.product_id")
    product_name = serializers.CharField(source="variant.product.name")
    variant_name = serializers.CharField(source="variant.name")
    sku = serializers.CharField(source="variant.stock_item.sku")
    confirmed = serializers.BooleanField(
        source="is_confirmed", help_text="False: nothing is mailed until the email of the account is confirmed."
    )

    class Meta:
        model = StockNotification
        fields = [
            *("notification_id", "product_id", "variant_id", "product_name", "variant_name", "sku", "confirmed"),
            *("created_at", "expires_at"),
        ]
