"""What clients send about payments, and what they read of them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from api.fields import Amount, Flag, Id, Integer, Money, Text
from api.serializers import BodySerializer
from database.text import WEB_ADDRESS
from orders.serializers.bodies import MAX_LINE_QUANTITY, MAX_LINES, units_by_line
from payments.models import Operation, Payment

RETURN = "Where the provider's page sends the buyer back to, http or https."


class BeginPaymentBody(BodySerializer):
    """How the buyer wants to pay."""

    provider = Text(max_length=16, help_text="One of GET /payments/providers.")
    return_url = Text(max_length=500, required=False, allow_blank=True, validators=[WEB_ADDRESS], help_text=RETURN)


class CaptureBody(BodySerializer):
    """How much of the money that was set apart is taken. Without an amount it is what the order costs still."""

    amount = Money(required=False)


class RefundedLineBody(BodySerializer):
    """Units of a line whose money goes back."""

    order_item_id = Id()
    quantity = Integer(min_value=1, max_value=MAX_LINE_QUANTITY)


class RefundBody(BodySerializer):
    """Money that goes back: an amount or what units of lines are worth, not both. With neither it is all that is left.

    Only the units of lines that are named can go back to stock.
    """

    example = {"lines": [{"order_item_id": 1, "quantity": 2}], "reason": "Damaged on its way.", "restock": True}

    amount = Money(required=False)
    lines = serializers.ListField(child=RefundedLineBody(), required=False, min_length=1, max_length=MAX_LINES)
    reason = Text(max_length=255, required=False, allow_blank=True, default="", help_text="Read by staff alone.")
    restock = Flag(required=False, default=False, help_text="Whether the units of the lines go back to stock.")

    def validate_lines(self, lines: list[dict[str, Any]]) -> dict[int, int]:
        """The units by line. Refuses a line that is named twice."""
        return units_by_line(lines)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The members. Refuses an amount beside lines, and goods without lines."""
        if "amount" in attrs and "lines" in attrs:
            error = ErrorDetail("Send an amount or lines.", code="amount_and_lines")
            raise serializers.ValidationError({"lines": [error]})
        if attrs["restock"] and "lines" not in attrs:
            error = ErrorDetail("Say which lines go back to stock.", code="restock_without_lines")
            raise serializers.ValidationError({"restock": [error]})
        return attrs


class OperationSerializer(serializers.ModelSerializer[Operation]):
    """What the shop asked the provider for. `intended` means that nobody knows yet whether it was done."""

    operation_id = serializers.IntegerField(source="id")
    amount = Amount(read_only=True, allow_null=True)

    class Meta:
        model = Operation
        fields = [
            "operation_id",
            "kind",
            "state",
            "amount",
            "reason",
            "failure_code",
            "actor",
            "created_at",
            "resolved_at",
        ]
        read_only_fields = fields


class ClientSerializer(serializers.Serializer[Any]):
    """What the buyer's browser needs to pay. It is told whenever it is asked for, and stored nowhere."""

    client_secret = serializers.CharField(required=False, help_text="For the provider's own form.")
    approve_url = serializers.CharField(required=False, help_text="The provider's page.")
    instructions = serializers.CharField(required=False, help_text="How money is paid by hand.")


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    """One way in which an order is paid. Amounts are in the currency of the order.

    `captured` is what was taken, `refunded` what of it went back. `failure_code` is the provider's word for why it
    failed.
    """

    payment_id = serializers.IntegerField(source="id")
    amount = Amount(read_only=True)
    captured = serializers.SerializerMethodField()
    refunded = serializers.SerializerMethodField()

    class Meta:
        model = Payment
        fields = [
            "payment_id",
            "order_id",
            "provider",
            "state",
            "amount",
            "currency",
            "captured",
            "refunded",
            "method_label",
            "failure_code",
            "created_at",
            "updated_at",
            "version",
        ]
        read_only_fields = fields

    @extend_schema_field(Amount())
    def get_captured(self, row: Payment) -> Any:
        """What was taken, in the decimals of the currency."""
        return row.captured + row.amount * 0

    @extend_schema_field(Amount())
    def get_refunded(self, row: Payment) -> Any:
        """What went back, in the decimals of the currency."""
        return row.refunded + row.amount * 0


class StaffPaymentSerializer(PaymentSerializer):
    """A payment as staff read it: with what was asked of the provider, and why a person has to look at it."""

    review = serializers.CharField(read_only=True, help_text="Why a person has to look at it; empty mostly.")
    operations = OperationSerializer(many=True)

    class Meta(PaymentSerializer.Meta):
        fields = [*PaymentSerializer.Meta.fields, "capture_method", "review", "expiring_at", "operations"]
        read_only_fields = fields


class BegunPaymentSerializer(PaymentSerializer):
    """A payment with what the buyer's browser needs; empty while the provider has not answered."""

    client = ClientSerializer()

    class Meta(PaymentSerializer.Meta):
        fields = [*PaymentSerializer.Meta.fields, "client"]
        read_only_fields = fields


class ProviderSerializer(serializers.Serializer[Any]):
    """A way to pay in this shop."""

    provider = serializers.CharField(help_text='"stripe", "paypal" or "manual".')
    name = serializers.CharField()
    publishable_key = serializers.CharField(help_text="For the provider's script in the browser; empty without one.")
