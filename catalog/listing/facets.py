"""How many products there are under each heading: what a storefront shows beside a list."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from django.db import connection

from catalog.listing.conditions import STOCKED, Selection, with_clause
from database.expensive import expensive_work
from database.money import highest_price, in_places, smallest

# Where one price bucket ends and the next begins.
STEPS = [Decimal(step) for step in (10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)]
# PostgreSQL cannot know how many products a search will find. Up to so many are asked for their stock one by one.
FEW = 1000
MAX_CATEGORIES = 100
MAX_CODES = MAX_VALUES = 20

# Every category beside itself and each one above it.
ABOVE = """above as (
    select id as category_id, id as ancestor_id, parent_id from catalog_category
    union all select above.category_id, parent.id, parent.parent_id
    from above join catalog_category parent on parent.id = above.parent_id
)"""
MATCHING = """matching as materialized (
    select p.id, p.category_id, p.price, p.attributes from catalog_product p where {where}
)"""
FACETS = """
{prelude}
select
    (select count(*) from matching),
    (select json_agg(
        json_build_object('slug', slug, 'name', name, 'count', count) order by count desc, name, slug)::text from (
        select c.slug, c.name, sum(direct.count)::bigint as count
        from (select category_id, count(*) from matching group by category_id) direct
        join above on above.category_id = direct.category_id
        join catalog_category c on c.id = above.ancestor_id
        group by c.id order by count desc, c.name, c.slug limit {max_categories}) category),
    (select json_object_agg(bucket, count order by bucket)::text from (
        select width_bucket(price, %(steps)s::numeric[]) as bucket, count(*) from matching group by bucket) price),
    case when (select count(*) from matching) > {few} then (
        select count(*) from matching where id in (select product_id from stocked)
    ) else (
        select count(*) from matching where exists (
            select from catalog_variant v join inventory_stockitem i on i.id = v.stock_item_id and i.in_stock
            where v.product_id = matching.id and v.archived_at is null)
    ) end,
    (select json_agg(json_build_object('code', code, 'values', values) order by total desc, code)::text from (
        select code, sum(count) as total,
               json_agg(json_build_object('value', value, 'count', count) order by count desc, value) as values
        from (
            select code, value, count(*), row_number() over (partition by code order by count(*) desc, value) as place
            from matching, jsonb_each(attributes) as attribute(code, value) group by code, value
        ) counted
        where place <= {max_values} group by code order by total desc, code limit {max_codes}) attribute)
"""


class FacetsRow(NamedTuple):
    """The one row of the statement. `prices` counts products by bucket; all but the numbers is JSON, or None."""

    total: int
    categories: str | None
    prices: str | None
    in_stock: int
    attributes: str | None


class Facets(NamedTuple):
    """The facets, as FacetsSerializer shows them."""

    categories: list[dict[str, Any]]
    prices: list[dict[str, Any]]
    in_stock: int
    attributes: list[dict[str, Any]]


def read_facets(selection: Selection) -> Facets:
    """The facets of a selection: each count is that of the list with one more filter.

    A category counts what lies below it too. There are at most 100 categories, and 20 attributes with 20 values each:
    the most frequent ones. A search that finds nothing is tried once more, as if it were misspelt. Expensive work.
    """
    matching = MATCHING.format(where=selection.where)
    sql = FACETS.format(
        prelude=with_clause([*dict.fromkeys([*selection.prelude, STOCKED]), ABOVE, matching]),
        few=FEW,
        max_categories=MAX_CATEGORIES,
        max_values=MAX_VALUES,
        max_codes=MAX_CODES,
    )
    with expensive_work():
        [row] = map(FacetsRow._make, selection.fetch(sql, selection.params | {"steps": STEPS}))
    if not row.total and selection.search and not selection.fuzzy:
        return read_facets(selection.misspelt())
    buckets = orjson.loads(row.prices or "{}")
    return Facets(
        categories=orjson.loads(row.categories or "[]"),
        prices=[price_facet(int(bucket), count) for bucket, count in buckets.items()],
        in_stock=row.in_stock,
        attributes=orjson.loads(row.attributes or "[]"),
    )


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
