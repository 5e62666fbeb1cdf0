"""The OpenAPI description: what drf-spectacular cannot know by itself."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers


class Schema(AutoSchema):
    def get_tags(self) -> list[str]:
        """The app that answers: users, catalog, orders, inventory."""
        return [self.view.__module__.split(".")[0]]


def page_of(row: type[serializers.BaseSerializer[Any]]) -> serializers.Serializer[Any]:
    """The document of a list whose rows are of this shape, for `@extend_schema(responses=...)`."""
    page: serializers.Serializer[Any] = inline_serializer(
        name=f"{row.__name__.removesuffix('Serializer')}Page",
        fields={
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": row(many=True),
            "count": serializers.IntegerField(required=False, help_text="Only with `?count=exact`."),
        },
    )
    return page


def describe_errors(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    return result
