"""Fields of bodies that only the catalog has. What their values may be, the validators of the models say."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.fields import Text
from api.schema_fields import readable
from catalog.measures import QUANTITY, UNITS, validate_measure
from catalog.validators import (
    MAX_KEY,
    MAX_NUMBER,
    MAX_TEXT,
    refuse_reserved_slug,
    validate_attributes,
    validate_options,
    validate_slug,
)
from database.text import HIDDEN

SEEN = readable(f"[^{HIDDEN}]")
SHORT_TEXT = {"type": "string", "maxLength": MAX_TEXT, "pattern": f"^{SEEN}*$"}
NUMBER = {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER}
KEY = {"pattern": f"^{SEEN}{{1,{MAX_KEY}}}$"}
ATTRIBUTES = {
    "type": "object",
    "maxProperties": 50,
    "propertyNames": KEY,
    "additionalProperties": {"anyOf": [SHORT_TEXT, NUMBER, {"type": "boolean"}]},
}
OPTIONS = {
    "type": "object",
    "maxProperties": 20,
    "propertyNames": KEY,
    "additionalProperties": SHORT_TEXT | {"minLength": 1},
}
MEASURED = {"type": "string", "pattern": f"^{QUANTITY.pattern.removesuffix(chr(92) + 'Z')}$", "examples": ["750"]}
UNIT = {"type": "string", "enum": [*UNITS]}
MEASURE = {
    "type": "object",
    "required": ["quantity", "unit"],
    "properties": {"quantity": MEASURED, "unit": UNIT, "base_quantity": MEASURED, "base_unit": UNIT},
    "additionalProperties": False,
}


class Object(serializers.Field[Any, Any, Any, Any]):
    """A JSON object. A validator of the model says what may be in it."""

    def to_internal_value(self, data: Any) -> Any:
        """The object as it was sent."""
        return data

    def to_representation(self, value: Any) -> Any:
        """The object as it is kept."""
        return value


@extend_schema_field(ATTRIBUTES)
class Attributes(Object):
    """Scalars by name."""

    default_validators = [validate_attributes]


@extend_schema_field(OPTIONS)
class Options(Object):
    """Texts by name."""

    default_validators = [validate_options]


@extend_schema_field(MEASURE)
class UnitMeasure(Object):
    """The content of an article. Without a base its price is said for one kilogram, litre, metre or piece."""

    default_validators = [validate_measure]


class SlugText(Text):
    """A slug that may be given to a product or a category."""

    default_validators = [validate_slug, refuse_reserved_slug]
