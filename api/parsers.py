"""JSON in, strictly: what no field should ever have to see is refused here, once."""

import codecs
import json
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from api.problems import Problem

MAX_DEPTH = 32
MAX_KEYS = 1000
MAX_NUMBER_LENGTH = 40


class Duplicate(ValueError):
    """An object that names one member twice: two readers could understand it differently."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Duplicate("An object has the same key twice.")
    return value


def _number(text: str) -> Any:
    """Integers stay integers within reason; everything else stays text until a field wants it."""
    if len(text) > MAX_NUMBER_LENGTH:
        raise ValueError("A number is too long.")
    return int(text)


def _float(text: str) -> float:
    if len(text) > MAX_NUMBER_LENGTH:
        raise ValueError("A number is too long.")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("A number is out of range.")
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON.")


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_number, parse_float=_float, parse_constant=_constant)


def depth_of(text: str) -> int:
    """How deep brackets nest, read without building anything; brackets inside strings do not count."""
    depth = deepest = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def check_text(value: Any, keys: int = 0) -> int:
    """Refuse NUL and lone surrogates, which PostgreSQL cannot store, in keys and values; counts the keys."""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("Text must not contain NUL characters.")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("Text contains half of a surrogate pair.") from None
    elif isinstance(value, dict):
        keys += len(value)
        if keys > MAX_KEYS:
            raise ValueError("Too many keys.")
        for key, member in value.items():
            check_text(key)
            keys = check_text(member, keys)
    elif isinstance(value, list):
        for member in value:
            keys = check_text(member, keys)
    return keys


def read_bounded(stream: IO[bytes], parser_context: Any) -> bytes:
    """The body, or 413 when it is longer than a JSON body may be."""
    longest = settings.MAX_BODY_BYTES
    declared = int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
    body = stream.read(longest + 1) if declared <= longest else b""
    if max(declared, len(body)) > longest:
        raise Problem(413, f"A body ends at {longest} bytes.")
    return body


class StrictJSONParser(BaseParser):
    """Reads a JSON object. Refuses everything that two readers could understand differently."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The object. Refuses ParseError, and 413 for a body that is too long."""
        body = read_bounded(stream, parser_context)
        try:
            # A byte order mark stands for itself alone (RFC 8259, 8.1).
            text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8")
            # A short body cannot nest deeply enough to matter, so only the others are looked through.
            if text.count("{") + text.count("[") > MAX_DEPTH and depth_of(text) > MAX_DEPTH:
                raise ValueError(f"The body nests deeper than {MAX_DEPTH} levels.")
            value = DECODER.decode(text)
            # Without an escape no text holds what is looked for, and without so many colons there are not so many keys.
            if "\\u" in text or text.count(":") > MAX_KEYS:
                check_text(value)
        except UnicodeDecodeError:
            raise ParseError("The body is not UTF-8.") from None
        except (ValueError, RecursionError) as error:
            if b"\0" in body[:2]:  # UTF-16 and UTF-32 begin so
                raise ParseError("The body is not UTF-8.") from None
            raise ParseError(f"The body is not valid JSON: {error}") from None
        if not isinstance(value, dict):
            raise ParseError("The body must be a JSON object.")
        return value
