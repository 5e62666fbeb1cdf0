"""The query strings of the catalog: what lists and facets of products can be asked for."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from api.fields import Amount, Choice, Flag, Text
from api.filters import Filter, FilterSet, ListFilters, Parameter, Reader
from catalog.listing.conditions import MAX_WORDS, Comparison, Selection
from catalog.listing.pages import ORDERINGS
from catalog.models import Product, Variant
from database.refusals import FieldError, Invalid

MAX_ATTRIBUTES = 10
MAX_VALUES = 50
PREFIX = "attributes."
OPERATORS = {"exact": "in", "gte": ">=", "lte": "<="}


class Column(Filter):
    """A parameter that is compared with a column of the product: `field_name`, in the way of `lookup_expr`."""

    def comparison(self, value: Any) -> Comparison:
        """The comparison with the checked value of the parameter."""
        return Comparison(self.field_name, OPERATORS[self.lookup_expr], value if self.several else [value])


class ProductFilters(FilterSet):
    """Which products are meant. Every attribute is a filter too: `attributes.color=red`.

    The names of attributes are those that products have, so no filter declares them.
    """

    search = Filter(
        Text(required=False, max_length=200, help_text="Words of name or description; typing errors are forgiven.")
    )
    category = Filter(
        Text(required=False, max_length=120, help_text="A category's slug; what lies below it counts too."),
        several=True,
    )
    brand = Column(Text(required=False, max_length=100, help_text="As products name it."), several=True)
    price_min = Column(
        Amount(required=False, help_text="Both ends belong to the range."), field_name="price", lookup_expr="gte"
    )
    price_max = Column(Amount(required=False), field_name="price", lookup_expr="lte")
    in_stock = Filter(Flag(required=False, help_text="`true`: can be ordered now. `false`: cannot."))
    in_stock_only = Filter(Flag(required=False, help_text="Alias: `true` is `in_stock=true`, `false` is no filter."))
    status = Filter(
        Choice(
            required=False,
            choices=Product.Status.choices,
            help_text="Other than `active`: for staff who edit products.",
        ),
        several=True,
    )

    attributes: Mapping[str, Sequence[str]] = {}

    def take(self, name: str, texts: Sequence[str]) -> bool:
        """Take a filter by an attribute. Refuses names and values that no attribute has, and too many of them."""
        code = name.removeprefix(PREFIX)
        if code == name:
            return False
        if texts:
            if not 1 <= len(code) <= 64 or any(len(text) > 255 or "\x00" in text for text in texts):
                error = FieldError(name, "invalid_attribute", "This is no attribute's name, or no value of one.")
                raise Invalid("An attribute filter is not valid.", errors=[error])
            self.attributes = {**self.attributes, code: texts}
            self.refuse_many_attributes()
        return True

    def refuse_many_attributes(self) -> None:
        """Refuse more attributes, or more values of them, than a statement should compare."""
        message = ""
        if len(self.attributes) > MAX_ATTRIBUTES:
            message = f"At most {MAX_ATTRIBUTES} attributes."
        elif sum(map(len, self.attributes.values())) > MAX_VALUES:
            message = f"At most {MAX_VALUES} values of attributes."
        if message:
            error = FieldError("attributes", "too_many_filters", message)
            raise Invalid("Too many attribute filters.", errors=[error])

    def read(self, reader: Reader, parameters: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The values of the parameters; of a search the words that count, one space apart."""
        values = super().read(reader, parameters)
        if "search" in values:
            values["search"] = " ".join(values["search"].split()[:MAX_WORDS])
        return values

    @property
    def key(self) -> Hashable:
        """What is asked for, however the query string writes it: the attributes too."""
        attributes = frozenset((code, frozenset(values)) for code, values in self.attributes.items())
        return super().key, attributes

    @property
    def selection(self) -> Selection:
        """The products that the parameters mean."""
        filters, given = self.base_filters, self.values
        return Selection(
            search=given.get("search", ""),
            categories=given.get("category", ()),
            comparisons=[
                filters[name].comparison(value) for name, value in given.items() if isinstance(filters[name], Column)
            ],
            in_stock=True if given.get("in_stock_only") else given.get("in_stock"),
            attributes=self.attributes,
            statuses=given.get("status", (Product.Status.ACTIVE,)),
        )


class ProductListFilters(ListFilters, ProductFilters):
    """The parameters of a list of products."""

    ordering = Parameter(
        Choice(
            required=False,
            choices=list(ORDERINGS),
            help_text="`newest` by default, `relevance` when searching: the 500 newest matches, best first.",
        )
    )
    expand = Parameter(
        Choice(
            required=False, choices=["all", "none"], help_text="`none` leaves `variants` and `images` out of the rows."
        )
    )


class VariantFilters(ListFilters):
    """The variants that a product has now, or those that were taken off the shelf."""

    archived = Filter(
        Flag(required=False, default=False, help_text="`true`: archived ones, for staff who edit products."),
        method="on_shelf",
    )

    def on_shelf(self, variants: QuerySet[Variant], archived: bool) -> QuerySet[Variant]:
        """Archived variants, or the others."""
        return variants.filter(archived_at__isnull=not archived)
