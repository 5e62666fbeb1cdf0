"""Which products are meant: the filters and the search of a request, as SQL conditions on `catalog_product p`.

A search has two ways. The first asks the full-text index for all of its words. Only where that finds nothing, the
second takes the words for misspelt ones, and asks the trigram index for names with a similar word for each: this is
`fuzzy`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Self

import orjson
from django.db import connection, transaction

from catalog.models import Product
from database.rows import fetch_rows

MAX_WORDS = 16
# How alike two words must be: above one half, so that one wrong letter in three is too much.
LIKENESS = 0.52

TREE = """tree as (
    select id from catalog_category where slug = %(category)s::text
    union all select below.id from catalog_category below join tree on below.parent_id = tree.id
)"""
WORDS = "words as materialized (select websearch_to_tsquery('english', %(search)s::text) as query)"
QUERY = "(select query from words)"
BY_STATUS = {status: f"p.status = '{status}'" for status in Product.Status.values}
COUNT = "{prelude} select count(*) from catalog_product p where {where}"
# Not `exists`: that could become a join with all variants there are, for the sake of one page.
IN_STOCK = """coalesce((
    select bool_or(i.in_stock) from catalog_variant v join inventory_stockitem i on i.id = v.stock_item_id
    where v.product_id = p.id and v.archived_at is null), false)"""


@dataclass(frozen=True)
class Selection:
    """The filters of a request, checked. `attributes` are (code, value) pairs that all must hold."""

    search: str = ""
    category: str | None = None
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    in_stock: bool | None = None
    attributes: Sequence[tuple[str, str]] = ()
    status: str = Product.Status.ACTIVE
    fuzzy: bool = False

    @property
    def words(self) -> list[str]:
        return re.findall(r"\w+", self.search)[:MAX_WORDS]

    def misspelt(self) -> Self:
        """The same, with the search's words taken for misspelt ones."""
        return replace(self, fuzzy=True)

    @property
    def conditions(self) -> list[str]:
        """All but the category and the search: how those are best answered is up to the statement."""
        return self.conditions_by(IN_STOCK)

    def conditions_by(self, in_stock: str) -> list[str]:
        """The same, for a statement that knows by itself whether a product is in stock."""
        found = [BY_STATUS[self.status]]
        if self.price_min is not None:
            found.append("p.price >= %(price_min)s::numeric")
        if self.price_max is not None:
            found.append("p.price <= %(price_max)s::numeric")
        if self.in_stock is not None:
            found.append(in_stock if self.in_stock else f"not {in_stock}")
        for place, (_, value) in enumerate(self.attributes):
            either = [f"p.attributes @> %(attribute{place}_{i})s::jsonb" for i in range(len(readings(value)))]
            found.append(f"({' or '.join(either)})")
        return found

    @property
    def match(self) -> str:
        """What the search asks for."""
        if not self.fuzzy:
            return f"p.search_vector @@ {QUERY}"
        return " and ".join(f"p.name %%> %(word{place})s::text" for place in range(len(self.words))) or "false"

    @property
    def filters(self) -> str:
        """All but the search."""
        in_tree = ["p.category_id in (select id from tree)"] if self.category is not None else []
        return " and ".join([*self.conditions, *in_tree])

    @property
    def where(self) -> str:
        return f"{self.filters} and {self.match}" if self.search else self.filters

    @property
    def rank(self) -> str:
        """How well a product answers the search, rounded so that a cursor can say it exactly."""
        if not self.fuzzy:
            return f"round(ts_rank(p.search_vector, {QUERY})::numeric, 6)"
        likeness = [f"word_similarity(%(word{place})s::text, p.name)" for place in range(len(self.words))]
        return f"round((({' + '.join(likeness) or '0'}) / {max(1, len(likeness))})::numeric, 6)"

    @property
    def prelude(self) -> list[str]:
        """The parts of a WITH clause that the conditions rely on."""
        parts = [TREE] if self.category is not None else []
        return [*parts, WORDS] if self.search and not self.fuzzy else parts

    @property
    def params(self) -> dict[str, Any]:
        params: dict[str, Any] = {
            "search": " ".join(self.search.split()[:MAX_WORDS]),
            "category": self.category,
            "price_min": self.price_min,
            "price_max": self.price_max,
        }
        params |= {f"word{place}": word for place, word in enumerate(self.words)}
        for place, (code, value) in enumerate(self.attributes):
            for i, reading in enumerate(readings(value)):
                params[f"attribute{place}_{i}"] = orjson.dumps({code: reading}).decode()
        return params


def readings(value: str) -> list[str | int | float | bool]:
    """What an attribute's value in a query string can mean: a text, and perhaps a number or a boolean."""
    if value in ("true", "false"):
        return [value, value == "true"]
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,15})?", value):
        return [value, float(value) if "." in value else int(value)]
    return [value]


def fetch(sql: str, params: dict[str, Any], *, fuzzy: bool = False) -> list[Any]:
    """Read the rows of one statement; a fuzzy one needs its own idea of what is alike."""
    if fuzzy:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local pg_trgm.word_similarity_threshold = {LIKENESS}")
            return fetch_rows(sql, params)
    return fetch_rows(sql, params)


def count_products(selection: Selection) -> int:
    """How many products are meant."""
    sql = COUNT.format(prelude=with_clause(selection.prelude), where=selection.where)
    [(total,)] = fetch(sql, selection.params, fuzzy=selection.fuzzy)
    return int(total)


def with_clause(parts: Sequence[str]) -> str:
    return f"with recursive {', '.join(parts)}" if parts else ""
