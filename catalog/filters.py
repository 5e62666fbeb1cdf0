"""What a list of products can be asked for: filters, order and shape, read from the query string."""

from typing import Any

from rest_framework.request import Request

from api.fields import Amount, Choice, Flag, Text
from api.old import PageQuery, QuerySerializer
from api.parameters import parameters_of
from catalog.models import Product
from catalog.queries import ORDERINGS
from catalog.selection import Selection
from database.refusals import FieldError, Invalid

MAX_ATTRIBUTE_FILTERS = 10
PREFIX = "attributes."


class ProductFilters(QuerySerializer):
    search = Text(required=False, max_length=200, help_text="Words of name or description; typing errors are forgiven.")
    category = Text(required=False, max_length=120, help_text="A category's slug; what lies below it counts too.")
    price_min = Amount(required=False, help_text="Both ends belong to the range.")
    price_max = Amount(required=False)
    in_stock = Flag(required=False, help_text="`true`: can be ordered now. `false`: cannot.")
    in_stock_only = Flag(required=False, help_text="Alias: `true` is `in_stock=true`, `false` is no filter.")
    status = Choice(
        required=False, choices=Product.Status.choices, help_text="Other than `active`: for staff who edit products."
    )

    @classmethod
    def selection_of(cls, request: Request) -> tuple[Selection, dict[str, Any]]:
        """The filters of a request, and all of its checked parameters.

        Any attribute is a filter too: `attributes.color=red`. The names are the products', so no field declares them.
        """
        query = cls.of(request)
        selection = Selection(
            search=query.get("search", ""),
            category=query.get("category"),
            price_min=query.get("price_min"),
            price_max=query.get("price_max"),
            in_stock=True if query.get("in_stock_only") else query.get("in_stock"),
            attributes=attribute_filters(request),
            status=query.get("status", Product.Status.ACTIVE),
        )
        return selection, query


class ProductsQuery(PageQuery, ProductFilters):
    ordering = Choice(
        required=False,
        choices=list(ORDERINGS),
        help_text="`newest` by default, `relevance` when searching: the 500 newest matches, best first.",
    )
    expand = Choice(
        required=False, choices=["all", "none"], help_text="`none` leaves `variants` and `images` out of the rows."
    )


def attribute_filters(request: Request) -> list[tuple[str, str]]:
    """The `attributes.<code>=value` of a query string; as everywhere, an empty value means absent."""
    filters = []
    for name, [*_, value] in parameters_of(request).items():
        code = name.removeprefix(PREFIX)
        if code == name or not value:
            continue
        if not 1 <= len(code) <= 64 or len(value) > 255 or "\x00" in value:
            error = FieldError(name, "invalid_attribute", "This is no attribute's name, or no value of one.")
            raise Invalid("An attribute filter is not valid.", errors=[error])
        filters.append((code, value))
    if len(filters) > MAX_ATTRIBUTE_FILTERS:
        error = FieldError("attributes", "too_many_filters", f"At most {MAX_ATTRIBUTE_FILTERS} attributes.")
        raise Invalid("Too many attribute filters.", errors=[error])
    return filters
