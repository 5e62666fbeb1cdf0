"""What staff write and read at their desks: notes about orders, and what stands on the label of a parcel."""

from typing import Any

from rest_framework import serializers

from accounts.models import StaffNote
from accounts.notes import MAX_TEXT
from api.fields import Text
from api.serializers import BodySerializer
from orders.models import Fulfilment, FulfilmentLine

MENTIONS = "For staff alone. `@` and the email of a colleague, or what stands before its `@`, mails the colleague."


class NoteBody(BodySerializer):
    """A note for colleagues."""

    text = Text(max_length=MAX_TEXT, multiline=False, help_text=MENTIONS)


class NoteSerializer(serializers.ModelSerializer[StaffNote]):
    """A note of staff. `author` is the email of whoever wrote it, and `mentioned` has those of the colleagues."""

    note_id = serializers.IntegerField(source="id")
    author = serializers.CharField(source="author.email")
    mentioned = serializers.SerializerMethodField()

    class Meta:
        model = StaffNote
        fields = ["note_id", "at", "author", "text", "mentioned"]
        read_only_fields = fields

    def get_mentioned(self, note: StaffNote) -> list[str]:
        """The emails of the colleagues whom the note mentions."""
        return sorted(colleague.email for colleague in note.mentioned.all())


class LabelLineSerializer(serializers.ModelSerializer[FulfilmentLine]):
    """Units of an article in a parcel, without their price."""

    sku = serializers.CharField(source="order_item.sku")
    product_name = serializers.CharField(source="order_item.product_name")

    class Meta:
        model = FulfilmentLine
        fields = ["sku", "product_name", "quantity"]
        read_only_fields = fields


class LabelSerializer(serializers.ModelSerializer[Fulfilment]):
    """What a carrier's label needs. `weight_g` is that of all units, and null where one article's is not known."""

    fulfilment_id = serializers.IntegerField(source="id")
    order_id = serializers.IntegerField()
    number = serializers.CharField(source="order.number")
    is_cancelled = serializers.SerializerMethodField()
    warehouse = serializers.CharField(source="warehouse.code")
    recipient_name = serializers.CharField(source="order.recipient_name")
    company = serializers.CharField(source="order.company")
    address_line1 = serializers.CharField(source="order.shipping_address_line1")
    address_line2 = serializers.CharField(source="order.shipping_address_line2")
    city = serializers.CharField(source="order.shipping_city")
    state = serializers.CharField(source="order.shipping_state")
    postal_code = serializers.CharField(source="order.shipping_postal_code")
    country = serializers.CharField(source="order.shipping_country")
    country_code = serializers.CharField(source="order.country_code")
    phone = serializers.CharField(source="order.phone")
    weight_g = serializers.SerializerMethodField()
    lines = LabelLineSerializer(many=True)

    class Meta:
        model = Fulfilment
        fields = [
            "fulfilment_id",
            "order_id",
            "number",
            "is_cancelled",
            "warehouse",
            "carrier",
            "tracking_number",
            "recipient_name",
            "company",
            "address_line1",
            "address_line2",
            "city",
            "state",
            "postal_code",
            "country",
            "country_code",
            "phone",
            "weight_g",
            "lines",
        ]
        read_only_fields = fields

    def get_is_cancelled(self, parcel: Fulfilment) -> bool:
        """Whether the parcel has not gone after all, and needs no label."""
        return parcel.state == Fulfilment.State.CANCELLED

    def get_weight_g(self, parcel: Any) -> int | None:
        """The grams of all units; None where one article's weight is not known."""
        weights: list[int] = []
        for line in parcel.lines.all():
            weight = line.order_item.variant.weight_g
            if weight is None:
                return None
            weights.append(weight * line.quantity)
        return sum(weights)
