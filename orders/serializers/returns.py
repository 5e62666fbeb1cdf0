"""What clients send about goods that are to come back, and what they read of them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.fields import Amount, Choice, Id, Integer, Text
from api.serializers import BodySerializer
from inventory.services import Condition
from orders.models import Return, ReturnLine
from orders.serializers.bodies import MAX_LINE_QUANTITY, MAX_LINES, refuse_duplicates
from orders.serializers.documents import StatusOrNull
from orders.services import Asked, Received


class AskedLineBody(BodySerializer):
    """Units of a line that are to come back, and why."""

    order_item_id = Id()
    quantity = Integer(min_value=1, max_value=MAX_LINE_QUANTITY)
    reason = Text(max_length=255, required=False, allow_blank=True, default="")


class NoteBody(BodySerializer):
    """What the buyer says about all of it."""

    note = Text(max_length=1000, required=False, allow_blank=True, default="")

    def validate_lines(self, lines: list[dict[str, Any]]) -> dict[int, Asked]:
        """What is asked back, by line. Refuses a line that is named twice."""
        refuse_duplicates(lines)
        return {line["order_item_id"]: Asked(line["quantity"], line["reason"]) for line in lines}


class AskReturnBody(NoteBody):
    """Goods that a buyer wants to send back."""

    lines = serializers.ListField(child=AskedLineBody(), min_length=1, max_length=MAX_LINES)


class WithdrawBody(NoteBody):
    """A withdrawal from the contract. Without lines it is about all that has left and does not come back yet."""

    lines = serializers.ListField(child=AskedLineBody(), required=False, min_length=1, max_length=MAX_LINES)


class ApproveBody(BodySerializer):
    """Words with which a return is approved."""

    answer = Text(max_length=255, required=False, allow_blank=True, default="", help_text="The buyer reads this.")


class RefuseBody(BodySerializer):
    """Words with which a return is refused."""

    answer = Text(max_length=255, help_text="The buyer reads this.")


class ReceivedLineBody(BodySerializer):
    """Units of a line that came back, and their condition. Damaged ones are written off at once."""

    order_item_id = Id()
    quantity = Integer(min_value=0, max_value=MAX_LINE_QUANTITY)
    condition = Choice(choices=ReturnLine.Condition.choices, required=False, default=Condition.RESTOCK.value)


class ReceiveBody(ApproveBody):
    """Goods that came back. A line that is left out did not come; without lines all came, and can be sold again."""

    lines = serializers.ListField(child=ReceivedLineBody(), required=False, min_length=1, max_length=MAX_LINES)
    warehouse = Text(required=False, max_length=32, help_text="Left out: the active one of highest priority.")

    def validate_lines(self, lines: list[dict[str, Any]]) -> dict[int, Received]:
        """What came, by line. Refuses a line that is named twice."""
        refuse_duplicates(lines)
        return {line["order_item_id"]: Received(line["quantity"], Condition(line["condition"])) for line in lines}


class ReturnLineSerializer(serializers.ModelSerializer[ReturnLine]):
    """Units of a line that come back. The condition is null until they are there, and `refund` is 0."""

    order_item_id = serializers.IntegerField()
    condition = StatusOrNull(read_only=True, allow_null=True, help_text='"restock", "damaged", or null.')
    refund = serializers.SerializerMethodField()

    class Meta:
        model = ReturnLine
        fields = ["order_item_id", "quantity", "reason", "condition", "refund"]
        read_only_fields = fields

    @extend_schema_field(Amount())
    def get_refund(self, row: ReturnLine) -> Any:
        """What is proposed for the units, in the decimals of the order's currency."""
        return row.refund + row.of.order.total_amount * 0


class ReturnSerializer(serializers.ModelSerializer[Return]):
    """Goods that come back. `quantity` is what was asked back, and once they are received what came.

    `refund_items` and `refund_shipping` are what is proposed to be paid back for lines and for the delivery; both are 0
    until the goods are there. `answer` is what staff say to the buyer.
    """

    return_id = serializers.IntegerField(source="id")
    refund_items = serializers.SerializerMethodField()
    refund_shipping = serializers.SerializerMethodField()
    currency = serializers.CharField(source="order.currency", read_only=True)
    lines = ReturnLineSerializer(many=True)

    class Meta:
        model = Return
        fields = [
            "return_id",
            "order_id",
            "kind",
            "state",
            "note",
            "answer",
            "refund_items",
            "refund_shipping",
            "currency",
            "requested_at",
            "updated_at",
            "lines",
            "version",
        ]
        read_only_fields = fields

    @extend_schema_field(Amount())
    def get_refund_items(self, row: Return) -> Any:
        """What is proposed for the lines, in the decimals of the order's currency."""
        return row.refund_items + row.order.total_amount * 0

    @extend_schema_field(Amount())
    def get_refund_shipping(self, row: Return) -> Any:
        """What is proposed for the delivery, in the decimals of the order's currency."""
        return row.refund_shipping + row.order.total_amount * 0


class StaffReturnSerializer(ReturnSerializer):
    """Goods that come back, as staff read it: with the code of the warehouse where they were received."""

    warehouse = serializers.CharField(source="warehouse.code", read_only=True, allow_null=True, default=None)

    class Meta(ReturnSerializer.Meta):
        fields = [*ReturnSerializer.Meta.fields, "warehouse"]
        read_only_fields = fields
