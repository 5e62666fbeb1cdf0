"""The shapes of stock over HTTP: bodies going in, documents coming out."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from api.fields import Cost, Flag, Integer, Text
from api.serializers import BodySerializer
from inventory.bands import AlertBand, Band
from inventory.models import (
    MAX_LINE_QUANTITY,
    MAX_QUANTITY,
    StockAlert,
    StockItem,
    StockLevel,
    StockMovement,
    Warehouse,
)
from inventory.overview import PastItem, PastLevel

MAX_LINES = 200


class ReceiptLineBody(BodySerializer):
    """Units of one item that came in."""

    sku = Text(max_length=64)
    warehouse = Text(required=False, max_length=32, help_text="Left out: the active one of highest priority.")
    quantity = Integer(min_value=1, max_value=MAX_LINE_QUANTITY)
    unit_cost = Cost(required=False)


class ReceiptBody(BodySerializer):
    """Goods that came in."""

    reference = Text(max_length=64, help_text="The delivery note, for instance. It stands in the ledger.")
    again = Flag(
        required=False,
        default=False,
        help_text="The same units came in under this reference before, and these are others. Without it that is 409.",
    )
    lines = serializers.ListField(child=ReceiptLineBody(), min_length=1, max_length=MAX_LINES)


class AdjustmentLineBody(BodySerializer):
    """A difference, or a value beside the value that the person saw."""

    forms = (("delta",), ("set_to", "expected"))

    sku = Text(max_length=64)
    warehouse = Text(required=False, max_length=32, help_text="Left out: the active one of highest priority.")
    delta = Integer(required=False, min_value=-MAX_LINE_QUANTITY, max_value=MAX_LINE_QUANTITY)
    set_to = Integer(required=False, max_value=MAX_QUANTITY)
    expected = Integer(required=False, max_value=MAX_QUANTITY, help_text="What was on hand when it was looked at.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuses a line that is neither of the two forms."""
        if {"delta", "set_to", "expected"} & set(attrs) not in map(set, self.forms):
            raise serializers.ValidationError("Give either delta, or set_to and expected.", code="adjustment_required")
        return attrs


class AdjustmentBody(BodySerializer):
    """Corrections of what lies there: all of them, or none."""

    reason = Text(max_length=255)
    lines = serializers.ListField(child=AdjustmentLineBody(), min_length=1, max_length=MAX_LINES)


class TransferLineBody(BodySerializer):
    """Units of one item that move."""

    sku = Text(max_length=64)
    quantity = Integer(min_value=1, max_value=MAX_LINE_QUANTITY)


class TransferBody(BodySerializer):
    """Goods that move from one warehouse to another."""

    to = Text(max_length=32)
    lines = serializers.ListField(child=TransferLineBody(), min_length=1, max_length=MAX_LINES)

    def get_fields(self) -> dict[str, Any]:
        """The declared fields and `from`, which cannot be declared: the name is a word of Python."""
        return {"from": Text(max_length=32)} | super().get_fields()


class PostedLineSerializer(serializers.Serializer[Any]):
    """A new line of the ledger, with the balances after it."""

    movement_id = serializers.IntegerField()
    at = serializers.DateTimeField()
    sku = serializers.CharField()
    warehouse = serializers.CharField()
    kind = serializers.ChoiceField(choices=StockMovement.Kind.choices)
    on_hand_delta = serializers.IntegerField()
    on_hand_after = serializers.IntegerField()
    reserved_after = serializers.IntegerField()


class MovedSerializer(serializers.Serializer[Any]):
    """Units of a promise that come from another warehouse now, since too few stay in their own."""

    reference = serializers.CharField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        """The declared fields, with `from`, which cannot be declared: the name is a word of Python."""
        places = {"from": serializers.CharField(source="source"), "to": serializers.CharField(source="target")}
        return super().get_fields() | places


class PostingSerializer(serializers.Serializer[Any]):
    """What a posting did. A line that changed nothing has no line in the ledger."""

    reference = serializers.CharField()
    lines = PostedLineSerializer(many=True)
    covered = serializers.ListField(
        child=serializers.CharField(), help_text="References whose promised units were still to come and now are there."
    )
    moved = MovedSerializer(many=True, help_text="Promises that come from another warehouse now.")


class ItemBody(BodySerializer):
    """What may be said about an item. Its name is kept by the catalog, its quantities by postings."""

    barcode = Text(required=False, allow_blank=True, max_length=64)
    reorder_point = Integer(required=False, allow_null=True, max_value=MAX_QUANTITY, help_text="Low at or below this.")
    reorder_quantity = Integer(required=False, allow_null=True, max_value=MAX_QUANTITY)
    lead_time_days = Integer(required=False, allow_null=True, max_value=3_650)
    unit_cost = Cost(required=False, allow_null=True)


class LevelSerializer(serializers.ModelSerializer[StockLevel]):
    """What lies in one warehouse."""

    warehouse = serializers.CharField(source="warehouse.code")
    name = serializers.CharField(source="warehouse.name")
    is_active = serializers.BooleanField(source="warehouse.is_active")
    available = serializers.IntegerField()

    class Meta:
        model = StockLevel
        fields = ["warehouse", "name", "is_active", "on_hand", "reserved", "backorder_limit", "available"]
        read_only_fields = fields


class ItemSerializer(serializers.ModelSerializer[StockItem]):
    """An item, over all active warehouses and in each one. `available` is what can still be promised."""

    on_hand = serializers.IntegerField()
    reserved = serializers.IntegerField()
    available = serializers.IntegerField()
    band = serializers.ChoiceField(
        choices=Band.choices, allow_null=True, help_text="By the units that lie unsold; null when it is not for sale."
    )
    unit_cost = Cost(allow_null=True)
    warehouses = LevelSerializer(many=True, source="levels", help_text="By priority; inactive ones included.")

    class Meta:
        model = StockItem
        fields = [
            "sku",
            "name",
            "barcode",
            "on_hand",
            "reserved",
            "available",
            "band",
            "in_stock",
            "is_sold",
            "reorder_point",
            "reorder_quantity",
            "lead_time_days",
            "unit_cost",
            "version",
            "warehouses",
        ]
        read_only_fields = fields


class PastLevelSerializer(serializers.Serializer[PastLevel]):
    """The stock of one warehouse at a moment."""

    warehouse = serializers.CharField(source="code")
    name = serializers.CharField()
    is_active = serializers.BooleanField()
    on_hand = serializers.IntegerField()
    reserved = serializers.IntegerField()
    available = serializers.IntegerField()


class AsOfSerializer(serializers.Serializer[PastItem]):
    """What the ledger says was there, with today's active warehouses and backorder limits."""

    at = serializers.DateTimeField()
    sku = serializers.CharField()
    on_hand = serializers.IntegerField()
    reserved = serializers.IntegerField()
    available = serializers.IntegerField()
    warehouses = PastLevelSerializer(many=True, source="levels")


class MovementSerializer(serializers.ModelSerializer[StockMovement]):
    """A line of the ledger."""

    movement_id = serializers.IntegerField(source="id")
    sku = serializers.CharField(source="level.item.sku")
    warehouse = serializers.CharField(source="level.warehouse.code")
    unit_cost = Cost(allow_null=True)

    class Meta:
        model = StockMovement
        fields = [
            "movement_id",
            "at",
            "sku",
            "warehouse",
            "kind",
            "on_hand_delta",
            "reserved_delta",
            "on_hand_after",
            "reserved_after",
            "unit_cost",
            "reference",
            "reason",
            "actor",
        ]
        read_only_fields = fields


class AlertSerializer(serializers.ModelSerializer[StockAlert]):
    """An alert. While it is open, `band` and `available` are those of now; afterwards, those of the worst moment."""

    alert_id = serializers.IntegerField(source="id")
    band = serializers.ChoiceField(choices=Band.choices, source="present_band")
    worst_band = serializers.ChoiceField(
        choices=AlertBand.choices, source="band", help_text="The worst one since the alert was opened."
    )
    available = serializers.IntegerField(source="present_available")
    sku = serializers.CharField(source="item.sku")
    name = serializers.CharField(source="item.name")
    reorder_point = serializers.IntegerField(source="item.reorder_point", allow_null=True)

    class Meta:
        model = StockAlert
        fields = [
            "alert_id",
            "sku",
            "name",
            "band",
            "worst_band",
            "available",
            "reorder_point",
            "opened_at",
            "closed_at",
        ]
        read_only_fields = fields


class WarehouseBody(BodySerializer):
    """The name of a warehouse, and its part in sales."""

    name = Text(max_length=100)
    priority = Integer(required=False, max_value=32_767, help_text="Lower numbers are used first. 100 by default.")
    is_active = Flag(required=False, help_text="Stock in an inactive warehouse is not for sale.")


class NewWarehouseBody(WarehouseBody):
    """A warehouse to open."""

    code = Text(max_length=32, validators=[RegexValidator(r"\A[-a-zA-Z0-9_]+\Z", "Letters, digits, - and _ only.")])


class WarehouseSerializer(serializers.ModelSerializer[Warehouse]):
    """A warehouse."""

    class Meta:
        model = Warehouse
        fields = ["code", "name", "priority", "is_active", "version"]
        read_only_fields = fields
