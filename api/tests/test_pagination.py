"""Keyset pages: complete in both directions, and proof against forged cursors."""

import base64
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request

from api.pagination import Cursor, Keyset, decode_cursor, encode_cursor, other_parameters, paginate
from api.parameters import parameters_of
from database.refusals import Invalid
from inventory.models import Warehouse

REQUESTS = RequestFactory()
BY_NAME = Keyset(("name", "id"), (str, int))
NEWEST = Keyset(("at", "price", "id"), (datetime, Decimal, int), descending=True)


@pytest.mark.django_db
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_forward_and_back_show_every_row_once(size: int, descending: bool) -> None:
    Warehouse.objects.all().delete()
    Warehouse.objects.bulk_create(
        Warehouse(code=f"w{number}", name="same" if number % 3 else "other") for number in range(6)
    )
    keyset = Keyset(("name", "id"), (str, int), descending)
    expected = list(Warehouse.objects.order_by(*keyset.order_by))

    page = paginate(Warehouse.objects.all(), keyset, {"page_size": size})
    assert page.previous is None
    forward = list(page.rows)
    pages = 1
    while page.next:
        page = paginate(
            Warehouse.objects.all(), keyset, {"page_size": size, "cursor": encode_cursor(keyset, page.next)}
        )
        forward += page.rows
        pages += 1
    assert forward == expected

    backward = list(page.rows)
    while page.previous:
        query = {"page_size": size, "cursor": encode_cursor(keyset, page.previous)}
        page = paginate(Warehouse.objects.all(), keyset, query)
        assert page.next is not None
        backward = page.rows + backward
    assert backward == expected


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.decimals(min_value=0, max_value=10**7, places=2),
    st.integers(1, 2**63 - 1),
    st.booleans(),
)
def test_a_cursor_survives_the_round_trip(at: datetime, price: Decimal, number: int, backwards: bool) -> None:
    cursor = Cursor(backwards, (at, price, number))
    assert decode_cursor(NEWEST, encode_cursor(NEWEST, cursor)) == cursor


def forge(value: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "%%%",
        "é",
        forge({}),
        forge([]),
        forge(["name,id", 0]),
        forge(["name,id", 2, "a", 1]),
        forge(["name,id", 0, "a", "1"]),
        forge(["name,id", 0, "a", True]),
        forge(["name,id", 0, "a\x00", 1]),
        forge(["name,id", 0, "a" * 301, 1]),
        forge(["name,id", 0, 1, 1]),
        forge(["id", 0, "a", 1]),
        encode_cursor(NEWEST, Cursor(False, (datetime(2026, 1, 1, tzinfo=UTC), Decimal(1), 1))),
        base64.urlsafe_b64encode(b'["name,id",0,"a",99999999999999999999]').decode(),
    ],
)
def test_a_forged_cursor_is_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        decode_cursor(BY_NAME, text)


@pytest.mark.parametrize(
    "key", [["2026-01-01", "1", 1], ["9999", "1", 1], ["2026-01-01T00:00:00Z", "1e-1000000", 1], ["x", "NaN", 1]]
)
def test_a_forged_time_or_price_is_invalid(key: list[Any]) -> None:
    with pytest.raises(Invalid):
        decode_cursor(NEWEST, forge([NEWEST.tag, 0, *key]))


def asked(query: str) -> Request:
    """A request with this query string, as a server hands it over: bytes, each as the character of its number."""
    return Request(REQUESTS.get("/", QUERY_STRING=query.encode().decode("latin-1")))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "a=1",
        "a=1&b=",
        "a&b=2",
        "&&a=1&",
        "a=1&a=2",
        "a=%C3%A4+b",
        "a=\u00e4 b",
        "a=b%26c",
        "a=1;b=2",
        "a='\"<>",
    ],
)
def test_parameters_are_read_as_django_reads_them(query: str) -> None:
    assert parameters_of(asked(query)) == dict(asked(query).query_params.lists())


def test_parameters_that_are_no_text_are_refused() -> None:
    for query in ("a=%ff", "%c3=1", "a=\xff"):
        with pytest.raises(Invalid, match="not UTF-8"):
            parameters_of(Request(REQUESTS.get("/", QUERY_STRING=query)))


@pytest.mark.parametrize(
    "query",
    ["", "a=1", "a=%C3%A4+b&b=", "a=1&cursor=old&b=2", "cursor=old", "cursor", "%63ursor=old", "a=\u00e4 b'\"<>"],
)
def test_links_keep_the_other_parameters(query: str) -> None:
    link = f"{other_parameters(asked(query))}cursor=new"
    assert link.isascii()
    assert not set(link) & set(" '\"<>")
    assert parameters_of(asked(link)) == parameters_of(asked(query)) | {"cursor": ["new"]}
