"""What is sent about an order that changes, and what is read of its changes."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api.fields import Balance, Integer, PersonName, Text
from api.serializers import BodySerializer
from orders.models import BILLING, OrderRevision
from orders.serializers.bodies import MAX_LINE_QUANTITY, WHERE_NEEDED, CancelBody, WantedBody, country_of, missing

WHOLE = "An address is sent as a whole: what is left out of it is empty."
MAY_LACK = ("shipping_address_line2", "shipping_state", "shipping_postal_code")
NO_BILLING = dict.fromkeys((f"billing_{part}" for part in BILLING), "")


class ChangeOrderBody(BodySerializer):
    """What is to change of an order beside its lines. What is left out stays.

    An address is sent as a whole, and so is a billing address; one of which all is empty goes, and the invoice goes
    where the goods go.
    """

    recipient_name = PersonName(max_length=201, required=False)
    phone = Text(max_length=32, required=False, allow_blank=True)
    company = PersonName(max_length=200, required=False, allow_blank=True, help_text="On the parcel.")
    note = Text(max_length=1000, required=False, allow_blank=True, help_text="For the shop.")
    shipping_address_line1 = Text(max_length=200, required=False, help_text=WHOLE)
    shipping_address_line2 = Text(max_length=200, required=False, allow_blank=True)
    shipping_city = Text(max_length=100, required=False)
    shipping_state = Text(max_length=100, required=False, allow_blank=True, help_text=WHERE_NEEDED)
    shipping_postal_code = Text(max_length=20, required=False, allow_blank=True, help_text=WHERE_NEEDED)
    shipping_country = Text(max_length=100, required=False)
    country_code = Text(max_length=2, required=False, help_text="ISO 3166. Without one, that of `shipping_country`.")
    billing_name = PersonName(max_length=201, required=False, allow_blank=True, help_text=WHOLE)
    billing_company = PersonName(max_length=200, required=False, allow_blank=True)
    billing_address_line1 = Text(max_length=200, required=False, allow_blank=True)
    billing_address_line2 = Text(max_length=200, required=False, allow_blank=True)
    billing_city = Text(max_length=100, required=False, allow_blank=True)
    billing_state = Text(max_length=100, required=False, allow_blank=True)
    billing_postal_code = Text(max_length=20, required=False, allow_blank=True)
    billing_country = Text(max_length=100, required=False, allow_blank=True)
    billing_country_code = Text(max_length=2, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """The new texts by the names of columns. Refuses an address that lacks something, and an unknown code."""
        shipping = {name: text for name, text in attrs.items() if name.startswith(("shipping_", "country_"))}
        billing = {name: text for name, text in attrs.items() if name.startswith("billing_")}
        others = {name: text for name, text in attrs.items() if name not in shipping and name not in billing}
        errors: dict[str, Any] = {}
        if shipping:
            shipping["country_code"] = country_of(shipping, "shipping_country", "country_code")
            errors |= missing(shipping, "shipping_", shipping["country_code"])
            shipping = dict.fromkeys(MAY_LACK, "") | shipping
        if any(billing.values()):
            given = {name: text for name, text in billing.items() if text or name != "billing_country_code"}
            billing["billing_country_code"] = country_of(given, "billing_country", "billing_country_code")
            errors |= missing(billing, "billing_", billing["billing_country_code"])
        if errors:
            raise serializers.ValidationError(errors)
        return others | shipping | (NO_BILLING | billing if billing else {})


class ChangeLineBody(CancelBody):
    """How many units a line is to have, fewer than it has, and why. Without it the line stays as it is."""

    quantity = Integer(min_value=1, max_value=MAX_LINE_QUANTITY, required=False)


@extend_schema_serializer(component_name="ReplaceLine")
class ReplaceLineBody(WantedBody):
    """Another article, named in one of three ways, and how many units of the line it takes the place of."""

    reason = Text(max_length=255, required=False, allow_blank=True, help_text="Read by staff alone.")
    message = Text(max_length=255, required=False, allow_blank=True, help_text="The customer reads this.")

    def validate(self, attrs: dict[str, Any]) -> Any:
        """What the service takes: the article as `wanted`, and the words. Refuses as `WantedBody`."""
        words = {name: attrs.pop(name, "") for name in ("reason", "message")}
        return {"wanted": super().validate(attrs), **words}


class RevisionSerializer(serializers.ModelSerializer[OrderRevision]):
    """A change of an order after it was placed, with what it said before and after.

    A line has its SKU and its units. `owed` is what the buyer gets back for it, and below 0 what is to be paid. Of a
    customer who was forgotten no words are left.
    """

    actor = serializers.CharField(
        source="actor_role",
        read_only=True,
        help_text='"customer", "visitor", "staff" or "system"; staff also see the id.',
    )
    before = serializers.DictField(child=serializers.CharField(), read_only=True)
    after = serializers.DictField(child=serializers.CharField(), read_only=True)
    owed = Balance(read_only=True)

    class Meta:
        model = OrderRevision
        fields = [
            "at",
            "kind",
            "actor",
            "order_item_id",
            "sku",
            "quantity_before",
            "quantity_after",
            "before",
            "after",
            "owed",
        ]
        read_only_fields = fields


class StaffRevisionSerializer(RevisionSerializer):
    """A change of an order as staff read it: with the id of whoever made it."""

    actor = serializers.CharField(read_only=True)
