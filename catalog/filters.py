"""The query strings of the catalog: what lists and facets of products can be asked for."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from api.fields import Amount, Choice, Flag, Id, Text
from api.filters import Filter, FilterSet, ListFilters, Parameter, Reader
from catalog.listing.conditions import Comparison, Selection
from catalog.listing.pages import ORDERINGS
from catalog.listing.query import MAX_WORDS
from catalog.members import ALL, DETAILS
from catalog.models import Product, Variant
from catalog.options import one_spelling
from catalog.serializers import ProductSerializer
from database.refusals import FieldError, Invalid

# Of attributes, and of options.
MAX_NAMES = 10
MAX_VALUES = 50
OPERATORS = {"exact": "in", "gte": ">=", "lte": "<="}


class Column(Filter):
    """A parameter that is compared with a column of the product: `field_name`, in the way of `lookup_expr`."""

    def comparison(self, value: Any) -> Comparison:
        """The comparison with the checked value of the parameter."""
        return Comparison(self.field_name, OPERATORS[self.lookup_expr], value if self.several else [value])


class ProductFilters(FilterSet):
    """Which products are meant. Attributes and options are filters too: `attributes.color=red&options.size=M`.

    Their names are those that products have, so no filter declares them. A name that no product has finds none.
    """

    open_names = ("attributes.<name>", "options.<name>")

    search = Filter(
        Text(
            required=False,
            max_length=200,
            help_text=(
                "Words of the name, options, SKUs, barcodes, categories, attributes or description. "
                "The last one may be half typed; accents, plurals and typing errors are forgiven."
            ),
        )
    )
    category = Filter(
        Text(required=False, max_length=120, help_text="A category's slug; what lies below it counts too."),
        several=True,
    )
    brand = Column(Text(required=False, max_length=100, help_text="As products name it."), several=True)
    price_min = Column(
        Amount(required=False, help_text="Of the cheapest variant. Both ends belong to the range."),
        field_name="price_from",
        lookup_expr="gte",
    )
    price_max = Column(
        Amount(required=False, help_text="Of the cheapest variant."), field_name="price_from", lookup_expr="lte"
    )
    in_stock = Filter(Flag(required=False, help_text="`true`: can be ordered now. `false`: cannot."))
    in_stock_only = Filter(Flag(required=False, help_text="Alias: `true` is `in_stock=true`, `false` is no filter."))
    ids = Column(
        Id(required=False, help_text="Ids of products, with commas between them."), field_name="id", separated=True
    )
    sku = Filter(
        Text(required=False, max_length=64, help_text="SKUs of variants, with commas between them."), separated=True
    )
    status = Filter(
        Choice(
            required=False,
            choices=Product.Status.choices,
            help_text="Other than `active`: for staff who edit products.",
        ),
        several=True,
    )

    attributes: Mapping[str, Sequence[str]] = {}
    options: Mapping[str, Sequence[str]] = {}

    def take(self, name: str, texts: Sequence[str]) -> bool:
        """Take a filter by an attribute or an option. Refuses what none can be called, or be, and too many of them."""
        kind, point, code = name.partition(".")
        if not point or kind not in ("attributes", "options"):
            return False
        if texts:
            if not 1 <= len(code) <= 64 or "\x00" in code or any(len(text) > 255 or "\x00" in text for text in texts):
                error = FieldError(name, f"invalid_{kind[:-1]}", f"None of the {kind} has such a name or value.")
                raise Invalid(f"A filter by {kind} is not valid.", errors=[error])
            if kind == "attributes":
                self.attributes = {**self.attributes, code: texts}
            else:  # Shoe size and shoe-size are one option
                code, texts = one_spelling(code), [text.strip() for text in texts]
                self.options = {**self.options, code: [*self.options.get(code, ()), *texts]}
            refuse_many(kind, getattr(self, kind))
        return True

    def read(self, reader: Reader, parameters: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The values of the parameters; of a search the words that count, one space apart."""
        values = super().read(reader, parameters)
        if "search" in values:
            values["search"] = " ".join(values["search"].split()[:MAX_WORDS])
        return values

    @property
    def key(self) -> Hashable:
        """What is asked for, however the query string writes it: the attributes too."""
        if not (self.attributes or self.options):
            return super().key
        named = (
            frozenset((code, frozenset(values)) for code, values in mapping.items())
            for mapping in (self.attributes, self.options)
        )
        return super().key, *named

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
            options=self.options,
            skus=given.get("sku", ()),
            statuses=given.get("status", (Product.Status.ACTIVE,)),
        )


def refuse_many(kind: str, filters: Mapping[str, Sequence[str]]) -> None:
    """Refuse more attributes or options, or more values of them, than a statement should compare."""
    message = ""
    if len(filters) > MAX_NAMES:
        message = f"At most {MAX_NAMES} {kind}."
    elif sum(map(len, filters.values())) > MAX_VALUES:
        message = f"At most {MAX_VALUES} values of {kind}."
    if message:
        raise Invalid(f"Too many filters by {kind}.", errors=[FieldError(kind, "too_many_filters", message)])


class ShownFilters(FilterSet):
    """Which members the document of a product has."""

    expand = Parameter(
        Choice(
            required=False,
            choices=["all", "variants", "images", "none"],
            help_text="Which of `variants` and `images` a product has, with commas between them; `all` by default.",
        ),
        separated=True,
    )
    fields = Parameter(
        Choice(
            required=False,
            choices=ProductSerializer.Meta.fields,
            help_text="The members that a product has, with commas between them. All by default.",
        ),
        separated=True,
    )

    @property
    def shown(self) -> frozenset[str]:
        """The members that are asked for."""
        expand, fields = self.values.get("expand"), self.values.get("fields")
        shown = ALL if fields is None else ALL.intersection(fields)
        return shown if expand is None or "all" in expand else shown - DETAILS.difference(expand)


class ProductListFilters(ListFilters, ShownFilters, ProductFilters):
    """The parameters of a list of products."""

    ordering = Parameter(
        Choice(
            required=False,
            choices=list(ORDERINGS),
            help_text="`newest` by default, `relevance` when searching: the 500 newest matches, best first.",
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
