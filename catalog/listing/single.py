"""Single products, read by the same statement as pages, without a window."""

from collections.abc import Collection
from functools import lru_cache

from catalog.exceptions import found
from catalog.listing.conditions import ROWS
from catalog.listing.rows import SHOWN, ProductRow, article_with, product_statement
from catalog.models import Product
from database.rows import fetch_rows


def read_product(
    *,
    product_id: int | None = None,
    slug: str | None = None,
    any_status: bool = False,
    columns: Collection[str] = SHOWN,
) -> ProductRow:
    """One product by its id or its slug. Refuses NotFound. With `any_status` it need not be for sale.

    `columns` names what is read of it; see ProductRow.
    """
    sql = single_statement(slug is not None, any_status, frozenset(columns))
    rows = fetch_rows(sql, {"id": product_id, "slug": slug})
    return ProductRow._make(found(rows[0] if rows else None, "product"))


@lru_cache(maxsize=128)
def single_statement(by_slug: bool, any_status: bool, columns: frozenset[str]) -> str:
    """The statement of read_product. It is made once, which saves 8 of 370 us."""
    conditions = ["p.slug = %(slug)s::text" if by_slug else "p.id = %(id)s::bigint"]
    if not any_status:
        conditions.append(f"p.status = '{Product.Status.ACTIVE}'")
    return product_statement(
        columns,
        rows=ROWS.format(where=" and ".join(conditions), window=""),
        description="p.description",
        article=article_with(columns),
    )
