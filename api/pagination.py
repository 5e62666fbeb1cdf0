"""Keyset pagination: a page is found by where the last one ended, so that page 5,000 costs what page 1 costs."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any, TypeVar
from urllib.parse import unquote_plus, urlencode
from uuid import UUID

import orjson
from django.conf import settings
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value
from django.utils.encoding import escape_uri_path
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from api.addresses import origin_of
from api.fields import MAX_ID
from api.parameters import parameters_of
from database.refusals import FieldError, Invalid

M = TypeVar("M", bound=Model)
PLAIN_QUERY = re.compile(r"[A-Za-z0-9_.~%+&=,-]*\Z")


class RowCompare(Func):
    """`(a, b) < (x, y)` as PostgreSQL's row comparison, which an index on (a, b) answers directly."""

    output_field = BooleanField()

    def __init__(self, columns: Sequence[str], operator: str, values: Sequence[Any]) -> None:
        self.operator = operator
        self.width = len(columns)
        super().__init__(*(F(column) for column in columns), *(Value(value) for value in values))

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        """The comparison as SQL, with its parameters."""
        parts, params = [], []
        for expression in self.source_expressions:
            sql, sql_params = compiler.compile(expression)
            parts.append(sql)
            params += sql_params
        left, right = ", ".join(parts[: self.width]), ", ".join(parts[self.width :])
        return f"({left}) {self.operator} ({right})", tuple(params)


@dataclass(frozen=True)
class Keyset:
    """An order over rows: columns that end in a unique one, all in one direction.

    `types` name what each column holds, so that a forged cursor is a 400 and never reaches the database.
    """

    columns: tuple[str, ...]
    types: tuple[type, ...]
    descending: bool = False

    @property
    def order_by(self) -> list[str]:
        """The same order in the words of a queryset."""
        return [f"-{column}" if self.descending else column for column in self.columns]

    @property
    def tag(self) -> str:
        """The name of the order. A cursor carries it, so that no other list takes the cursor."""
        return ",".join(self.order_by)


@dataclass(frozen=True)
class Cursor:
    """A place in a list: the key of a row, and whether to go on after it or back before it."""

    backwards: bool
    key: tuple[Any, ...]


def invalid_cursor() -> Invalid:
    """The refusal of a cursor that this list has not given out."""
    error = FieldError("cursor", "invalid_cursor", "This cursor is not one of ours, or belongs to another order.")
    return Invalid("The cursor is not valid.", code="invalid_cursor", errors=[error])


def encode_cursor(keyset: Keyset, cursor: Cursor) -> str:
    """A cursor as text that an address can carry."""
    key = [value.isoformat() if isinstance(value, datetime) else value for value in cursor.key]
    body = orjson.dumps([keyset.tag, int(cursor.backwards), *key], default=str)
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def decode_cursor(keyset: Keyset, text: str) -> Cursor:
    """Read a cursor; anything but what encode_cursor made for this order is refused."""
    try:
        body = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        tag, backwards, *key = body
        if tag != keyset.tag or backwards not in (0, 1) or len(key) != len(keyset.types):
            raise invalid_cursor()
        values = tuple(read_value(kind, value) for kind, value in zip(keyset.types, key, strict=True))
    except (ValueError, TypeError, binascii.Error, InvalidOperation, OverflowError):
        raise invalid_cursor() from None
    cursor = Cursor(bool(backwards), values)
    if encode_cursor(keyset, cursor) != text:  # there is one way of writing it, so that nobody fills caches with others
        raise invalid_cursor()
    return cursor


def read_value(kind: type, value: Any) -> Any:
    """One value of a cursor, as the type that its column holds. Raises ValueError for anything else."""
    if kind is int:
        if isinstance(value, bool) or not isinstance(value, int) or not -MAX_ID <= value <= MAX_ID:
            raise ValueError("not a 64-bit integer")
        return value
    if not isinstance(value, str) or len(value) > 300 or "\x00" in value:
        raise ValueError("not a short text")
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        offset = moment.utcoffset()
        if offset is None or abs(offset) > timedelta(hours=14) or offset % timedelta(minutes=1):
            raise ValueError("no time zone")
        return moment
    if kind is UUID:
        return UUID(value)
    if kind is Decimal:
        number = Decimal(value)
        if not number.is_finite() or abs(number.adjusted()) > 20:
            raise ValueError("out of range")
        return number
    return value


@dataclass(frozen=True)
class Page:
    """The rows of a page and where its neighbours begin."""

    rows: list[Any]
    next: Cursor | None
    previous: Cursor | None


def page_size_of(query: dict[str, Any]) -> int:
    """Rows per page: what the client asked for, or PAGE_SIZE."""
    size: int = query.get("page_size", settings.PAGE_SIZE)
    return size


def cut_page(rows: list[Any], size: int, cursor: Cursor | None, key_of: Callable[[Any], tuple[Any, ...]]) -> Page:
    """Make a page of size + 1 rows that were read in the cursor's direction."""
    more = len(rows) > size
    rows = rows[:size]
    backwards = cursor is not None and cursor.backwards
    if backwards:
        rows.reverse()
    has_next = bool(rows) and (more or backwards)
    has_previous = bool(rows) and (more if backwards else cursor is not None)
    return Page(
        rows,
        next=Cursor(False, key_of(rows[-1])) if has_next else None,
        previous=Cursor(True, key_of(rows[0])) if has_previous else None,
    )


def paginate(queryset: QuerySet[M], keyset: Keyset, query: dict[str, Any]) -> Page:
    """Read one page of a queryset. `query` holds the checked parameters of a list."""
    size = page_size_of(query)
    cursor = decode_cursor(keyset, query["cursor"]) if "cursor" in query else None
    backwards = cursor is not None and cursor.backwards
    if cursor is not None:
        operator = ">" if keyset.descending == backwards else "<"
        queryset = queryset.filter(RowCompare(keyset.columns, operator, cursor.key))
    queryset = queryset.order_by(*keyset.order_by)
    if backwards:
        queryset = queryset.reverse()
    getters = [attrgetter(column.replace("__", ".")) for column in keyset.columns]
    return cut_page(list(queryset[: size + 1]), size, cursor, lambda row: tuple(get(row) for get in getters))


def page_links(request: Request, keyset: Keyset, page: Page) -> dict[str, str | None]:
    """`next` and `previous` as addresses that keep the request's other parameters, and the cursors in them."""
    address = f"{origin_of(request)}{escape_uri_path(request.path)}?{other_parameters(request)}"

    after = encode_cursor(keyset, page.next) if page.next else None
    before = encode_cursor(keyset, page.previous) if page.previous else None
    return {
        "next": after and f"{address}cursor={after}",
        "previous": before and f"{address}cursor={before}",
        "next_cursor": after,
        "previous_cursor": before,
    }


def other_parameters(request: Request) -> str:
    """The query string without its cursor, with an & behind each parameter.

    The text stays as the client wrote it, unless it has characters that an address should not have.
    """
    query = request.META.get("QUERY_STRING", "")
    if not PLAIN_QUERY.match(query):
        query = urlencode(parameters_of(request), doseq=True)
    parts = [part for part in query.split("&") if part and unquote_plus(part.partition("=")[0]) != "cursor"]
    return "".join(f"{part}&" for part in parts)


class KeysetPagination(BasePagination):
    """DRF's slot for pages. The view's `keyset` is the order of its rows, and its `filterset` has read the parameters.

    A list whose rows are read by a statement of its own hands in the page itself, with `take`.
    """

    links: dict[str, str | None]
    total: int | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of one page."""
        page = paginate(queryset, view.keyset, view.filterset.values)
        return self.take(page, view, queryset.count)

    def take(self, page: Page, view: Any, count: Callable[[], int], keyset: Keyset | None = None) -> list[Any]:
        """Remember what the answer says beside the rows: its neighbours, and their number if the client asked."""
        self.links = page_links(view.request, keyset or view.keyset, page)
        if view.filterset.values.get("count") == "exact":
            self.total = count()
        return page.rows

    def document(self, data: Any) -> dict[str, Any]:
        """`{"next", "previous", "next_cursor", "previous_cursor", "results"}` and, asked for, `"count"`."""
        document: dict[str, Any] = {**self.links, "results": data}
        if self.total is not None:
            document["count"] = self.total
        return document

    def get_paginated_response(self, data: Any) -> Response:
        """The document of the page as an answer."""
        return Response(self.document(data))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The same, for the API's description."""
        return {
            "type": "object",
            "properties": {
                "next": {"type": ["string", "null"], "description": "The address of the next page."},
                "previous": {"type": ["string", "null"], "description": "The address of the previous page."},
                "next_cursor": {"type": ["string", "null"], "description": "For `?cursor=`: the next page."},
                "previous_cursor": {"type": ["string", "null"], "description": "For `?cursor=`: the previous page."},
                "results": schema,
                "count": {"type": "integer", "description": "With `?count=exact`: rows in all."},
            },
            "required": ["next", "previous", "next_cursor", "previous_cursor", "results"],
        }
