"""Product pages, read by one hand-written statement each: what the storefront asks for all day.

A page is found first, by an index, and only its rows are joined with their category, variants, stock and pictures.
The plain way of saying the same is ProductSerializer over prefetched rows (tests/plain.py); a test compares the bytes.

`quantity` of a variant is what lies there unsold: on hand minus reserved over all active warehouses, and never below 0.
`quantity` of a product is the sum over its variants, so that what is owed of one of them takes nothing from another.
"""

from collections.abc import Collection, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from api.pagination import Cursor, Keyset, Page, cut_page, decode_cursor
from catalog.listing import search
from catalog.listing.conditions import CASTS, ROWS, Selection, numbered, with_clause
from database.expensive import expensive_work
from database.refusals import Invalid
from database.rows import fetch_rows
from inventory.quantities import UNSOLD

# What a row may have beside its own columns.
DETAILS = frozenset({"variants", "images"})
ORDERINGS = {
    "newest": Keyset(("created_at", "id"), (datetime, int), descending=True),
    "price": Keyset(("price_from", "id"), (Decimal, int)),
    "-price": Keyset(("price_from", "id"), (Decimal, int), descending=True),
    "name": Keyset(("sort_name", "id"), (str, int)),
    "-name": Keyset(("sort_name", "id"), (str, int), descending=True),
    "relevance": Keyset(("rank", "id"), (Decimal, int), descending=True),
}


class ProductRow(NamedTuple):
    """A product as a statement reads it. A field is the column of its name, unless EXPRESSIONS says otherwise.

    `attributes`, `option_axes`, `variants` and `images` are JSON. The latter two are None where they are not asked for.
    `beside_price` is JSON too, of what the cheapest variant says beside its price; None, as mostly, if that is nothing.
    `tax_class` is read of a single product for editors; else it is None. Only a ranked search has a `rank`, and only a
    list by name has a `sort_name`.
    """

    id: int
    name: str
    slug: str
    description: str
    sku: str
    brand: str
    price: str
    price_from: str
    price_to: str
    beside_price: str | None
    tax_class: str | None
    quantity: int
    in_stock: bool
    category_slug: str | None
    category_name: str | None
    attributes: str
    option_axes: str
    variants: str | None
    images: str | None
    status: str
    version: int
    created_at: datetime
    updated_at: datetime
    rank: Decimal | None
    sort_name: str | None


class ImageRow(NamedTuple):
    """A picture as it stands in ProductRow.images: a JSON array of these columns."""

    id: int
    stem: str
    alt: str
    position: int
    variant_id: int | None
    width: int
    height: int
    version: int


EXPRESSIONS = {
    "description": "{description}",
    "sku": "article.sku",
    "price": "p.price::text",
    "price_from": "p.price_from::text",
    "price_to": "p.price_to::text",
    "beside_price": "p.beside_price::text",
    "tax_class": "{tax_class}",
    "quantity": "article.quantity",
    "in_stock": "article.in_stock",
    "category_slug": "c.slug",
    "category_name": "c.name",
    "attributes": "p.attributes::text",
    "option_axes": "p.option_axes::text",
    "variants": "article.variants",
    "images": "{images}",
    "rank": "{rank}",
    "sort_name": "{sort_name}",
}
# Counting characters is what costs: most descriptions are short enough in bytes (a seventh of a page's statement).
SHORT_DESCRIPTION = "case when octet_length(p.description) <= 240 then p.description else left(p.description, 240) end"
REDUCED = "case when v.compare_at_price > coalesce(v.price, p.price) then v.{}::text end"
# `row_to_json` writes no blanks, as orjson does not, so that the text of most variants goes into an answer as it is.
VARIANT = f"""row_to_json((select variant from (select
    v.id as variant_id, i.sku, v.name, v.options, coalesce(v.price, p.price)::text as price,
    {REDUCED.format("compare_at_price")} as compare_at_price,
    {REDUCED.format("lowest_price_30d")} as lowest_price_30d,
    null as unit_price, v.unit_measure, v.weight_g,
    s.quantity as stock_quantity, i.in_stock, v.max_per_customer, v.position, v.version) variant))::text"""  # noqa: S608
VARIANTS = f"'[' || string_agg({VARIANT}, ',' order by v.position, v.id) || ']'"
IMAGES = f"""(
    select coalesce(json_agg(json_build_array({", ".join(ImageRow._fields)}) order by position, id)::text, '[]')
    from catalog_image where product_id = p.id)"""  # noqa: S608  # columns of our own
COLUMNS = ", ".join(EXPRESSIONS.get(name, f"p.{name}") for name in ProductRow._fields)
PRODUCTS = f"""
{{prelude}}
select {COLUMNS}
from ({{rows}}) p
left join catalog_category c on c.id = p.category_id
{{article}}
{{order}}
"""  # noqa: S608  # columns of our own
# What is not in stock has nothing unsold, so its levels are not looked at: a list of what is in stock may pass by many.
ARTICLE = f"""cross join lateral (
    select (array_agg(i.sku order by v.position, v.id))[1] as sku, coalesce(sum(s.quantity), 0)::bigint as quantity,
           coalesce(bool_or(i.in_stock), false) as in_stock, {{variants}} as variants
    from catalog_variant v
    join inventory_stockitem i on i.id = v.stock_item_id
    cross join lateral (
        select greatest(coalesce(sum({UNSOLD}), 0), 0) as quantity
        from inventory_stocklevel level
        where i.in_stock and level.item_id = i.id
            and level.warehouse_id = any(array(select id from inventory_warehouse where is_active))
    ) s
    where v.product_id = p.id and v.archived_at is null
) article"""  # noqa: S608  # an expression of our own
# The same columns, where the rows have brought them along.
ARTICLE_OF_ROWS = "cross join lateral (select p.sku, p.quantity, p.in_stock, p.variants) article"


@dataclass(frozen=True)
class Listing:
    """A page of a list. `selection` is what was found in the end, perhaps by a fuzzy search; `keyset` is its order."""

    page: Page
    selection: Selection
    keyset: Keyset


def find_page(
    selection: Selection,
    *,
    ordering: str | None,
    size: int,
    cursor: str | None = None,
    details: Collection[str] = DETAILS,
) -> Listing:
    """A page of products. A search that finds nothing is tried once more by a wider query.

    Without an `ordering` the best matches of a search come first, and else the newest products. Refuses a cursor that
    is not ours, and UnknownCategory. `details` names those of DETAILS that the rows have.
    """
    if not selection.search and ordering in (None, "relevance"):
        ordering = "newest"
    ordering = ordering or "relevance"
    selection, place = read_place(selection, ordering, cursor)
    read = partial(read_page, ordering=ordering, rows=size + 1, cursor=place, details=details)
    rows = [] if is_expensive(selection, ordering) else read(selection, bounded=True)
    if not rows and is_expensive(selection, ordering, empty=True):
        with expensive_work():
            rows = read(selection)
            if not rows and place is None and selection.search:
                selection = selection.misspelt()
                rows = read(selection)
    if selection.categories and (not rows or len(selection.categories) > 1):
        selection.refuse_unknown_categories()
    page = cut_page(rows, size, place, attrgetter(*ORDERINGS[ordering].columns))
    return Listing(page, selection, keyset_of(ordering, fuzzy=selection.fuzzy))


def is_expensive(selection: Selection, ordering: str, *, empty: bool = False) -> bool:
    """Whether a page can make its statement look at every product there is, for a frequent word or in each category.

    The best matches of a search alone are found quickly, unless there is none or too many: `empty` says so.
    """
    if not selection.search:
        return bool(selection.categories) and "sort_name" in ORDERINGS[ordering].columns
    return empty or selection.is_narrowed or selection.fuzzy or ordering != "relevance"


def keyset_of(ordering: str, *, fuzzy: bool) -> Keyset:
    """The order of a list. A fuzzy search has another name for it, so that a cursor says which search it goes on."""
    keyset = ORDERINGS[ordering]
    return replace(keyset, columns=tuple(f"~{column}" for column in keyset.columns)) if fuzzy else keyset


def read_place(selection: Selection, ordering: str, cursor: str | None) -> tuple[Selection, Cursor | None]:
    """Where a page begins, and the selection that it goes on with. Refuses a cursor that is not ours."""
    if cursor is None:
        return selection, None
    try:
        return selection, decode_cursor(keyset_of(ordering, fuzzy=False), cursor)
    except Invalid:
        if not selection.search:
            raise
        return selection.misspelt(), decode_cursor(keyset_of(ordering, fuzzy=True), cursor)


def read_page(
    selection: Selection,
    *,
    ordering: str,
    rows: int,
    cursor: Cursor | None = None,
    details: Collection[str] = DETAILS,
    bounded: bool = False,
) -> list[ProductRow]:
    """Up to `rows` products from the cursor on, in its direction; none where a `bounded` search finds too many."""
    window = Window(ordering, cursor is not None, cursor is not None and cursor.backwards, rows, frozenset(details))
    params = selection.params
    if cursor is not None:
        params |= numbered("key", cursor.key)

    def fetch(sql: str) -> list[ProductRow]:
        return list(map(ProductRow._make, fetch_rows(sql, params)))

    if selection.search:
        return fetch(page_statement(selection, window, bounded=bounded))
    found = fetch(kept_statement(selection, window))
    if selection.in_stock is None or all(row.in_stock == selection.in_stock for row in found):
        return found
    with expensive_work():
        return fetch(kept_statement(selection, window, whole=True))


class Window(NamedTuple):
    """What a page's statement depends on beside its selection. `follows` says that it begins at a cursor."""

    ordering: str
    follows: bool
    backwards: bool
    rows: int
    details: frozenset[str]


MAX_STATEMENTS = 256
# Threads share it without a lock: losing a statement costs making it once more.
_statements: dict[Hashable, str] = {}


def kept_statement(selection: Selection, window: Window, *, whole: bool = False) -> str:
    """The statement of a page without a search. It is made once for all values, which saves 5 % of a filtered list."""
    key = (selection.shape, window, whole)
    sql = _statements.get(key)
    if sql is None:
        if len(_statements) >= MAX_STATEMENTS:
            _statements.clear()
        sql = _statements[key] = page_statement(selection, window, whole=whole)
    return sql


def page_statement(selection: Selection, window: Window, *, bounded: bool = False, whole: bool = False) -> str:
    """The statement of a page. A `whole` one knows all that is in stock, and so passes by as many as it must."""
    ordering = window.ordering
    keyset = ORDERINGS[ordering]
    direction = "desc" if keyset.descending != window.backwards else "asc"
    keys = [f"p.{column}" for column in keyset.columns]
    order = "order by " + ", ".join(f"{key} {direction}" for key in keys)
    after, limit = "", f"limit {window.rows}"
    if window.follows:
        values = [f"%(key{place})s::{CASTS[kind]}" for place, kind in enumerate(keyset.types)]
        after = f" and ({', '.join(keys)}) {'<' if direction == 'desc' else '>'} ({', '.join(values)})"
    prelude, article = selection.prelude, ARTICLE.format(variants=VARIANTS if "variants" in window.details else "null")
    if ordering == "relevance":
        prelude, rows = search.ranked_rows(selection, after, f"{order} {limit}", bounded=bounded)
    elif selection.search:
        prelude, rows = search.found_rows(selection, after, order, limit)
    elif whole or is_expensive(selection, ordering):
        rows = ROWS.format(where=selection.filters + after, window=f"{order} {limit}")
    elif selection.in_stock is None:
        rows = selection.walk(after, order, limit)
    else:
        rows, article = selection.walk(after, order, limit, article), ARTICLE_OF_ROWS
    return PRODUCTS.format(
        prelude=with_clause(prelude),
        description=SHORT_DESCRIPTION,
        images=IMAGES if "images" in window.details else "null",
        rank="p.rank" if ordering == "relevance" else "null",
        tax_class="null",
        sort_name="p.sort_name" if "sort_name" in keyset.columns else "null",
        rows=rows,
        article=article,
        order=order,
    )
