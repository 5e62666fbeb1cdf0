"""The query string of an endpoint: FilterSets of django-filter, read by the strict fields of api.fields.

A FilterSet of django-filter makes a form for each request, which costs 0.5 to 0.8 ms and forgives a good deal. These
make none: one serializer for each class, kept for all requests, reads the parameters (2 us for a page, 22 us for
three filters) and tells the API's description their bounds. See docs/decisions/0008-filtersets-without-forms.md.
"""

import copy
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import django_filters
from django.conf import settings
from django.core.validators import RegexValidator
from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from api.fields import Choice, Integer, Text
from database.refusals import FieldError, Invalid

Field = serializers.Field[Any, Any, Any, Any]
Parameters = Mapping[str, Sequence[str]]
# Names that clients of other shops send, and the names that mean the same here.
HINTS = {"skip": "cursor", "offset": "cursor", "page": "cursor", "limit": "page_size", "per_page": "page_size"}

# How many values a parameter may have between commas.
MAX_SEPARATED = 100


class Filter(django_filters.Filter):
    """A parameter that narrows a list.

    `field` reads its text. `field_name` and `lookup_expr` say what must hold of a row, or `method` names a method of
    the FilterSet: `method(queryset, value)`. A parameter with `several` may be given more than once, and then one of
    its values must hold; any other is refused when it is repeated. One that is `separated` takes several values between
    commas too.
    """

    def __init__(
        self,
        field: Field,
        *,
        field_name: str | None = None,
        lookup_expr: str = "exact",
        method: str = "",
        several: bool = False,
        separated: bool = False,
    ) -> None:
        super().__init__(field_name=field_name, lookup_expr=lookup_expr)
        self.reader = field
        self.method_name = method
        self.several = several or separated
        self.separated = separated

    def condition(self, value: Any) -> Q:
        """The condition that a row must meet."""
        condition = Q()
        for one in value if self.several else [value]:
            condition |= Q(**{f"{self.field_name}__{self.lookup_expr}": one})
        return condition


class Parameter(Filter):
    """A parameter that narrows nothing: it says where a page begins, or how the answer is shown."""


class FilterSet(django_filters.FilterSet):
    """The parameters of an endpoint. Reading a query string refuses everything that is not declared here.

    `values` holds the checked parameters that were given, and the defaults of those that were not. A value that is
    empty or white space counts as absent. `open_names` says which names `take` takes, for those who read a refusal.
    """

    open_names: Sequence[str] = ()

    def __init__(self, parameters: Parameters) -> None:
        # django-filter's own __init__ copies all filters for each request; nothing of these is changed by one.
        reader = reader_of(type(self))
        self.values: dict[str, Any] = dict(reader.defaults)
        if parameters or reader.obligatory:
            self.values |= self.read(reader, parameters)

    def read(self, reader: "Reader", parameters: Parameters) -> dict[str, Any]:
        """The values of the parameters that were given. Refuses all that is wrong with them at once."""
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {
            name: reader.missing(name)
            for name in reader.obligatory
            if not any(map(str.strip, parameters.get(name, ())))
        }
        unknown = []
        for name, texts in parameters.items():
            given = [text for text in texts if text and not text.isspace()]
            if name not in self.base_filters:
                if not self.take(name, given):
                    unknown.append(name)
            elif given:
                try:
                    value = reader.read(name, given)
                    if value != []:
                        values[name] = value
                except serializers.ValidationError as error:
                    errors[name] = error.detail
        if unknown:
            raise unknown_parameters(unknown, [*sorted(self.base_filters), *self.open_names])
        if errors:
            raise serializers.ValidationError(errors)
        return values

    def take(self, name: str, texts: Sequence[str]) -> bool:
        """Take a parameter that no filter declares by name. False, as here, means that it is unknown."""
        return False

    @property
    def key(self) -> Hashable:
        """What is asked for, however the query string writes it."""
        return frozenset((name, same(value)) for name, value in self.values.items())

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that the parameters let through."""
        for name, value in self.values.items():
            filter_ = self.base_filters[name]
            if filter_.method_name:
                queryset = getattr(self, filter_.method_name)(queryset, value)
            elif not isinstance(filter_, Parameter):
                queryset = queryset.filter(filter_.condition(value))
        return queryset


def same(value: Any) -> Hashable:
    """One thing for all ways of writing a value: in a list neither sequence nor repetition means anything."""
    return frozenset(value) if isinstance(value, list) else value


class NoFilters(FilterSet):
    """The query string of an endpoint without parameters."""


class ListFilters(FilterSet):
    """The parameters of every list."""

    cursor = Parameter(
        Text(
            required=False,
            max_length=2500,
            validators=[RegexValidator(r"\A[-_A-Za-z0-9]+\Z", "This cursor is not one of ours.", "invalid_cursor")],
            help_text="From `next` or `previous` of an earlier page.",
        )
    )
    page_size = Parameter(
        Integer(required=False, min_value=1, max_value=settings.MAX_PAGE_SIZE, help_text="Rows per page.")
    )
    count = Parameter(
        Choice(required=False, choices=["exact"], help_text="`exact` adds the total, which costs a count.")
    )


class Reader(serializers.Serializer[Any]):
    """The fields of a FilterSet as a serializer: they read texts (`is_query`), and the description lists them."""

    is_query = True

    def __init__(self, filters: Mapping[str, Filter]) -> None:
        super().__init__()
        self.filters = filters
        self.defaults = {
            name: filter_.reader.default
            for name, filter_ in filters.items()
            if filter_.reader.default is not serializers.empty
        }
        self.obligatory = [name for name, filter_ in filters.items() if filter_.reader.required]

    def get_fields(self) -> dict[str, Any]:
        """The fields of the filters, under the names of their parameters."""
        # Copies: a field belongs to one serializer, and FilterSets share the filters that they inherit.
        return {name: copy.deepcopy(filter_.reader) for name, filter_ in self.filters.items()}

    def read(self, name: str, texts: Sequence[str]) -> Any:
        """The value of one parameter, from its texts."""
        filter_ = self.filters[name]
        if filter_.separated:
            texts = [part for text in texts for part in map(str.strip, text.split(",")) if part]
            if len(texts) > MAX_SEPARATED:
                message = f"At most {MAX_SEPARATED} values."
                raise serializers.ValidationError([ErrorDetail(message, code="too_many_values")])
        if filter_.several:
            return [checked(self, name, text) for text in texts]
        if len(texts) > 1:
            raise serializers.ValidationError([ErrorDetail("Give this parameter once.", code="repeated")])
        return checked(self, name, texts[0])

    def missing(self, name: str) -> list[ErrorDetail]:
        """The error of a parameter that must be given."""
        return [ErrorDetail(str(self.fields[name].error_messages["required"]), code="required")]


@lru_cache(maxsize=2048)
def checked(reader: Reader, name: str, text: str) -> Any:
    """The value of a text, which is the same each time. Clients repeat themselves: a tenth of a filtered list (W3)."""
    return reader.fields[name].run_validation(text)


_readers: dict[type, Reader] = {}


def reader_of(filterset: type[FilterSet]) -> Reader:
    """One of each class for all requests: it keeps nothing of them, and copying its fields costs more than checking."""
    reader = _readers.get(filterset)
    if reader is None:
        reader = _readers.setdefault(filterset, Reader(filterset.base_filters))
    return reader


def unknown_parameters(unknown: Sequence[str], known: Sequence[str]) -> Invalid:
    """The refusal of parameters that an endpoint does not have. It names those that it has."""
    does = f"Known are: {', '.join(known)}." if known else "This endpoint takes none."
    errors = [
        FieldError(
            name,
            "unknown_parameter",
            f"Unknown parameter. Use {HINTS[name]} instead." if HINTS.get(name) in known else "Unknown parameter.",
        )
        for name in unknown
    ]
    return Invalid(f"The query string has unknown parameters. {does}", code="unknown_parameter", errors=errors)


class FilterBackend(BaseFilterBackend):
    """DRF's slot for filters: the view has read the query string already, and refused what it does not take."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        """The rows that the view's filterset lets through."""
        filterset: FilterSet = view.filterset
        return filterset.filter_queryset(queryset)
