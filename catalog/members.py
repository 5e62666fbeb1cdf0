"""The members of a product's document: the columns of a row that each is made of, and how."""

from collections.abc import Callable, Collection
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from django.conf import settings

from catalog.listing.rows import ProductRow
from catalog.measures import unit_price
from catalog.options import Axis, in_sequence

# What `expand` names in a query string.
DETAILS = frozenset({"variants", "images"})


class Member(NamedTuple):
    """A member of the document: what it is read from, and its value of a row."""

    columns: tuple[str, ...]
    value: Callable[[ProductRow], Any]


def column(name: str) -> Member:
    """A member that is a column of the row."""
    return Member((name,), attrgetter(name))


def category_of(row: ProductRow) -> Any:
    """The category of a product by slug and name, or None."""
    return row.category_slug and {"slug": row.category_slug, "name": row.category_name}


def axes_of(row: ProductRow) -> list[Axis]:
    """What the variants of a product differ by."""
    return [] if row.option_axes == "[]" else orjson.loads(row.option_axes)


def said(row: ProductRow, name: str) -> Any:
    """What the cheapest variant says beside its price, or None."""
    return None if row.beside_price is None else orjson.loads(row.beside_price)[name]


def variants_of(row: ProductRow) -> Any:
    """The variants of a row. Their JSON is read only where something has to be added to it.

    Without options, and without a measure, it goes into the answer as it is: a tenth of what Python does for a page.
    """
    text, axes = row.variants or "[]", axes_of(row)
    if not axes and '"unit_measure":{' not in text:
        return orjson.Fragment(text)
    variants = orjson.loads(text)
    for variant in variants:
        if variant["unit_measure"] is not None:
            variant["unit_price"] = unit_price(variant["price"], variant["unit_measure"])
        if len(axes) > 1:  # the column does not keep their sequence
            variant["options"] = in_sequence(variant["options"], axes)
    return variants


# In the sequence of the document.
MEMBERS = {
    "product_id": column("id"),
    "name": column("name"),
    "slug": column("slug"),
    "description": column("description"),
    "sku": column("sku"),
    "brand": column("brand"),
    "price": column("price"),
    "price_from": column("price_from"),
    "price_to": column("price_to"),
    "compare_at_price": Member(("beside_price",), lambda row: said(row, "compare_at_price")),
    "lowest_price_30d": Member(("beside_price",), lambda row: said(row, "lowest_price_30d")),
    "unit_price": Member(
        ("beside_price", "price_from"), lambda row: unit_price(row.price_from, said(row, "unit_measure"))
    ),
    "currency": Member((), lambda row: settings.CURRENCY),
    "stock_quantity": column("quantity"),
    "in_stock": column("in_stock"),
    "category": Member(("category_slug", "category_name"), category_of),
    "attributes": Member(("attributes",), lambda row: {} if row.attributes == "{}" else orjson.loads(row.attributes)),
    "option_axes": Member(("option_axes",), axes_of),
    "variants": Member(("variants", "option_axes"), variants_of),
    "images": Member(("images",), lambda row: orjson.loads(row.images or "[]")),
    "tax_class": column("tax_class"),
    "status": column("status"),
    "version": column("version"),
    "created_at": column("created_at"),
    "updated_at": column("updated_at"),
}
ALL = frozenset(MEMBERS)
# For staff who edit products, of a single product.
EDITORS_ONLY = frozenset({"tax_class"})


@lru_cache(maxsize=128)
def columns_of(shown: Collection[str]) -> frozenset[str]:
    """The columns that a document with these members is read from."""
    return frozenset(name for member in shown for name in MEMBERS[member].columns)


@lru_cache(maxsize=128)
def values_of(shown: Collection[str]) -> list[tuple[str, Callable[[ProductRow], Any]]]:
    """These members in the sequence of the document, each with its value of a row."""
    return [(name, member.value) for name, member in MEMBERS.items() if name in shown]
