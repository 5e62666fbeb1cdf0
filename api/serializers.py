"""Base serializers: bodies and query strings, both strict."""

from functools import cache, lru_cache
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.functional import cached_property
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

from api.fields import Choice, Integer, Text
from api.parameters import parameters_of

LONGEST_KEPT = 64


class BodySerializer(serializers.Serializer[Any]):
    """A request body. A member that is not declared is refused, so that a typo is never silently dropped."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {name: [ErrorDetail("Unknown field.", code="unknown_field")] for name in unknown}
                )
        return super().to_internal_value(data)


class QuerySerializer(serializers.Serializer[Any]):
    """A query string. Unknown parameters are ignored, known ones checked; an empty value means absent.

    Each parameter is checked for itself: what a serializer's `validate` would compare is not asked.
    """

    is_query = True

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """The checked parameters of a request. A parameter that is given twice counts the last time."""
        given = {name: value for name, value in parameters_of(request).items() if value != ""}
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


def body_of(request: Request, serializer: type[BodySerializer], **kwargs: Any) -> dict[str, Any]:
    """The checked body of a request."""
    checked = serializer(data=request.data, **kwargs)
    checked.is_valid(raise_exception=True)
    data: dict[str, Any] = checked.validated_data
    return data
