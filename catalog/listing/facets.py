"""How many products there are under each heading: what a storefront shows beside a list."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from django.db import connection

from catalog.listing.conditions import AMONG_STOCKED, IN_STOCK, IN_TREE, STOCKED, Selection, with_clause
from catalog.options import FOLD
from database.expensive import expensive_work
from database.money import highest_price, in_places, smallest
from database.rows import fetch_rows

# Where one price bucket ends and the next begins.
STEPS = [Decimal(step) for step in (10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)]
# PostgreSQL cannot know how many products a search will find. Up to so many are asked for their stock one by one.
FEW = 1000
MAX_CATEGORIES = 100
MAX_CODES = MAX_VALUES = 20
# The column of the filter and the facet of prices.
PRICE = "price_from"
LABELS = {True: "Yes", False: "No"}

# Every category beside itself and each one above it.
ABOVE = """above as (
    select id as category_id, id as ancestor_id, parent_id from catalog_category
    union all select above.category_id, parent.id, parent.parent_id
    from above join catalog_category parent on parent.id = above.parent_id
)"""
# What all filters let through, and what one of them alone keeps out: that one is `missed`. A facet counts without its
# own filter, so that its other values can be chosen beside the one that is.
MATCHING = """matching as materialized (
    select id, category_id, price_from, attributes, missed[1] as missed from (
        select p.id, p.category_id, p.price_from, p.attributes, array_remove(array[{misses}]::text[], null) as missed
        from catalog_product p where {where}
    ) p where cardinality(missed) <= 1
)"""
# Options are counted by variants, since one variant must have all that are asked for. Those of few products are looked
# up one by one; else all variants are read once (`is true` keeps PostgreSQL from making it a join of unknown sizes).
ARTICLES = """article as materialized (
    select v.product_id, v.options, array_remove(array[{misses}]::text[], null) as missed
    from (
        select v.* from catalog_variant v
        where (select count(*) from matching) > {few} and (v.product_id in (
            select id from matching where missed is null or missed = 'options')) is true
        union all
        select v.* from matching join catalog_variant v on v.product_id = matching.id
        where (select count(*) from matching) <= {few} and (matching.missed is null or matching.missed = 'options')
    ) v
    where v.archived_at is null and v.options <> '{{}}'
)"""
SPELLINGS = f"""spelling as materialized (
    select seen.options, name, value, {FOLD.format("name")} as code, {FOLD.format("value")} as folded
    from (select distinct options from article) seen, jsonb_each_text(seen.options) as option(name, value)
)"""  # noqa: S608  # an expression of our own
# With these, what is chosen stays in sight, however rare it is.
CHOSEN_OPTIONS = f"""chosen_option as materialized (
    select ({FOLD.format("chosen")})::jsonb from unnest(%(chosen_options)s::text[]) as chosen
)"""  # noqa: S608  # an expression of our own
MISS = "case when {condition} then null else {heading} end"
# Products with the same attributes are taken apart together, since that is what takes longest.
FACETS = """
{prelude}
select
    (select count(*) from matching where missed is null),
    (select json_agg(
        json_build_object('slug', slug, 'name', name, 'count', count) order by count desc, name, slug)::text from (
        select c.slug, c.name, sum(direct.count)::bigint as count
        from (
            select category_id, count(*) from matching
            where missed is null or missed = 'categories' group by category_id
        ) direct
        join above on above.category_id = direct.category_id
        join catalog_category c on c.id = above.ancestor_id
        group by c.id order by {first} count desc, c.name, c.slug limit {max_categories}) category),
    (select json_object_agg(bucket, count order by bucket)::text from (
        select width_bucket(price_from, %(steps)s::numeric[]) as bucket, count(*) from matching
        where missed is null or missed = 'prices' group by bucket) price),
    case when (select count(*) from matching) > {few} then (
        select count(*) from matching
        where (missed is null or missed = 'in_stock') and id in (select product_id from stocked)
    ) else (
        select count(*) from matching where (missed is null or missed = 'in_stock') and exists (
            select from catalog_variant v join inventory_stockitem i on i.id = v.stock_item_id and i.in_stock
            where v.product_id = matching.id and v.archived_at is null)
    ) end,
    (select json_agg(json_build_object('code', code, 'values', values) order by total desc, code)::text from (
        select code, sum(count) as total,
               json_agg(json_build_object('value', value, 'count', count) order by count desc, value) as values
        from (
            select code, attributes -> code as value, sum(products)::bigint as count, row_number() over (
                partition by code
                order by jsonb_build_object(code, attributes -> code) = any(%(chosen_attributes)s::jsonb[]) desc,
                         sum(products) desc, attributes -> code
            ) as place
            from (
                select jsonb_object_keys(attributes) as code, attributes, missed, products
                from (select attributes, missed, count(*) as products from matching group by 1, 2) alike
            ) attribute
            where missed is null or missed = 'attributes.' || code
            group by code, attributes -> code
        ) counted
        where place <= {max_values} group by code order by total desc, code limit {max_codes}) attribute),
    (select json_agg(json_build_object('code', name, 'values', values) order by total desc, name)::text from (
        select min(name) as name, sum(count) as total,
               json_agg(json_build_object('value', value, 'count', count) order by count desc, value) as values
        from (
            select code, mode() within group (order by name) as name, mode() within group (order by value) as value,
                   count(distinct product_id),
                   row_number() over (
                       partition by code
                       order by jsonb_build_object(code, folded) in (select * from chosen_option) desc,
                                count(distinct product_id) desc, folded
                   ) as place
            from article join spelling using (options)
            where missed = '{{}}' or missed = array[code] group by code, folded
        ) counted
        where place <= {max_values} group by code order by total desc, min(name) limit {max_codes}) option)
"""


class FacetsRow(NamedTuple):
    """The one row of the statement. `prices` counts products by bucket; all but the numbers is JSON, or None."""

    total: int
    categories: str | None
    prices: str | None
    in_stock: int
    attributes: str | None
    options: str | None


class Facets(NamedTuple):
    """The facets, as FacetsSerializer shows them."""

    total: int
    categories: list[dict[str, Any]]
    prices: list[dict[str, Any]]
    in_stock: int
    attributes: list[dict[str, Any]]
    options: list[dict[str, Any]]


def read_facets(selection: Selection) -> Facets:
    """The facets of a selection: each count is that of the list with this value in place of what its facet has now.

    A category counts what lies below it too. There are at most 100 categories, and 20 attributes and 20 options with
    20 values each: what is chosen, and the most frequent ones. A search that finds nothing is tried once more, as if it
    were misspelt. Refuses UnknownCategory. Expensive work.
    """
    if selection.categories:
        selection.refuse_unknown_categories()
    chosen = headings(selection)
    by_options = [
        (FOLD.format(f"%(option{place})s::text"), condition) for place, condition in enumerate(selection.by_options)
    ]
    parts = [
        *selection.prelude,
        STOCKED,
        ABOVE,
        MATCHING.format(misses=misses(chosen), where=" and ".join(other_conditions(selection))),
        ARTICLES.format(misses=misses(by_options), few=FEW),
        SPELLINGS,
        CHOSEN_OPTIONS,
    ]
    sql = FACETS.format(
        prelude=with_clause(list(dict.fromkeys(parts))),
        first="bool_or(c.id in (select id from tree)) desc," if selection.categories else "",
        few=FEW,
        max_categories=MAX_CATEGORIES,
        max_values=MAX_VALUES,
        max_codes=MAX_CODES,
    )
    with expensive_work():
        [row] = map(FacetsRow._make, fetch_rows(sql, selection.params | selection.chosen | {"steps": STEPS}))
    if not row.total and selection.search and not selection.fuzzy:
        return read_facets(selection.misspelt())
    buckets = orjson.loads(row.prices or "{}")
    return Facets(
        total=row.total,
        categories=orjson.loads(row.categories or "[]"),
        prices=[price_facet(int(bucket), count) for bucket, count in buckets.items()],
        in_stock=row.in_stock,
        attributes=labelled(row.attributes),
        options=labelled(row.options),
    )


def headings(selection: Selection) -> list[tuple[str, str]]:
    """The conditions that are made under a heading of the facets: an SQL text beside each."""
    prices = [condition for column, condition in selection.by_columns if column == PRICE]
    found = [("'categories'", IN_TREE)] if selection.categories else []
    found += [("'prices'", " and ".join(prices))] if prices else []
    in_stock = selection.by_stock(IN_STOCK if selection.search else AMONG_STOCKED)
    found += [("'in_stock'", condition) for condition in in_stock]
    found += [("'options'", condition) for condition in selection.by_variants]
    for place, condition in enumerate(selection.by_attributes):
        found.append((f"'attributes.' || %(attribute{place})s::text", condition))
    return found


def other_conditions(selection: Selection) -> list[str]:
    """All conditions that are made under no heading, the search too."""
    compared = [condition for column, condition in selection.by_columns if column != PRICE]
    search = [selection.match] if selection.search else []
    return [selection.by_status, *compared, *selection.by_skus, *search]


def misses(headings: Iterable[tuple[str, str]]) -> str:
    """The elements of an array: each heading whose condition does not hold, and else null."""
    return ", ".join(MISS.format(heading=heading, condition=condition) for heading, condition in headings)


def labelled(text: str | None) -> list[dict[str, Any]]:
    """Facets as a statement made them, with labels for those who do not know their own: `screen_size` "Screen size"."""
    facets: list[dict[str, Any]] = orjson.loads(text or "[]")
    for facet in facets:
        words = facet["code"].replace("_", " ").strip() or facet["code"]
        facet["label"] = words[:1].upper() + words[1:]
        for value in facet["values"]:
            value["label"] = LABELS[value["value"]] if isinstance(value["value"], bool) else str(value["value"])
    return facets


def price_facet(bucket: int, count: int) -> dict[str, Any]:
    """A bucket with both of its ends in it, as `price_min` and `price_max` take them."""
    first = in_places(STEPS[bucket - 1]) if bucket else smallest()
    last = STEPS[bucket] - smallest() if bucket < len(STEPS) else highest_price()
    return {"from": str(first), "to": str(last), "count": count}


def product_counts(category_ids: Iterable[int]) -> dict[int, int]:
    """The products for sale in each of these categories and below."""
    sql = """
        with recursive below as (
            select id as root_id, id from unnest(%s::bigint[]) as root(id)
            union all select below.root_id, c.id from below join catalog_category c on c.parent_id = below.id
        )
        select below.root_id, count(p.id)
        from below join catalog_product p on p.category_id = below.id and p.status = 'active'
        group by below.root_id
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(category_ids)])
        return dict(cursor.fetchall())


def category_paths(category_ids: Iterable[int]) -> dict[int, list[dict[str, str]]]:
    """Slug and name of each category on the way from the top down to each of these."""
    sql = """
        with recursive way as (
            select id as category_id, 0 as steps, slug, name, parent_id from catalog_category
            where id = any(%s::bigint[])
            union all
            select way.category_id, way.steps + 1, above.slug, above.name, above.parent_id
            from way join catalog_category above on above.id = way.parent_id
        )
        select category_id, json_agg(json_build_object('slug', slug, 'name', name) order by steps desc)::text
        from way group by category_id
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(category_ids)])
        return {category_id: orjson.loads(path) for category_id, path in cursor.fetchall()}
