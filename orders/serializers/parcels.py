"""What staff send about parcels, and what they read of them."""

from typing import Any

from rest_framework import serializers

from api.fields import Id, Integer, Text
from api.serializers import BodySerializer
from database.text import WEB_ADDRESS
from orders.serializers.bodies import MAX_LINE_QUANTITY, MAX_LINES, units_by_line
from orders.serializers.documents import FulfilmentSerializer

TRACKING = ("carrier", "tracking_number", "tracking_url")
ADDRESS = "The page where the parcel is followed, http or https. Customers find it in their mails."


class StaffFulfilmentSerializer(FulfilmentSerializer):
    """A parcel as staff read it: with the code of the warehouse that it left."""

    warehouse = serializers.CharField(source="warehouse.code", read_only=True)

    class Meta(FulfilmentSerializer.Meta):
        fields = [*FulfilmentSerializer.Meta.fields, "warehouse"]
        read_only_fields = fields


class ParcelLineBody(BodySerializer):
    """Units of a line that are to leave."""

    order_item_id = Id()
    quantity = Integer(min_value=1, max_value=MAX_LINE_QUANTITY)


class TrackingBody(BodySerializer):
    """Who carries a parcel, and how it is followed. Empty text means that nobody knows."""

    carrier = Text(max_length=100, required=False, allow_blank=True)
    tracking_number = Text(max_length=100, required=False, allow_blank=True)
    tracking_url = Text(max_length=500, required=False, allow_blank=True, validators=[WEB_ADDRESS], help_text=ADDRESS)


class ShipParcelBody(TrackingBody):
    """A parcel that leaves. Without lines it is all that is still to leave, or all of it in one warehouse."""

    lines = serializers.ListField(child=ParcelLineBody(), required=False, min_length=1, max_length=MAX_LINES)
    warehouse = Text(required=False, max_length=32, help_text="Left out: wherever the units are promised.")

    def validate_lines(self, lines: list[dict[str, Any]]) -> dict[int, int]:
        """The units by line. Refuses a line that is named twice."""
        return units_by_line(lines)


class CancelParcelBody(BodySerializer):
    """Why a parcel did not go after all."""

    reason = Text(max_length=255, required=False, allow_blank=True, default="", help_text="For staff alone.")
