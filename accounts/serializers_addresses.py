"""Documents and bodies of countries and addresses."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts.models import Address
from api.fields import Flag, PersonName, Text
from api.serializers import BodySerializer


class CountryNameSerializer(serializers.Serializer[Any]):
    """A country in the list of all."""

    code = serializers.CharField(help_text="ISO 3166: two capital letters.")
    name = serializers.CharField(help_text="In English.")


# Not an array, which drf-spectacular would make of what a `list` answers.
@extend_schema_serializer(many=False)
class CountriesSerializer(serializers.Serializer[Any]):
    """All countries. There are 252, so they are not cut into pages."""

    results = CountryNameSerializer(many=True)


class AddressFieldSerializer(serializers.Serializer[Any]):
    """A field of a country's addresses."""

    field = serializers.CharField(source="name", help_text="As in our bodies: `address_line1`, `state` …")
    label = serializers.CharField(help_text='Its name there: "ZIP code".')  # type: ignore[assignment]  # a name that clients read
    required = serializers.BooleanField()  # type: ignore[assignment]  # the same


class RegionSerializer(serializers.Serializer[Any]):
    """A state, province or the like."""

    code = serializers.CharField(help_text="What the post writes into an address, and what `state` is kept as.")
    name = serializers.CharField(help_text="In Latin letters.")


class CountrySerializer(serializers.Serializer[Any]):
    """How addresses of a country are written."""

    code = serializers.CharField(help_text="ISO 3166: two capital letters.")
    name = serializers.CharField(help_text="In English.")
    fields = AddressFieldSerializer(many=True, help_text="In the sequence in which they stand in an address.")  # type: ignore[assignment]  # the name that clients read, not the property of a serializer
    regions = RegionSerializer(many=True, help_text="What `state` may be; empty where it is free, or not used.")
    postal_code_pattern = serializers.CharField(
        help_text="A regular expression for the whole postal code; empty where there is none."
    )
    postal_code_examples = serializers.ListField(child=serializers.CharField())


class AddressSerializer(serializers.ModelSerializer[Address]):
    """The document of an address."""

    address_id = serializers.IntegerField(source="id")

    class Meta:
        model = Address
        fields = [
            "address_id",
            "recipient_name",
            "company",
            "vat_id",
            "phone",
            "address_line1",
            "address_line2",
            "city",
            "state",
            "postal_code",
            "country_code",
            "is_default_shipping",
            "is_default_billing",
            "version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class AddressBody(BodySerializer):
    """An address. Which of its fields are needed depends on the country (`GET /countries/{code}`)."""

    recipient_name = PersonName(max_length=201)
    company = Text(max_length=200, required=False, allow_blank=True)
    vat_id = Text(max_length=20, required=False, allow_blank=True)
    phone = Text(max_length=32, required=False, allow_blank=True)
    address_line1 = Text(max_length=200, required=False, allow_blank=True)
    address_line2 = Text(max_length=200, required=False, allow_blank=True)
    city = Text(max_length=100, required=False, allow_blank=True)
    state = Text(max_length=100, required=False, allow_blank=True)
    postal_code = Text(max_length=20, required=False, allow_blank=True)
    country_code = Text(max_length=2, help_text="ISO 3166: two letters.")
    is_default_shipping = Flag(required=False, help_text="True takes it from the address that has it.")
    is_default_billing = Flag(required=False, help_text="True takes it from the address that has it.")
