"""Serializers for all requests: bodies that refuse what they do not declare, and one kept instance of each class."""

from typing import Any, TypeVar

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

S = TypeVar("S", bound=serializers.Serializer[Any])


class BodySerializer(serializers.Serializer[Any]):
    """A request body. A member that is not declared is refused, so that a typo is never silently dropped.

    `null` in a member that may be left out is as if it were left out, unless null is a value of that member. A body
    with several `forms` has the members of exactly one of them, which its `validate` checks. A body has an `example`
    where its members do not all go together.
    """

    forms: tuple[tuple[str, ...], ...] = ()
    example: dict[str, Any] = {}

    def to_internal_value(self, data: Any) -> Any:
        """The checked members. Refuses unknown ones by name."""
        if isinstance(data, dict):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {name: [ErrorDetail("Unknown field.", code="unknown_field")] for name in unknown}
                )
            if None in data.values():
                data = {name: value for name, value in data.items() if value is not None or not self.skips_null(name)}
        return super().to_internal_value(data)

    def skips_null(self, name: str) -> bool:
        """Whether null in this member means that it is not there."""
        field = self.fields[name]
        return not field.allow_null and (not field.required or getattr(self.root, "partial", False))


class NoBody(BodySerializer):
    """The body of an operation that needs none. An empty object is one too, which many clients send with every POST."""


_kept: dict[tuple[type, bool], Any] = {}


def kept(serializer: type[S], *, partial: bool = False) -> S:
    """The one instance of a serializer class that serves all requests. It keeps nothing of them.

    Building a serializer copies all of its fields, which takes longer than running it: 284 of 357 us for the body of
    an order, 713 of 779 for its document. A serializer that needs a context is built anew.
    """
    one: S | None = _kept.get((serializer, partial))
    if one is None:
        one = _kept.setdefault((serializer, partial), serializer(partial=partial))
    return one


def document_of(serializer: type[serializers.Serializer[Any]], row: Any) -> dict[str, Any]:
    """The document of one row."""
    document: dict[str, Any] = kept(serializer).to_representation(row)
    return document


def body_of(request: Request, serializer: type[BodySerializer], *, partial: bool = False) -> dict[str, Any]:
    """The checked body of a request. With `partial` no member has to be there."""
    data: dict[str, Any] = kept(serializer, partial=partial).run_validation(request.data)
    return data
