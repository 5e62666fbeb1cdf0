"""How a kind of event is declared: what it is about, what it means, and what its payload holds."""

from typing import Any, NamedTuple

Schema = dict[str, Any]

ID: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
UUID: Schema = {"type": "string", "format": "uuid"}
# An amount in the currency of its order. Below zero it is owed by the buyer.
MONEY: Schema = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
# Each field that was changed, with its value before and after.
CHANGES: Schema = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "items": {"description": "The value before, then the value after."},
    },
}


def listed(items: Schema) -> Schema:
    """Some of these."""
    return {"type": "array", "items": items}


def made_of(**members: Schema) -> Schema:
    """An object with exactly these members, as `optional` says of some."""
    optional = [name for name, schema in members.items() if schema.get("x-optional")]
    plain = {
        name: {key: value for key, value in schema.items() if key != "x-optional"} for name, schema in members.items()
    }
    required = sorted(set(members) - set(optional))
    return {"type": "object", "properties": plain, "required": required, "additionalProperties": False}


def optional(schema: Schema) -> Schema:
    """A member that may be left out."""
    return schema | {"x-optional": True}


def or_null(schema: Schema) -> Schema:
    """A value that may be unknown."""
    return schema | {"type": [schema["type"], "null"]}


class Kind(NamedTuple):
    """A kind of event. `subject` names what it is about; `payload` is a JSON Schema.

    What is not public is about how the shop works inside, about who signed in, or about the people who run it: staff
    read it in the feed, and no receiver of webhooks is told.
    """

    name: str
    subject: str
    meaning: str
    payload: Schema
    public: bool


def kind(name: str, subject: str, meaning: str, /, **payload: Schema) -> Kind:
    """A kind that receivers of webhooks may be told of."""
    return Kind(name, subject, meaning, made_of(**payload), public=True)


def inner(name: str, subject: str, meaning: str, /, **payload: Schema) -> Kind:
    """A kind for staff alone."""
    return Kind(name, subject, meaning, made_of(**payload), public=False)
