"""What the parser refuses, so that no field has to."""

import io
import json
from typing import Any

import pytest
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from api.parsers import StrictJSONParser, depth_of
from database.refusals import Refusal


def parse(body: bytes) -> Any:
    request = RequestFactory().post("/", body, content_type="application/json")
    return StrictJSONParser().parse(io.BytesIO(body), parser_context={"request": request})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": "\\ud800"}',
        b'{"a": "\x00"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        json.dumps({str(number): 1 for number in range(1001)}).encode(),
    ],
    ids=range(18),
)
def test_a_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        parse(body)


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert parse('\ufeff{"city": "Zürich"}'.encode()) == {"city": "Zürich"}
    for twice_or_inside in ('\ufeff\ufeff{"a": 1}', '{\ufeff"a": 1}'):
        with pytest.raises(ParseError, match="not valid JSON"):
            parse(twice_or_inside.encode())


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "latin-1"]
)
def test_another_encoding_is_refused_by_name(encoding: str) -> None:
    with pytest.raises(ParseError, match=r"The body is not UTF-8\."):
        parse('{"city": "Zürich"}'.encode(encoding))


def test_a_body_over_the_bound_is_too_large() -> None:
    with override_settings(MAX_BODY_BYTES=10), pytest.raises(Refusal) as refusal:
        parse(b'{"a": "0123456789"}')
    assert refusal.value.status == 413


def test_brackets_inside_strings_do_not_nest() -> None:
    body = {"a": "[" * 100, "b": '\\"[[['}
    assert parse(json.dumps(body).encode()) == body


@given(st.recursive(st.none() | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_the_depth_is_that_of_the_value(value: Any) -> None:
    def depth(part: Any) -> int:
        if isinstance(part, list):
            return 1 + max(map(depth, part), default=0)
        if isinstance(part, dict):
            return 1 + max(map(depth, part.values()), default=0)
        return 0

    assert depth_of(json.dumps(value)) == depth(value)
