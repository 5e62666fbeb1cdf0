"""The base of every viewset: strict query strings, conditional requests, and nothing but JSON."""

import gzip
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from api.filters import FilterBackend, FilterSet, ListFilters, NoFilters
from api.pagination import Keyset, KeysetPagination
from api.parameters import parameters_of
from api.permissions import NO_ACTION
from api.renderers import JSONRenderer, dumps
from api.serializers import kept
from api.throttles import before_counting
from database.refusals import Expected, Invalid, Refusal, VersionMismatch

JSON = JSONRenderer()
PROBLEM = "application/problem+json"
TAKES_JSON = ("*/*", JSON.media_type, f"{JSON.media_type}, */*", f"{JSON.media_type}, text/plain, */*")
# A client that takes gzip, and does not say that it had rather not (`q=0`).
GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")
MAX_UNCOMPRESSED = 1024
# 90 us for a page of 8 kB, where the usual 6 takes 200 for a tenth less.
COMPRESSION = 1
# One entity tag of a list (RFC 9110, 8.8.3), and a tag of ours. What proxies append to its digest does not matter.
TAG = re.compile(r'\s*(?:(?:W/)?"([!#-~\x80-\xff]*)")?\s*(?:,|\Z)')
VERSION = re.compile(r"([0-9]{1,10})(?:\.[!#-~]*)?\Z")


A = TypeVar("A", bound=Callable[..., Any])


def refuses(*kinds: type[Refusal] | str) -> Callable[[A], A]:
    """Mark an action of a viewset with its own refusals, or their codes where the status is 400.

    What any request can be refused for needs no mark. The description reads the marks; tests hold them against answers.
    """

    def mark(action: A) -> A:
        action.refuses = kinds  # type: ignore[attr-defined]  # a function's own attribute
        return action

    return mark


def expected_version(request: Request) -> Expected:
    """The versions that the client has seen, from `If-Match`; None when it did not say.

    An ETag is `"version.digest"`; only the version is compared, since a sale is no edit. So a tag may be weak: a proxy
    that compresses answers makes it so, and the version is the same. Refuses VersionMismatch where none is of ours.
    """
    sent = request.headers.get("If-Match")
    if sent is None or sent.strip() == "*":
        return None
    versions = frozenset(int(found[1]) for tag in tags_of(sent) if (found := VERSION.match(tag)))
    if not versions:
        raise VersionMismatch("If-Match names no version of this resource.")
    return versions


def tags_of(header: str) -> Iterator[str]:
    """The entity tags that a header lists, without quotes and whether they are weak. What is none ends the list."""
    place = 0
    while place < len(header) and (found := TAG.match(header, place)):
        place = found.end()
        if found[1] is not None:
            yield found[1]


def etag_of(content: bytes, version: int | None = None) -> str:
    """The ETag of a body: the version of what it shows, if that has one, and a digest."""
    digest = hashlib.sha256(content).hexdigest()[:20]
    return f'"{digest}"' if version is None else f'"{version}.{digest}"'


def matches(header: str, etag: str) -> bool:
    """Whether an If-None-Match names this ETag (weak comparison)."""
    return header.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in header.split(",")}


class Negotiation(DefaultContentNegotiation):
    """Chooses the parser of a body, and whether the client takes our answers."""

    def get_accept_list(self, request: Request) -> list[str]:
        """The media types that the client takes. Problem documents are JSON, so who takes them takes all answers.

        A header that names none is as if there were none, and `*` is every type.
        """
        accepted: list[str] = [media_type for media_type in super().get_accept_list(request) if media_type] or ["*/*"]
        accepted = ["*/*" if media_type.split(";")[0].strip() == "*" else media_type for media_type in accepted]
        return [media_type.lower().replace(PROBLEM, JSON.media_type) for media_type in accepted]

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser whose media type is the one that the client names, to the letter; otherwise DRF compares."""
        for parser in parsers:
            if parser.media_type == request.content_type:
                return parser
        chosen: BaseParser | None = super().select_parser(request, parsers)
        return chosen


class ViewSet(GenericViewSet[Any]):
    """The base of every endpoint. OPTIONS is for CORS alone.

    A list says in `keyset` how its rows are ordered, in `filterset_class` what its query string takes, and in
    `serializer_class` how a row is shown. An extra action names its own `filterset_class`; every other action takes no
    parameters.
    """

    content_negotiation_class = Negotiation
    pagination_class = KeysetPagination
    filter_backends = [FilterBackend]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    filterset_class: type[FilterSet] = ListFilters
    filterset: FilterSet
    keyset: Keyset
    # The scope that a key needs for an action whose permissions name none, "" for any. An action that neither has a
    # scope nor asks for a permission that stands in one is not for keys (accounts.scopes).
    scopes: Mapping[str, str] = {}
    # What is somebody's own stays in no cache, not even in a browser's. A client may keep it with its ETag by itself.
    cache_control = "private, no-store"
    # The same for what the shop shows to everybody, where a caller without a token is answered 200.
    cache_control_of_visitors: str | None = None

    def filterset_of_action(self) -> type[FilterSet]:
        """The parameters of this action."""
        # DRF puts the arguments of `@action` onto the instance.
        return self.filterset_class if self.action == "list" or "filterset_class" in vars(self) else NoFilters

    def page_of(self, rows: QuerySet[Any]) -> Response:
        """The answer of a list: these rows, as far as the query string lets them through, a page of them."""
        return self.get_paginated_response(self.documents(self.paginate_queryset(self.filter_queryset(rows))))

    def documents(self, rows: Sequence[Any] | None) -> list[dict[str, Any]]:
        """The documents of these rows."""
        represent = kept(cast(type[Serializer[Any]], self.get_serializer_class())).to_representation
        return [represent(row) for row in rows or ()]

    def perform_authentication(self, request: Request) -> None:
        """A request without a token is anonymous. Not asking the authenticators saves 4 % of one product."""
        if "HTTP_AUTHORIZATION" in request._request.META:
            super().perform_authentication(request)
            if refused := getattr(request._request, "refused_key", None):
                raise refused
        else:
            request.user, request.auth = AnonymousUser(), None

    def check_permissions(self, request: Request) -> None:
        """Programs with a key are held to its scopes, and people to the permissions of the action."""
        check_operation = getattr(request.user, "check_operation", None)
        if check_operation is None or self.action in NO_ACTION:
            super().check_permissions(request)
        else:
            check_operation(request, self)

    def check_throttles(self, request: Request) -> None:
        """First whose request it is, which counts for every limit, also for those that an action has for itself."""
        before_counting()(request)
        super().check_throttles(request)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Every answer is JSON. A client that accepts JSON or anything skips DRF's comparison of media types."""
        if request._request.META.get("HTTP_ACCEPT", "*/*") in TAKES_JSON:
            return JSON, JSON.media_type
        return super().perform_content_negotiation(request, force)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who asks, and whether they may, by DRF; then what the query string asks for."""
        super().initial(request, *args, **kwargs)
        if self.action in NO_ACTION:  # DRF refuses the method next
            return
        self.filterset = self.filterset_of_action()(parameters_of(request))
        if request.method == "DELETE" and request.META.get("CONTENT_LENGTH", "0") not in ("", "0"):
            raise Invalid("DELETE takes no body.", code="unexpected_body")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Give every answer to a GET its ETag, and answer 304 when the client has it."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if request._request.method not in ("GET", "HEAD") or response.status_code != 200 or response.streaming:
            response.headers.setdefault("Cache-Control", self.cache_control)
            return response
        shared = self.cache_control_of_visitors if "HTTP_AUTHORIZATION" not in request._request.META else None
        response.headers.setdefault("Cache-Control", shared or self.cache_control)
        if shared:
            response.headers["Vary"] = "Authorization, Accept-Encoding"
        version, content = None, b""
        if isinstance(response, Response):
            if isinstance(response.data, dict):
                version = response.data.get("version")
                if "timestamp" in response.data:
                    content = dumps(timeless(response.data))
            response.render()
        if "ETag" not in response.headers:
            response.headers["ETag"] = etag_of(content or response.content, version)
        if matches(request._request.META.get("HTTP_IF_NONE_MATCH", ""), response.headers["ETag"]):
            return not_modified(response)
        if shared and GZIP.search(request._request.META.get("HTTP_ACCEPT_ENCODING", "")):
            compress(response)
        return response


def compress(response: HttpResponse) -> None:
    """Compress an answer, unless it is short. What is somebody's own never is, since its length could tell a secret."""
    if len(response.content) > MAX_UNCOMPRESSED:
        response.content = gzip.compress(response.content, COMPRESSION, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["ETag"] = f"W/{response.headers['ETag']}"  # the same document in other bytes


def timeless(document: Any) -> Any:
    """A document without its timestamps. The moment of asking changes no figure, so the ETag leaves it out."""
    if not isinstance(document, dict):
        return document
    return {name: timeless(value) for name, value in document.items() if name != "timestamp"}


def not_modified(response: HttpResponse) -> HttpResponse:
    """304 with the headers that a cache needs, and no body."""
    kept = {name: response.headers[name] for name in ("ETag", "Cache-Control", "Vary") if name in response.headers}
    return HttpResponse(status=304, headers=kept)
