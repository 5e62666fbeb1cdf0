"""How the OpenAPI description says what the fields of `api.fields` and the bodies of `api.serializers` take."""

import re
from decimal import Decimal
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension

from api.fields import MAX_ID, in_query
from database.money import in_places, places_of
from database.text import HIDDEN, HIDDEN_IN_LINES

# Characters beyond U+FFFF.
ASTRAL = re.compile("[\U00010000-\U0010ffff](?:-[\U00010000-\U0010ffff])?")


def readable(pattern: str) -> str:
    """A pattern without the characters beyond U+FFFF in its classes.

    A reader whose patterns are of UTF-16 units (JavaScript's without the flag `u`) refuses those as out of order.
    So the description takes a few hidden characters that the shop refuses.
    """
    return ASTRAL.sub("", pattern)


class BodySchema(OpenApiSerializerExtension):
    """How the description says a body: it takes no other members, and one of its `forms` if it has some."""

    target_class = "api.serializers.BodySerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The schema of the body; with several forms, each of them is a whole object."""
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        schema["additionalProperties"] = False
        if self.target.example:
            schema["examples"] = [self.target.example]
        if not self.target.forms:
            return schema
        name = auto_schema._get_serializer_name(self.target, direction)
        whole = {"description": schema.pop("description", "")}
        return whole | {"anyOf": [form_of(schema, form, self.target.forms, name) for form in self.target.forms]}


def form_of(
    schema: dict[str, Any], form: tuple[str, ...], forms: tuple[tuple[str, ...], ...], name: str
) -> dict[str, Any]:
    """The schema of a body in one of its forms: it needs the members of this form, and has none of the others'."""
    others = {member for other in forms for member in other} - set(form)
    # That they may be null is left out: some clients take a member that can only be null for one that is read-only.
    properties = {member: part for member, part in schema["properties"].items() if member not in others}
    title = name + "By" + "And".join("".join(word.title() for word in member.split("_")) for member in form)
    required = [member for member in properties if member in form or member in schema.get("required", ())]
    return schema | {"title": title, "properties": properties, "required": required}


def with_nulls(body: dict[str, Any]) -> None:
    """Let the members of a body that may be left out be null, which means the same.

    Their defaults are not described: some clients then take them for members that are always there. Without its default
    a schema that was wrapped to have one stands by itself.
    """
    for form in body.get("anyOf", [body]):
        for name, part in form.get("properties", {}).items():
            if name not in form.get("required", ()) and part.get("format") != "binary":
                bare = {key: value for key, value in part.items() if key != "default"}
                form["properties"][name] = or_null(bare["allOf"][0] if [*bare] == ["allOf"] else bare)


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that takes null too."""
    null: dict[str, Any] = {"type": "null"}
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        more: dict[str, Any] = {"type": kinds if "null" in kinds else [*kinds, "null"]}
        if "enum" in schema and None not in schema["enum"]:
            more["enum"] = [*schema["enum"], None]
        return schema | more
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return schema | {choice: [*(part for part in schema[choice] if part != null), null]}
    what = {name: schema[name] for name in ("$ref", "allOf") if name in schema}
    return {name: part for name, part in schema.items() if name not in what} | {"oneOf": [what, null]}


def without_double_blanks(schema: Any) -> None:
    """Say empty text once: drf-spectacular adds a second schema for it, where the first one takes it already."""
    if isinstance(schema, list):
        for part in schema:
            without_double_blanks(part)
    if isinstance(schema, dict):
        match schema.get("oneOf"):
            case [{"type": "string", "pattern": pattern} as text, {"type": "string", "maxLength": 0}] if re.search(
                pattern, ""
            ):
                del schema["oneOf"]
                schema.update(text)
        for part in schema.values():
            without_double_blanks(part)


class MoneyField(OpenApiSerializerFieldExtension):
    """How the description says prices and amounts: text with a pattern."""

    target_class = "api.fields.Money"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The schema of the field. Answers have exactly the decimals of the currency."""
        places = places_of()
        sign = "-?" if self.target.signed else ""
        shown = rf"{sign}[0-9]{{1,14}}" + (rf"\.[0-9]{{{places}}}" if places else "")
        pattern = self.target.pattern.pattern if direction == "request" else shown
        return {
            "type": "string",
            "pattern": f"^{pattern.removesuffix(chr(92) + 'Z')}$",
            "examples": [str(in_places(Decimal("29.99")))],
        }


class IntegerField(OpenApiSerializerFieldExtension):
    """How the description says integers: with their bounds."""

    target_class = "api.fields.Integer"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The schema of the field."""
        bounds = {"minimum": self.target.min_value, "maximum": self.target.max_value}
        return {"type": "integer"} | bounds | ({"format": "int64"} if self.target.max_value == MAX_ID else {})


class TextField(OpenApiSerializerFieldExtension):
    """How the description says text: with its length and the characters that it cannot hold."""

    target_class = "api.fields.Text"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The schema of the field. PostgreSQL cannot store NUL, and a body holds no hidden characters."""
        is_free = self.target.any_character or in_query(self.target)
        hidden = readable(HIDDEN_IN_LINES if self.target.multiline else HIDDEN)
        rest = rf"[^{hidden}]*\s*$"  # the white space at both ends is cut off
        schema: dict[str, Any] = {"type": "string", "pattern": r"^[^\x00]*$" if is_free else rf"^\s*{rest}"}
        if self.target.max_length:
            schema["maxLength"] = self.target.max_length
        if not self.target.allow_blank:
            schema["minLength"] = max(1, self.target.min_length or 1)
            if self.target.trim_whitespace:
                # White space alone is as empty as nothing.
                schema["pattern"] = r"^[^\x00]*[^\s\x00][^\x00]*$" if is_free else rf"^\s*[^\s{hidden}]{rest}"
        for validator in self.target.validators:
            if isinstance(validator, RegexValidator):
                if not is_free:
                    schema["allOf"] = [{"pattern": schema["pattern"]}]
                schema["pattern"] = re.compile(validator.regex).pattern.replace(r"\A", "^").replace(r"\Z", "$")
        return schema


class DayField(OpenApiSerializerFieldExtension):
    """How the description says a day or a moment."""

    target_class = "api.fields.DayOrTimestamp"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        # RFC 3339 would allow offsets that no place on Earth has.
        """The schema of the field."""
        moment = {"format": "date-time", "pattern": r"([Zz]|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"}
        return {"type": "string", "anyOf": [moment, {"format": "date"}]}
