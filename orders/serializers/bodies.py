"""What clients send about orders."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts.countries import code_of, country
from api.fields import MAX_ID, Choice, Email, Id, Integer, PersonName, Text
from api.serializers import BodySerializer
from database.text import HIDDEN_CHARACTER, LINK
from orders.models import Order
from orders.services import Wanted

MAX_LINES = 100
MAX_LINE_QUANTITY = 10_000
MAX_SKU = 64
MAY_BE_EMPTY = ("shipping_address_line2", "phone")
# What not every country's addresses have.
PARTS_OF_SOME = frozenset(("state", "postal_code"))
WHERE_NEEDED = "Required where addresses of the country have one, and where the country is not known."
REQUIRED = serializers.ErrorDetail("This field is required.", code="required")
BLANK = serializers.ErrorDetail("This field may not be blank.", code="blank")
# A body with other members goes to the fields.
PLAIN = (
    "recipient_name",
    "phone",
    "shipping_address_line1",
    "shipping_address_line2",
    "shipping_city",
    "shipping_state",
    "shipping_postal_code",
    "shipping_country",
)
ARTICLE_NAMES = ("product_id", "variant_id", "sku")


@extend_schema_serializer(component_name="OrderLine")
class WantedBody(BodySerializer):
    """A line names its article in one of three ways."""

    forms = tuple((name,) for name in ARTICLE_NAMES)

    product_id = Id(required=False)
    variant_id = Id(required=False)
    sku = Text(required=False, max_length=MAX_SKU)
    quantity = Integer(min_value=1, max_value=MAX_LINE_QUANTITY)

    def validate(self, attrs: dict[str, Any]) -> Any:
        """The line as the services take it, a Wanted. Refuses a line without a name of an article, or with several."""
        if sum(name in attrs for name in ARTICLE_NAMES) != 1:
            raise serializers.ValidationError(
                "Name the article by exactly one of product_id, variant_id and sku.", code="article_required"
            )
        return Wanted(**attrs)


class PlaceOrderBody(BodySerializer):
    """An order to be placed. Prices come from the catalog, so no field here can hold one.

    What an address needs is decided by its country. One that is not known needs all of it.
    """

    order_items = serializers.ListField(child=WantedBody(), min_length=1, max_length=MAX_LINES)
    recipient_name = PersonName(max_length=201, required=False, help_text="Without one, the customer's own name.")
    phone = Text(max_length=32, required=False, allow_blank=True, help_text="Without one, the customer's own phone.")
    email = Email(required=False, help_text="Where mails about this order go. Without one, the customer's own.")
    company = PersonName(max_length=200, required=False, allow_blank=True, help_text="On the parcel.")
    vat_id = Text(max_length=32, required=False, allow_blank=True, help_text="Of whoever pays.")
    note = Text(max_length=1000, required=False, allow_blank=True, help_text="For the shop.")
    shipping_address_line1 = Text(max_length=200)
    shipping_address_line2 = Text(max_length=200, required=False, allow_blank=True, default="")
    shipping_city = Text(max_length=100)
    shipping_state = Text(max_length=100, required=False, allow_blank=True, help_text=WHERE_NEEDED)
    shipping_postal_code = Text(max_length=20, required=False, allow_blank=True, help_text=WHERE_NEEDED)
    shipping_country = Text(max_length=100)
    country_code = Text(max_length=2, required=False, help_text="ISO 3166. Without one, that of `shipping_country`.")
    billing_name = PersonName(max_length=201, required=False, allow_blank=True)
    billing_company = PersonName(max_length=200, required=False, allow_blank=True)
    billing_address_line1 = Text(max_length=200, required=False, allow_blank=True)
    billing_address_line2 = Text(max_length=200, required=False, allow_blank=True)
    billing_city = Text(max_length=100, required=False, allow_blank=True)
    billing_state = Text(max_length=100, required=False, allow_blank=True)
    billing_postal_code = Text(max_length=20, required=False, allow_blank=True)
    billing_country = Text(max_length=100, required=False, allow_blank=True)
    billing_country_code = Text(max_length=2, required=False)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The checked members: Wanted lines and the address, with a recipient and a phone where the body has them.

        A body that is plainly right is taken as it is, in 3 us for one line and 8 us for three. The fields take 65 and
        78 us, which is 4 % of a whole order. A body that leaves a doubt goes to the fields, and they alone refuse.
        """
        return self.taken_plainly(data) or super().run_validation(data)

    def taken_plainly(self, data: Any) -> dict[str, Any] | None:
        """The checked members of a body that is plainly right; None where a doubt is left."""
        if type(data) is not dict:
            return None
        address = {"shipping_address_line2": "", **data}
        items = address.pop("order_items", None)
        if type(items) is not list or not 0 < len(items) <= MAX_LINES or not self.needed <= address.keys():
            return None
        for name, text in address.items():
            if not (is_plain_text(text, self.longest.get(name, 0)) or (name in MAY_BE_EMPTY and text == "")):
                return None
        if "recipient_name" in address and LINK.search(address["recipient_name"]):
            return None
        lines = [plain_line(item) for item in items]
        if None in lines:
            return None
        return {"order_items": lines, **address, "country_code": code_of(address["shipping_country"]) or ""}

    @cached_property
    def needed(self) -> set[str]:
        """The members of the address that a plain body has: all of them."""
        return {name for name in self.longest if name.startswith("shipping_")}

    @cached_property
    def longest(self) -> dict[str, int]:
        """The members of a plain body, each with the number of characters that it may have."""
        texts = {name: field for name, field in self.fields.items() if isinstance(field, Text)}
        return {name: texts[name].max_length or 0 for name in PLAIN}

    def to_internal_value(self, data: Any) -> Any:
        """The checked members. What the address lacks is named beside what is wrong with other members."""
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as refusal:
            found = refusal.detail
            if not isinstance(data, dict) or not isinstance(found, dict) or not found.keys() <= self.fields.keys():
                raise
            texts = {name: text for name, text in data.items() if isinstance(text, str)}
            code = code_of(texts.get("country_code", texts.get("shipping_country", ""))) or ""
            lacking = missing(texts, "shipping_", code)
            errors = {name: found.get(name, lacking.get(name)) for name, _ in self.fields.items()}
            raise serializers.ValidationError({name: error for name, error in errors.items() if error}) from refusal

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The members with the codes of countries. Refuses an address that lacks something, and an unknown code."""
        attrs["country_code"] = country_of(attrs, "shipping_country", "country_code")
        errors = missing(attrs, "shipping_", attrs["country_code"])
        if any(text for name, text in attrs.items() if name.startswith("billing_")):
            attrs["billing_country_code"] = country_of(attrs, "billing_country", "billing_country_code")
            errors |= missing(attrs, "billing_", attrs["billing_country_code"])
        if errors:
            raise serializers.ValidationError(errors)
        return {"shipping_state": "", "shipping_postal_code": ""} | attrs


def country_of(attrs: Mapping[str, str], name: str, code_name: str) -> str:
    """The code of a country, by its code or else by its name; empty for a name that means none.

    Refuses a code that is none, and one of another country than the name means: taxes go by the code, parcels by the
    name.
    """
    named = code_of(attrs.get(name, "")) or ""
    if code_name not in attrs:
        return named
    code = attrs[code_name].upper()
    if not attrs[code_name].isascii() or country(code) is None:
        raise serializers.ValidationError(
            {code_name: serializers.ErrorDetail("There is no country with this code.", code="unknown_country")}
        )
    if named not in ("", code):
        raise serializers.ValidationError(
            {code_name: serializers.ErrorDetail(f"{name} is another country.", code="country_mismatch")}
        )
    return code


def missing(attrs: Mapping[str, str], prefix: str, code: str) -> dict[str, Any]:
    """What an address lacks, with a refusal for each part. A country that is not known needs all parts."""
    known = country(code)
    needed = {"address_line1", "city", "country"} | (PARTS_OF_SOME if known is None else known.required & PARTS_OF_SOME)
    names = [name for part in sorted(needed) if not attrs.get(name := f"{prefix}{part}")]
    return {name: BLANK if name in attrs else REQUIRED for name in names}


def plain_line(item: Any) -> Wanted | None:
    """A line that is plainly right; None where a doubt is left."""
    if type(item) is not dict or len(item) != 2:
        return None
    quantity = item.get("quantity")
    if type(quantity) is not int or not 0 < quantity <= MAX_LINE_QUANTITY:
        return None
    if is_id(item.get("product_id")):
        return Wanted(quantity, product_id=item["product_id"])
    if is_id(item.get("variant_id")):
        return Wanted(quantity, variant_id=item["variant_id"])
    if is_plain_text(item.get("sku"), MAX_SKU):
        return Wanted(quantity, sku=item["sku"])
    return None


def is_id(value: Any) -> bool:
    """Whether a value is plainly an id."""
    return type(value) is int and 0 < value <= MAX_ID


def is_plain_text(value: Any, longest: int) -> bool:
    """Whether a value is printable text without space around it. Of all white space only the space is printable.

    Some characters that cannot be seen count as printable. None of them is in ASCII.
    """
    return (
        type(value) is str
        and 0 < len(value) <= longest
        and value[0] != " "
        and value[-1] != " "
        and value.isprintable()
        and (value.isascii() or not HIDDEN_CHARACTER.search(value))
    )


class StatusBody(BodySerializer):
    """The status that an order is to have."""

    status = Choice(choices=Order.Status.choices)


class CancelBody(BodySerializer):
    """Why an order is cancelled: the reason, and what the customer is told about it."""

    reason = Text(
        max_length=255,
        required=False,
        allow_blank=True,
        default="",
        help_text="Stands in the history. That of staff is read by staff alone.",
    )
    message = Text(
        max_length=255,
        required=False,
        allow_blank=True,
        default="",
        help_text="For staff: the customer reads this in the mail and in the history.",
    )


def refuse_duplicates(lines: Iterable[Mapping[str, Any]]) -> None:
    """Refuse lines of which two name the same line of the order."""
    named = [line["order_item_id"] for line in lines]
    if len(set(named)) < len(named):
        raise serializers.ValidationError("An earlier line names the same line.", code="duplicate_line")


def units_by_line(lines: Iterable[Mapping[str, Any]]) -> dict[int, int]:
    """The units of lines by the line's id. Refuses a line that is named twice."""
    lines = list(lines)
    refuse_duplicates(lines)
    return {line["order_item_id"]: line["quantity"] for line in lines}
