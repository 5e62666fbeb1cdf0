"""Product pages and single products by one hand-written statement each: what the storefront asks for all day.

A page is found first, by an index, and only its rows are joined with their category, variants, stock and pictures.
The plain way of saying the same is ProductSerializer over prefetched rows (tests/plain.py); a test compares the bytes.

`stock_quantity` of a variant is what lies there unsold: on hand minus reserved over all active warehouses, and never
below 0. That of a product is the sum over its variants, so that what one of them owes takes nothing from another.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from api.pagination import Cursor, Keyset, decode_cursor
from catalog.models import Product
from catalog.selection import Selection, fetch, with_clause
from database.refusals import Invalid

ORDERINGS = {
    "newest": Keyset(("created_at", "id"), (datetime, int), descending=True),
    "price": Keyset(("price", "id"), (Decimal, int)),
    "-price": Keyset(("price", "id"), (Decimal, int), descending=True),
    "name": Keyset(("name", "id"), (str, int)),
    "-name": Keyset(("name", "id"), (str, int), descending=True),
    "relevance": Keyset(("rank", "id"), (Decimal, int), descending=True),
}
CASTS = {datetime: "timestamptz", Decimal: "numeric", str: "text", int: "bigint"}

# Counting characters is what costs: most descriptions are short enough in bytes (a seventh of a page's statement).
SHORT_DESCRIPTION = "case when octet_length(p.description) <= 240 then p.description else left(p.description, 240) end"
VARIANT = """json_build_object(
    'variant_id', v.id, 'sku', i.sku, 'name', v.name, 'options', v.options, 'price', coalesce(v.price, p.price)::text,
    'stock_quantity', s.quantity, 'in_stock', i.in_stock, 'version', v.version)"""
VARIANTS = f"json_agg({VARIANT} order by v.position, v.id)::text"
IMAGES = """(
    select json_agg(json_build_array(id, stem, alt, position, width, height) order by position, id)::text
    from catalog_image where product_id = p.id)"""
PRODUCTS = """
{prelude}
select p.id, p.name, p.slug, {description}, article.sku, p.price::text, article.quantity, article.in_stock,
       c.slug, c.name, p.attributes::text, article.variants, {images}, p.status, p.version, p.created_at, p.updated_at,
       {rank}
from ({rows}) p
left join catalog_category c on c.id = p.category_id
{article}
{order}
"""
# What is not in stock has nothing unsold, so its levels are not looked at: a list of what is in stock may pass by many.
ARTICLE = """cross join lateral (
    select (array_agg(i.sku order by v.position, v.id))[1] as sku, coalesce(sum(s.quantity), 0)::bigint as quantity,
           coalesce(bool_or(i.in_stock), false) as in_stock, {variants} as variants
    from catalog_variant v
    join inventory_stockitem i on i.id = v.stock_item_id
    cross join lateral (
        select greatest(coalesce(sum(l.on_hand - l.reserved), 0), 0) as quantity
        from inventory_stocklevel l
        where i.in_stock and l.item_id = i.id
            and l.warehouse_id = any(array(select id from inventory_warehouse where is_active))
    ) s
    where v.product_id = p.id and v.archived_at is null
) article"""
# A list of what is in stock reads that of each product on its way: not twice, for the filter and for the page.
STOCKED_ROWS = "select p.*, article.* from catalog_product p {article} where {where} {window}"
ARTICLE_OF_ROWS = "cross join lateral (select p.sku, p.quantity, p.in_stock, p.variants) article"
ROWS = "select p.* from catalog_product p where {where} {window}"
ROWS_OF_TREE = "select p.* from tree cross join lateral ({rows}) p {window}"
RANKED_PAGE = "page as materialized (select id, rank from candidate p where true{after} {window})"
RANKED_ROWS = "select p.*, page.rank from page join catalog_product p on p.id = page.id"
# Where each key column stands in a row of PRODUCTS.
PLACES = {"id": 0, "name": 1, "price": 5, "created_at": 15, "rank": 17}

# A search is answered in one of two ways, each of them bad where the other is good, and PostgreSQL cannot tell which:
# how frequent a word is, a prepared statement does not know. So the newest RECENT products are looked at first. A word
# that many of them have is met soon in every order, and the products are walked through in theirs; for a rarer one the
# full-text index is asked. Either way the cost hardly depends on how large the shop is.
RECENT = 2000
NEWEST = "(select * from catalog_product p where {status} order by p.created_at desc, p.id desc limit {recent}) p"
FREQUENT = 20
SAMPLE = "sample as materialized (select from {newest} where {match} limit {frequent})"
HITS = "hits as materialized (select p.id from catalog_product p where {match} and {rare})"
ROWS_OF_HITS = "select p.* from hits join catalog_product p on p.id = hits.id where {where} {window}"
EITHER = "select p.* from (({few}) union all ({many})) p {window}"

# Ranking looks at the newest CANDIDATES matches only.
CANDIDATES = 500
RECENT_MATCHES = """recent as materialized (
    select p.id, {rank} as rank from {newest}
    where {where} order by p.created_at desc, p.id desc limit {candidates}
)"""
WORD_CANDIDATES = """candidate as materialized (
    select id, rank from recent where (select count(*) from recent) = {candidates}
    union all (
        select p.id, {rank} from catalog_product p where {where} and (select count(*) from recent) < {candidates}
        order by p.created_at desc, p.id desc limit {candidates}
    )
)"""
FUZZY_CANDIDATES = """candidate as materialized (
    select p.id, {rank} as rank from catalog_product p where {where}
    order by p.created_at desc, p.id desc limit {candidates}
)"""


def keyset_of(ordering: str, *, fuzzy: bool) -> Keyset:
    """The order of a list. That of a fuzzy search has another name, so that a cursor says which search it goes on."""
    keyset = ORDERINGS[ordering]
    return replace(keyset, columns=tuple(f"~{column}" for column in keyset.columns)) if fuzzy else keyset


def read_place(selection: Selection, ordering: str, cursor: str | None) -> tuple[Selection, Cursor | None]:
    """Where a page begins, and whether it goes on a fuzzy search. Refuses a cursor that is not ours."""
    if cursor is None:
        return selection, None
    try:
        return selection, decode_cursor(keyset_of(ordering, fuzzy=False), cursor)
    except Invalid:
        if not selection.search:
            raise
        return selection.misspelt(), decode_cursor(keyset_of(ordering, fuzzy=True), cursor)


def read_page(
    selection: Selection, *, ordering: str, rows: int, cursor: Cursor | None = None, details: bool = True
) -> list[Any]:
    """Up to `rows` products from the cursor on, in its direction. Without `details` variants and images stay away."""
    keyset = ORDERINGS[ordering]
    params = selection.params
    backwards = cursor is not None and cursor.backwards
    direction = "desc" if keyset.descending != backwards else "asc"
    keys = [f"p.{column}" for column in keyset.columns]
    order = "order by " + ", ".join(f"{key} {direction}" for key in keys)
    after = ""
    if cursor is not None:
        values = [f"%(key{place})s::{CASTS[kind]}" for place, kind in enumerate(keyset.types)]
        after = f" and ({', '.join(keys)}) {'<' if direction == 'desc' else '>'} ({', '.join(values)})"
        params |= {f"key{place}": value for place, value in enumerate(cursor.key)}
    window, article = f"{order} limit {rows}", ARTICLE.format(variants=VARIANTS if details else "null")
    if selection.in_stock is None or selection.search:
        prelude, found = find_rows(selection, ordering, after, window)
    else:
        prelude, found = selection.prelude, walk(selection, after, window, article)
        article = ARTICLE_OF_ROWS
    sql = PRODUCTS.format(
        prelude=with_clause(prelude),
        description=SHORT_DESCRIPTION,
        images=IMAGES if details else "null",
        rank="p.rank" if ordering == "relevance" else "null",
        rows=found,
        article=article,
        order=order,
    )
    return fetch(sql, params, fuzzy=selection.fuzzy)


def find_rows(selection: Selection, ordering: str, after: str, window: str) -> tuple[list[str], str]:
    """The statement that finds the products of a page, and the WITH parts that it relies on."""
    prelude = selection.prelude
    if ordering == "relevance":
        page = RANKED_PAGE.format(after=after, window=window)
        return [*prelude, *candidates_of(selection), page], RANKED_ROWS
    if not selection.search:
        return prelude, walk(selection, after, window)
    hits = ROWS_OF_HITS.format(where=selection.filters + after, window=window)
    if selection.fuzzy:
        return [*prelude, HITS.format(match=selection.match, rare="true")], hits
    sample = SAMPLE.format(newest=newest(selection), match=selection.match, frequent=FREQUENT)
    frequency = "(select count(*) from sample)"
    prelude = [*prelude, sample, HITS.format(match=selection.match, rare=f"{frequency} < {FREQUENT}")]
    # Hidden in a function, the match is no invitation to ask its index here.
    many = walk(selection, f" and coalesce({selection.match}, false) and {frequency} = {FREQUENT}{after}", window)
    return prelude, EITHER.format(few=hits, many=many, window=window)


def newest(selection: Selection) -> str:
    return NEWEST.format(status=selection.conditions[0], recent=RECENT)


def walk(selection: Selection, after: str, window: str, article: str = "") -> str:
    """The products in their order, by an index that has it; with `article` they bring its columns along."""
    rows, conditions = ROWS, selection.conditions
    if article:
        rows, conditions = STOCKED_ROWS, selection.conditions_by("article.in_stock")
    if selection.category is None:
        return rows.format(article=article, where=" and ".join(conditions) + after, window=window)
    # Each category of the subtree gives its first rows by its own index; the page is among them.
    where = " and ".join(["p.category_id = tree.id", *conditions]) + after
    return ROWS_OF_TREE.format(rows=rows.format(article=article, where=where, window=window), window=window)


def candidates_of(selection: Selection) -> list[str]:
    parts = [FUZZY_CANDIDATES] if selection.fuzzy else [RECENT_MATCHES, WORD_CANDIDATES]
    names = {
        "rank": selection.rank,
        "where": selection.where,
        "newest": newest(selection),
        "candidates": CANDIDATES,
    }
    return [part.format(**names) for part in parts]


def read_product(*, product_id: int | None = None, slug: str = "", any_status: bool = False) -> Any:
    """One product by id or slug as a row, or None. `any_status` shows what is not for sale too."""
    rows = fetch(product_statement(product_id is None, any_status), {"id": product_id, "slug": slug})
    return rows[0] if rows else None


@cache
def product_statement(by_slug: bool, any_status: bool) -> str:
    conditions = ["p.slug = %(slug)s::text" if by_slug else "p.id = %(id)s::bigint"]
    if not any_status:
        conditions.append(f"p.status = '{Product.Status.ACTIVE}'")
    return PRODUCTS.format(
        prelude="",
        description="p.description",
        images=IMAGES,
        rank="null",
        rows=ROWS.format(where=" and ".join(conditions), window=""),
        article=ARTICLE.format(variants=VARIANTS),
        order="",
    )
