"""Product pages, read by one hand-written statement each: what the storefront asks for all day.

A page is found first, by an index, and only its rows are joined with their category, variants, stock and pictures.
The plain way of saying the same is ProductSerializer over prefetched rows (tests/plain.py); a test compares the bytes.
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
from catalog.listing.rows import ARTICLE_OF_ROWS, SHORT_DESCRIPTION, SHOWN, ProductRow, article_with, product_statement
from database.expensive import expensive_work
from database.refusals import Invalid
from database.rows import fetch_rows

ORDERINGS = {
    "newest": Keyset(("created_at", "id"), (datetime, int), descending=True),
    "price": Keyset(("price_from", "id"), (Decimal, int)),
    "-price": Keyset(("price_from", "id"), (Decimal, int), descending=True),
    "name": Keyset(("sort_name", "id"), (str, int)),
    "-name": Keyset(("sort_name", "id"), (str, int), descending=True),
    "relevance": Keyset(("rank", "id"), (Decimal, int), descending=True),
}


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
    columns: Collection[str] = SHOWN,
) -> Listing:
    """A page of products. A search that finds nothing is tried once more by a wider query.

    Without an `ordering` the best matches of a search come first, and else the newest products. Refuses a cursor that
    is not ours, and UnknownCategory. `columns` names what is read of a row; see ProductRow.
    """
    if not selection.search and ordering in (None, "relevance"):
        ordering = "newest"
    ordering = ordering or "relevance"
    selection, place = read_place(selection, ordering, cursor)
    read = partial(read_page, ordering=ordering, rows=size + 1, cursor=place, columns=columns)
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
    columns: Collection[str] = SHOWN,
    bounded: bool = False,
) -> list[ProductRow]:
    """Up to `rows` products from the cursor on, in its direction; none where a `bounded` search finds too many."""
    columns = frozenset({*columns, *ORDERINGS[ordering].columns, "in_stock"})
    window = Window(ordering, cursor is not None, cursor is not None and cursor.backwards, rows, columns)
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
    columns: frozenset[str]


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
    prelude, article = selection.prelude, article_with(window.columns)
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
    return product_statement(
        window.columns,
        rows=rows,
        description=SHORT_DESCRIPTION,
        prelude=with_clause(prelude),
        article=article,
        order=order,
    )
