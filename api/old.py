"""The former shapes of endpoints, until each app has viewsets and FilterSets."""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, TypeVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db.models import Model, QuerySet
from django.utils.functional import cached_property
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.serializers import CharField, Serializer
from rest_framework.serializers import IntegerField as RestInteger
from rest_framework.views import APIView

from api.fields import Choice, Integer, Text
from api.pagination import Keyset, page_links, paginate
from api.parameters import parameters_of
from api.views import Conventions

M = TypeVar("M", bound=Model)
LONGEST_KEPT = 64


class View(Conventions, APIView):
    action = "old"

    def filterset_of_action(self) -> Any:
        return None


class QuerySerializer(serializers.Serializer[Any]):
    """A query string. Unknown parameters are ignored, known ones checked; an empty value means absent.

    Each parameter is checked for itself: what a serializer's `validate` would compare is not asked.
    """

    is_query = True

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """The checked parameters of a request. A parameter that is given twice counts the last time."""
        given = {name: value[-1] for name, value in parameters_of(request).items() if value[-1] != ""}
        data: dict[str, Any] = checker_of(cls).to_internal_value(given)
        return data

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """As DRF's, but looks only at what is given or required: of a dozen filters most requests name one or two."""
        values, errors = dict(self.defaults), {}
        for name in self.obligatory | (data.keys() & self.fields.keys()):
            try:
                text = data.get(name, "")
                # A seventh of a filtered list, otherwise; little of what people type is kept.
                check = checked if 0 < len(text) <= LONGEST_KEPT else checked.__wrapped__
                values[name] = check(type(self), name, text or serializers.empty)
            except serializers.ValidationError as error:
                errors[name] = error.detail
        if errors:
            raise serializers.ValidationError(errors)
        return values

    @cached_property
    def defaults(self) -> dict[str, Any]:
        return {name: field.default for name, field in self.fields.items() if field.default is not serializers.empty}

    @cached_property
    def obligatory(self) -> set[str]:
        return {name for name, field in self.fields.items() if field.required}


@cache
def checker_of(query: type[QuerySerializer]) -> QuerySerializer:
    """One of each class for all requests, of which it holds nothing: copying the fields costs more than checking."""
    return query()


@lru_cache(maxsize=4096)
def checked(query: type[QuerySerializer], name: str, text: Any) -> Any:
    """What a parameter's text means. It never means anything else, and the same ones come all day."""
    return checker_of(query).fields[name].run_validation(text)


class PageQuery(QuerySerializer):
    """What every list takes."""

    cursor = Text(
        required=False,
        max_length=2500,
        validators=[RegexValidator(r"\A[-_A-Za-z0-9]+\Z", "This cursor is not one of ours.", "invalid_cursor")],
        help_text="From `next` or `previous` of an earlier page.",
    )
    page_size = Integer(required=False, min_value=1, max_value=settings.MAX_PAGE_SIZE, help_text="Rows per page.")
    count = Choice(required=False, choices=["exact"], help_text="`exact` adds the total, which costs a count.")


def page_size_of(query: dict[str, Any]) -> int:
    size: int = query.get("page_size", settings.PAGE_SIZE)
    return size


@cache
def page_of(serializer: type[Serializer[Any]]) -> Any:
    """The answer of a list endpoint whose rows have this shape."""
    name = serializer.__name__.removesuffix("Serializer")
    return inline_serializer(
        f"{name}Page",
        {
            "next": CharField(allow_null=True, help_text="The address of the next page."),
            "previous": CharField(allow_null=True, help_text="The address of the previous page."),
            "results": serializer(many=True),
            "count": RestInteger(required=False, help_text="With `?count=exact`: rows in all."),
        },
    )


def page_document(
    request: Request,
    queryset: QuerySet[M],
    keyset: Keyset,
    query: dict[str, Any],
    serialize: Callable[[list[M]], Sequence[Any]],
) -> dict[str, Any]:
    """The whole answer of a list endpoint: `{"next", "previous", "results"}` and, asked for, `"count"`."""
    page = paginate(queryset, keyset, query)
    document: dict[str, Any] = {**page_links(request, keyset, page), "results": serialize(page.rows)}
    if query.get("count") == "exact":
        document["count"] = queryset.count()
    return document
