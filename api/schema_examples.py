"""Examples in the OpenAPI description: one for each body and answer, made of its schema.

A member has the example of its name (settings.API_EXAMPLES), unless its schema has one of its own or says what it must
be. Descriptions of fields that are added later have examples of themselves.
"""

import re
from typing import Any

from django.conf import settings

FORMATS = {
    "date-time": "2026-11-29T09:30:00Z",
    "date": "2026-11-29",
    "email": "ada@example.com",
    "uri": "https://shop.example.com/media/products/7f3a/large.webp",
    "uuid": "3f2c8f6e-5b7a-4c1d-9e0f-2a6b8c4d1e57",
}
# Tried in sequence where neither name nor format says more.
TEXTS = ("Text", "text", "29.99", "1", "2026-11")


def add_examples(description: dict[str, Any]) -> None:
    """Give each body, each answer and each shared answer an example."""
    schemas = description["components"]["schemas"]
    answers = list(description["components"]["responses"].values())
    for operations in description["paths"].values():
        for operation in operations.values():
            answers += [operation.get("requestBody", {}), *operation["responses"].values()]
    for answer in answers:
        for media_type, content in answer.get("content", {}).items():
            # A file is no text.
            if "multipart" not in media_type and content["schema"].get("format") != "binary":
                content["example"] = example_of(content["schema"], schemas)


def example_of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Any:
    """A value that the schema takes, for the member of this name."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    if schema.get("examples"):
        return schema["examples"][0]
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema and "type" not in schema:
            return example_of(schema[several][0], schemas, name)
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    known = settings.API_EXAMPLES.get(name)
    if known is not None and fits(known, schema):
        return known
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        return object_of(schema, schemas)
    if kind == "array":
        return [example_of(schema["items"], schemas, name)]
    if kind in ("integer", "number"):
        return max(1, schema.get("minimum", 1))
    if kind == "boolean":
        return True
    return None if kind == "null" else text_of(schema)


def object_of(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """An object with all of its members; errors only where they are always there."""
    members = schema.get("properties", {})
    return {
        name: example_of(member, schemas, name)
        for name, member in members.items()
        if name != "errors" or name in schema.get("required", ())
    }


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a schema of one type, or of none, takes the value, as far as examples need it."""
    kinds = schema.get("type", "object")
    kind = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object"}[type(value)]
    if "properties" in schema or kind not in ([kinds] if isinstance(kinds, str) else kinds):
        return False
    return kind != "string" or is_text_of(schema, value)


def is_text_of(schema: dict[str, Any], text: str) -> bool:
    """Whether a schema of text takes this one."""
    patterns = [part.get("pattern", "") for part in (schema, *schema.get("allOf", ()))]
    longest = schema.get("maxLength", len(text))
    return len(text) <= longest and all(re.search(pattern, text) for pattern in patterns)


def text_of(schema: dict[str, Any]) -> str:
    """A text that a schema takes. Raises ValueError where none is known: settings.API_EXAMPLES needs one."""
    parts = [schema, *schema.get("anyOf", ())]
    formats = [FORMATS[part["format"]] for part in parts if part.get("format") in FORMATS]
    for text in (*formats, *TEXTS):
        if is_text_of(schema, text):
            return text
    raise ValueError(f"No example is known of {schema}")
