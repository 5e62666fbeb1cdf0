"""The shapes of planned and former prices: bodies going in, documents coming out."""

from typing import Any

from rest_framework import serializers

from api.fields import Money, Timestamp
from api.serializers import BodySerializer
from catalog.models import PlannedPrice, PriceHistory


class PlannedPriceBody(BodySerializer):
    """A planned price, new or changed."""

    price = Money()
    compare_at_price = Money(required=False, allow_null=True, help_text="What it is reduced from meanwhile.")
    starts_at = Timestamp(help_text="A moment that has passed means now.")
    ends_at = Timestamp(required=False, allow_null=True, help_text="Without one, or with null, it stays.")


class PlannedPriceSerializer(serializers.ModelSerializer[PlannedPrice]):
    """A price that a variant has for a time. While it is `running`, the variant says it too."""

    planned_price_id = serializers.IntegerField(source="id")
    price = Money()
    compare_at_price = Money(allow_null=True)
    state = serializers.ChoiceField(choices=PlannedPrice.State.choices)

    class Meta:
        model = PlannedPrice
        fields = [
            "planned_price_id",
            "price",
            "compare_at_price",
            "starts_at",
            "ends_at",
            "state",
            "version",
            "created_at",
        ]


class PriceHistorySerializer(serializers.ModelSerializer[Any]):
    """What was charged for a variant from a moment on, and until then."""

    at = serializers.DateTimeField()
    price_before = Money(allow_null=True, help_text="Null: the variant is new.")
    price = Money()
    compare_at_price = Money(allow_null=True, help_text="What it was reduced from, from then on.")
    actor = serializers.CharField(help_text='Who has changed it, such as "staff:3"; the worker is "system".')

    class Meta:
        model = PriceHistory
        fields = ["at", "price_before", "price", "compare_at_price", "actor"]
