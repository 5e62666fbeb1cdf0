"""Which products are meant: the filters and the search of a request, as SQL conditions on `catalog_product p`.

A search is a query of the full-text index (`query`). Where it finds nothing, a wider query is tried, which is called
fuzzy.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, Self

import orjson

from catalog.exceptions import UnknownCategory
from catalog.listing.query import Query, read_query
from catalog.models import Product
from catalog.options import FOLD
from catalog.tree import TREE
from database.expensive import expensive_work
from database.rows import fetch_rows
from inventory.skus import KEY

# How a statement casts a value, by the type that the value has in Python.
CASTS = {datetime: "timestamptz", Decimal: "numeric", str: "text", int: "bigint"}

# PostgreSQL does not see into it, so that a statement has one plan for all searches.
WORDS = """words as materialized (
    select %(match)s::tsquery as match, %(whole)s::tsquery as whole, %(exact)s::tsquery as exact,
           %(half)s::tsquery as half, %(near)s::tsquery as near
)"""
COUNT = "{prelude} select count(*) from catalog_product p where {where}"
# The stock of one product. Not `exists`: PostgreSQL could turn it into a join with all variants there are, for the sake
# of one page.
IN_STOCK = """coalesce((
    select bool_or(i.in_stock) from catalog_variant v join inventory_stockitem i on i.id = v.stock_item_id
    where v.product_id = p.id and v.archived_at is null), false)"""
# All that is in stock, found once for a statement that looks at many products (a quarter of the time for 40,000).
STOCKED = """stocked as materialized (
    select v.product_id from catalog_variant v join inventory_stockitem i on i.id = v.stock_item_id
    where i.in_stock and v.archived_at is null
)"""
AMONG_STOCKED = "(p.id in (select product_id from stocked))"
# A live variant of the product that meets these conditions, all of them by itself.
OF_VARIANT = """p.id in (
    select v.product_id from catalog_variant v where v.archived_at is null and {which})"""
OF_SKUS = """p.id in (
    select v.product_id from catalog_variant v join inventory_stockitem i on i.id = v.stock_item_id
    where v.archived_at is null and {key} in {skus})"""
IN_TREE = "p.category_id in (select id from tree)"
UNKNOWN_CATEGORIES = """
select asked.slug from unnest(%(slugs)s::text[]) as asked(slug)
where not exists (select from catalog_category c where c.slug = asked.slug)
    and not exists (select from catalog_oldslug old where old.slug = asked.slug and old.category_id is not null)"""
ROWS = "select p.* from catalog_product p where {where} {window}"
# A list of what is in stock reads the stock of each product on its way. The page takes it from there, and does not read
# it again. After so many products, those of all categories together, it gives up, since the rest may all be sold out.
# Then its last row is one that nobody asked for.
MOST_PASSED = 2000
STOCKED_ROWS = """
    select p.*, article.sku, article.quantity, article.variants,
           case when p.place > {most} then not {wanted} else article.in_stock end as in_stock
    from (
        select p.*, row_number() over ({order}) as place from catalog_product p where {where} {order} limit {most} + 1
    ) p {article}
    where p.place > {most} or article.in_stock = {wanted} {window}"""
ROWS_OF_TREE = "select p.* from tree cross join lateral ({rows}) p {window}"


class Comparison(NamedTuple):
    """A column of the product beside the values that it is compared with; `in` means one of them."""

    column: str
    operator: str
    values: Sequence[Any]


@dataclass(frozen=True)
class Selection:
    """The filters of a request, checked. All of them must hold; of the values of one filter, one must."""

    search: str = ""
    categories: Sequence[str] = ()
    comparisons: Sequence[Comparison] = ()
    in_stock: bool | None = None
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    skus: Sequence[str] = ()
    statuses: Sequence[str] = (Product.Status.ACTIVE,)
    fuzzy: bool = False

    @cached_property
    def query(self) -> Query:
        """What the search means."""
        return read_query(self.search, wide=self.fuzzy)

    @property
    def shape(self) -> Hashable:
        """All that a statement without a search depends on. Selections of one shape have one text."""
        return (
            tuple((column, operator, len(values)) for column, operator, values in self.comparisons),
            tuple(len(readings(values)) for values in self.attributes.values()),
            tuple(map(len, self.options.values())),
            len(self.categories),
            len(self.skus),
            self.in_stock,
            tuple(self.statuses),
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but a search is asked for."""
        filters = (self.comparisons, self.categories, self.attributes, self.options, self.skus)
        return any(filters) or self.in_stock is not None

    def misspelt(self) -> Self:
        """The same selection, with the words of the search taken for misspelt ones."""
        return replace(self, fuzzy=True)

    @property
    def by_status(self) -> str:
        """The condition on the status: written out, so that PostgreSQL can use the indexes of what is for sale."""
        return f"p.status in ({', '.join(repr(str(Product.Status(status))) for status in self.statuses)})"

    def by_stock(self, in_stock: str) -> list[str]:
        """The condition on the stock, if there is one. `in_stock` is the expression that says whether there is some."""
        if self.in_stock is None:
            return []
        return [in_stock if self.in_stock else f"not {in_stock}"]

    @property
    def by_columns(self) -> list[tuple[str, str]]:
        """The comparison with each column, beside the column's name."""
        return [
            (column, f"p.{column} {operator} {places(f'compared{place}', values)}")
            for place, (column, operator, values) in enumerate(self.comparisons)
        ]

    @property
    def by_skus(self) -> list[str]:
        """The condition on the SKUs of variants, if there is one."""
        if not self.skus:
            return []
        asked = ", ".join(KEY.format(sku=f"%(sku{place})s::text") for place in range(len(self.skus)))
        return [OF_SKUS.format(key=KEY.format(sku="i.sku"), skus=f"({asked})")]

    @property
    def by_attributes(self) -> list[str]:
        """The condition on each attribute."""
        return [
            contains("p.attributes", f"attribute{place}_", len(readings(values)), "{}::jsonb")
            for place, values in enumerate(self.attributes.values())
        ]

    @property
    def by_options(self) -> list[str]:
        """The condition on each option of a variant `v`."""
        folded = f"({FOLD.format('{}::jsonb::text')})::jsonb"
        return [
            contains("v.folded_options", f"option{place}_", len(values), folded)
            for place, values in enumerate(self.options.values())
        ]

    @property
    def by_variants(self) -> list[str]:
        """The condition on the options, if there is one: a variant has all of them by itself."""
        return [OF_VARIANT.format(which=" and ".join(self.by_options))] if self.options else []

    @property
    def conditions(self) -> list[str]:
        """All conditions but stock, category and search, which each statement answers in its own way."""
        compared = [condition for _, condition in self.by_columns]
        return [self.by_status, *compared, *self.by_skus, *self.by_attributes, *self.by_variants]

    @property
    def match(self) -> str:
        """The condition that the search makes."""
        return "p.search_vector @@ (select match from words)"

    @property
    def but_stock(self) -> str:
        """All conditions but the search and the stock."""
        in_tree = [IN_TREE] if self.categories else []
        return " and ".join([*self.conditions, *in_tree])

    @property
    def filters(self) -> str:
        """All conditions but the search. A search may find few products, so it asks for the stock of each."""
        return " and ".join([self.but_stock, *self.by_stock(IN_STOCK if self.search else AMONG_STOCKED)])

    @property
    def where(self) -> str:
        """All conditions."""
        return f"{self.filters} and {self.match}" if self.search else self.filters

    @property
    def prelude(self) -> list[str]:
        """The parts of a WITH clause that the conditions rely on."""
        parts = [TREE.format(slugs=places("category", self.categories))] if self.categories else []
        if self.search:
            return [*parts, WORDS]
        return parts if self.in_stock is None else [*parts, STOCKED]

    @property
    def params(self) -> dict[str, Any]:
        """The values of all conditions, by the names that the conditions use."""
        params: dict[str, Any] = self.query._asdict() if self.search else {}
        params |= numbered("category", self.categories)
        for place, comparison in enumerate(self.comparisons):
            params |= numbered(f"compared{place}", comparison.values)
        for place, (code, values) in enumerate(self.attributes.items()):
            params |= numbered(f"attribute{place}_", members(code, readings(values))) | {f"attribute{place}": code}
        for place, (name, values) in enumerate(self.options.items()):
            params |= numbered(f"option{place}_", members(name, values)) | {f"option{place}": name}
        return params | numbered("sku", self.skus)

    @property
    def chosen(self) -> dict[str, list[str]]:
        """The attributes and options that are asked for, as parameters: JSON objects of one member."""
        attributes = [text for code, values in self.attributes.items() for text in members(code, readings(values))]
        options = [text for name, values in self.options.items() for text in members(name, values)]
        return {"chosen_attributes": attributes, "chosen_options": options}

    def walk(self, after: str, order: str, limit: str, article: str = "") -> str:
        """The statement that reads the products in their order, by an index that has it.

        `article` is a join that knows the stock of a product; the rows bring its columns along. Such a statement passes
        MOST_PASSED products by at the most.
        """
        conditions = [*self.conditions, *(["p.category_id = tree.id"] if self.categories else [])]
        window = f"{order} {limit}"
        if article:
            where, wanted = " and ".join(conditions) + after, str(bool(self.in_stock)).lower()
            share = f"(select {MOST_PASSED} / greatest(count(*), 1) + 1 from tree)"  # noqa: S608  # a number of ours
            most = share if self.categories else MOST_PASSED
            rows = STOCKED_ROWS.format(
                most=most, wanted=wanted, order=order, where=where, article=article, window=window
            )
        else:
            rows = ROWS.format(where=" and ".join([*conditions, *self.by_stock(IN_STOCK)]) + after, window=window)
        # Each category of the subtree gives its first rows by its own index. The page is among them.
        return ROWS_OF_TREE.format(rows=rows, window=window) if self.categories else rows

    def refuse_unknown_categories(self) -> None:
        """Refuse slugs that no category has (UnknownCategory)."""
        if fetch_rows(UNKNOWN_CATEGORIES, {"slugs": list(self.categories)}):
            raise UnknownCategory("category")

    def count(self) -> int:
        """How many products are meant. Expensive work."""
        sql = COUNT.format(prelude=with_clause(self.prelude), where=self.where)
        with expensive_work():
            [(total,)] = fetch_rows(sql, self.params)
        return int(total)


def numbered(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """The values as parameters of a statement: name0, name1 and so on."""
    return {f"{name}{place}": value for place, value in enumerate(values)}


def places(name: str, values: Sequence[Any]) -> str:
    """The places of those parameters in a statement, in brackets and cast.

    They are not one array: a single value is then compared as such, and PostgreSQL can read an index in its order.
    """
    return f"({', '.join(f'%({name}{place})s::{CASTS[type(value)]}' for place, value in enumerate(values))})"


def contains(column: str, name: str, count: int, value: str) -> str:
    """The condition that a JSON column contains one of `count` parameters. `value` is an expression of each."""
    either = [f"{column} @> {value.format(f'%({name}{place})s')}" for place in range(count)]
    return f"({' or '.join(either)})"


def readings(values: Sequence[str]) -> list[str | int | float | bool]:
    """What the values of an attribute in a query string can mean: texts, and perhaps numbers or booleans."""
    found: list[str | int | float | bool] = []
    for value in values:
        found.append(value)
        if value in ("true", "false"):
            found.append(value == "true")
        elif re.fullmatch(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,15})?", value):
            found.append(float(value) if "." in value else int(value))
    return found


def members(name: str, values: Sequence[str | float | bool]) -> list[str]:
    """A JSON object for each value, of which it is the one member."""
    return [orjson.dumps({name: value}).decode() for value in values]


def with_clause(parts: Sequence[str]) -> str:
    """The parts of a WITH clause as one; nothing if there are none."""
    return f"with recursive {', '.join(parts)}" if parts else ""
