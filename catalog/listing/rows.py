"""What a product is read as, and the statement around the rows that are meant: in pages, and one at a time.

A statement reads the columns that its answer shows. The others are NULL in it, which saves a tenth of a page that is
asked for with few members.

`quantity` of a variant is what lies there unsold: on hand minus reserved over all active warehouses, and never below 0.
`quantity` of a product is the sum over its variants, so that what is owed of one of them takes nothing from another.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from inventory.quantities import UNSOLD


class ProductRow(NamedTuple):
    """A product as a statement reads it. A field is the column of its name, unless EXPRESSIONS says otherwise.

    A column that nobody asked for is None. `attributes`, `option_axes`, `variants` and `images` are JSON, and so is
    `beside_price`: what the cheapest variant says beside its price; None, as mostly, if that is nothing.
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
EXPRESSIONS = {
    "description": "{description}",
    "sku": "article.sku",
    "price": "p.price::text",
    "price_from": "p.price_from::text",
    "price_to": "p.price_to::text",
    "beside_price": "p.beside_price::text",
    "quantity": "article.quantity",
    "in_stock": "article.in_stock",
    "category_slug": "c.slug",
    "category_name": "c.name",
    "attributes": "p.attributes::text",
    "option_axes": "p.option_axes::text",
    "variants": "article.variants",
    "images": IMAGES,
}
# All that a row can be shown with.
SHOWN = frozenset(ProductRow._fields) - {"rank", "sort_name"}
PRODUCTS = """
{prelude}
select {columns}
from ({rows}) p
left join catalog_category c on c.id = p.category_id
{article}
{order}
"""
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


def article_with(columns: Collection[str]) -> str:
    """The join that knows SKU, stock and, if they are among the columns, the variants of a product."""
    return ARTICLE.format(variants=VARIANTS if "variants" in columns else "null")


def product_statement(
    columns: Collection[str], *, rows: str, description: str, article: str, prelude: str = "", order: str = ""
) -> str:
    """The statement of ProductRows with these columns, of the products that the statement `rows` finds.

    `description` is the expression for the column of that name, and `article` the join of article_with, unless the
    rows have brought its columns along.
    """
    expressions = {**EXPRESSIONS, "description": description}
    return PRODUCTS.format(
        prelude=prelude,
        columns=", ".join(
            expressions.get(name, f"p.{name}") if name in columns else "null" for name in ProductRow._fields
        ),
        rows=rows,
        article=article,
        order=order,
    )
