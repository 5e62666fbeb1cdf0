"""Path converters of the API. Routes are written without a trailing slash; RequestMiddleware takes one away."""

from django.urls import register_converter

from api.fields import MAX_ID


class IdConverter:
    """A positive 64-bit integer; anything else is no such path."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """The number. Raises ValueError out of bounds, and the path does not match."""
        number = int(value)
        if not 1 <= number <= MAX_ID:
            raise ValueError
        return number

    def to_url(self, value: int) -> str:
        """The number as text."""
        return str(value)


class SkuConverter:
    """A SKU as it stands in a path: anything printable but a slash."""

    regex = "[^/\x00-\x1f]{1,64}"

    def to_python(self, value: str) -> str:
        """The SKU as it stands in the path."""
        return value

    def to_url(self, value: str) -> str:
        """The SKU as it stands in the path."""
        return value


def register_converters() -> None:
    """Give the converters the names that routes use: `id` and `sku`."""
    register_converter(IdConverter, "id")
    register_converter(SkuConverter, "sku")
