"""What clients send about carts."""

from typing import Any

from rest_framework import serializers

from accounts.countries import code_of, country, normalised_postal_code, normalised_region
from api.fields import Amount, Email, Id, Integer, PersonName, Text
from api.serializers import BodySerializer
from checkout.models import MAX_LINE_QUANTITY

ARTICLE_NAMES = ("product_id", "variant_id", "sku")


class OpenCartBody(BodySerializer):
    """Whose cart it is to be."""

    user_id = Id(required=False, help_text="For staff: the customer whom they serve.")


class CartAddressBody(BodySerializer):
    """An address. It may be unfinished: a country alone is enough for taxes and shipping in most places.

    `requirements` of the cart says what it lacks.
    """

    recipient_name = PersonName(
        max_length=201, required=False, allow_blank=True, help_text="Without one, the customer's own name."
    )
    company = PersonName(max_length=200, required=False, allow_blank=True)
    vat_id = Text(max_length=32, required=False, allow_blank=True)
    address_line1 = Text(max_length=200, required=False, allow_blank=True)
    address_line2 = Text(max_length=200, required=False, allow_blank=True)
    city = Text(max_length=100, required=False, allow_blank=True)
    state = Text(max_length=100, required=False, allow_blank=True)
    postal_code = Text(max_length=20, required=False, allow_blank=True)
    country_code = Text(max_length=2, required=False, allow_blank=True, help_text="ISO 3166: two capital letters.")

    def validate_country_code(self, text: str) -> str:
        """The code in capitals. Refuses one that no country has."""
        code = code_of(text) if text else ""
        if code is None or (code and country(code) is None):
            raise serializers.ValidationError("There is no country with this code.", code="unknown_country")
        return code

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """All members, region and postal code as the country writes them."""
        address = dict.fromkeys(self.fields, "") | attrs
        if code := address["country_code"]:
            address["state"] = normalised_region(code, address["state"])
            address["postal_code"] = normalised_postal_code(code, address["postal_code"])
        return address


class CartChangesBody(BodySerializer):
    """What is to change of a cart, beside its lines and coupons."""

    email = Email(required=False, allow_blank=True)
    phone = Text(max_length=32, required=False, allow_blank=True)
    shipping_address = CartAddressBody(required=False, allow_null=True)
    billing_address = CartAddressBody(
        required=False, allow_null=True, help_text="Null: the invoice goes where the parcel goes."
    )
    shipping_method = Text(max_length=64, required=False, allow_blank=True, help_text="A code; empty: none yet.")
    note = Text(max_length=1000, required=False, allow_blank=True, multiline=False)


class CartLineBody(BodySerializer):
    """An article, named in one of three ways, and how much of it comes to the cart."""

    forms = tuple((name,) for name in ARTICLE_NAMES)

    product_id = Id(required=False)
    variant_id = Id(required=False)
    sku = Text(required=False, max_length=64)
    quantity = Integer(min_value=1, max_value=MAX_LINE_QUANTITY)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The members. Refuses a line without a name of an article, or with several."""
        if sum(name in attrs for name in ARTICLE_NAMES) != 1:
            raise serializers.ValidationError(
                "Name the article by exactly one of product_id, variant_id and sku.", code="article_required"
            )
        return attrs


class CartLineChangesBody(BodySerializer):
    """How much of an article the cart is to have. Without it the line stays as it is."""

    quantity = Integer(min_value=1, max_value=MAX_LINE_QUANTITY, required=False)


class CouponBody(BodySerializer):
    """A coupon's code, in any case."""

    code = Text(max_length=64)


class PlaceCartBody(BodySerializer):
    """What the customer has seen and agreed to."""

    expected_total = Amount(help_text="The total that the customer has seen.")
    terms_version = Text(
        max_length=64, required=False, allow_blank=True, default="", help_text="The terms that were accepted."
    )
