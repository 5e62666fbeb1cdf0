"""How the shop stands: stock joined with what it is sold as, for the health endpoint and the low-stock report.

Each of the two reads everything in one statement, from the replica where there is one. The quantity is what lies unsold
in active warehouses; units that may be promised before they are there do not make a shelf full.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings

from inventory.bands import Band, band_in_sql, band_of
from inventory.quantities import UNSOLD
from orders.articles import PRICE
from orders.reports import fetch

# The quantity of each item. `here` narrows it to one warehouse.
ON_SHELF = f"""
on_shelf as (
    select level.item_id, greatest(sum({UNSOLD}), 0)::bigint as quantity,
           sum(level.on_hand)::bigint as on_hand, sum(level.reserved)::bigint as reserved
    from inventory_stocklevel level
    join inventory_warehouse w on w.id = level.warehouse_id and w.is_active {{here}}
    group by level.item_id
)
"""  # noqa: S608  # no value goes in, only the text above

# The quantity of a product is that of all its variants. The product is low when its quantity is at or below the shop's
# line, or, where items have reorder points of their own, when one of the items has come to its own.
STOCK_CHECK = """
with {on_shelf}, product as (
    select p.id as product_id, sum(coalesce(s.quantity, 0))::bigint as quantity,
           sum(coalesce(s.quantity, 0) * {price}) as value,
           coalesce(bool_or(coalesce(s.quantity, 0) <= i.reorder_point),
                    sum(coalesce(s.quantity, 0)) <= %(low_max)s::bigint) as is_low
    from catalog_product p
    join catalog_variant v on v.product_id = p.id and v.archived_at is null
    join inventory_stockitem i on i.id = v.stock_item_id
    left join on_shelf s on s.item_id = i.id
    where p.status = 'active'
    group by p.id
), matching as materialized (
    select product_id, quantity, value, band
    from product, lateral (select {band} as band) banded
    where (%(bands)s::text[] is null or band = any (%(bands)s::text[]))
        and (%(min_stock)s::bigint is null or quantity >= %(min_stock)s::bigint)
        and (%(max_stock)s::bigint is null or quantity <= %(max_stock)s::bigint)
)
select count(*), count(*) filter (where quantity > 0), count(*) filter (where band in ('low', 'critical')),
       count(*) filter (where band = 'out_of_stock'), count(*) filter (where band = 'critical'),
       coalesce(sum(value), 0),
       {lists}
from matching
"""
# The worst rows of a list, as JSON. Their names are read for these rows alone.
LIST = """
(select coalesce(array_to_json(array_agg(r order by r.stock_quantity, r.product_id)), '[]')::text from (
    select p.id as product_id, p.name, (
               select i.sku from catalog_variant v join inventory_stockitem i on i.id = v.stock_item_id
               where v.product_id = p.id and v.archived_at is null order by v.position, v.id limit 1) as sku,
           worst.quantity as stock_quantity, p.price::text, worst.value::text as stock_value
    from (select * from matching where band in ({bands}) order by quantity, product_id limit %(rows)s::int) worst
    join catalog_product p on p.id = worst.product_id) r)
"""
BANDS_OF = {
    "available": (Band.CRITICAL, Band.LOW, Band.MEDIUM, Band.HIGH),
    "low": (Band.CRITICAL, Band.LOW),
    "out_of_stock": (Band.OUT_OF_STOCK,),
    "critical": (Band.CRITICAL,),
    "medium": (Band.MEDIUM,),
    "high": (Band.HIGH,),
}
LISTS = ", ".join(LIST.format(bands=", ".join(f"'{band.value}'" for band in bands)) for bands in BANDS_OF.values())


class Stock(NamedTuple):
    """The products for sale, counted, and the JSON of the worst of each list. The lists come as BANDS_OF names them."""

    total_products: int
    products_with_stock: int
    products_low_stock: int
    products_out_of_stock: int
    products_critical_stock: int
    total_stock_value: Decimal
    available_stock: str
    low_stock: str
    out_of_stock: str
    critical_stock: str
    medium_stock: str
    high_stock: str

    @property
    def stock_health_percentage(self) -> float:
        """The share of the products that have stock; 0 where there are no products."""
        return round(100 * self.products_with_stock / self.total_products, 2) if self.total_products else 0.0


class StockFilters(NamedTuple):
    """The products that were looked at: those in a band, those with so many units."""

    category: str | None
    min_stock: int | None
    max_stock: int | None


@dataclass(frozen=True, slots=True)
class StockCheck:
    """What a stock check has found at the moment `timestamp`.

    `status` is that of the check itself, which has answered. What the check found is in the message and the counts.
    """

    stock: Stock
    filters_applied: StockFilters
    timestamp: datetime
    status: str = "healthy"

    @property
    def message(self) -> str:
        """The counts in a sentence."""
        return (
            f"{self.stock.products_out_of_stock} of {self.stock.total_products} products are out of stock, "
            f"{self.stock.products_low_stock} are low, {self.stock.products_critical_stock} of them critical."
        )


def stock_check(
    *, category: str | None = None, min_stock: int | None = None, max_stock: int | None = None, limit: int = 100
) -> StockCheck:
    """Counts and lists by band over the products for sale, worst first.

    The filters narrow counts and lists, `limit` each list alone.
    """
    # A product that is low has its quantity for a line, and any other product none that it could be at or below.
    band = band_in_sql("quantity", "case when is_low then quantity else 0 end")
    sql = STOCK_CHECK.format(on_shelf=ON_SHELF.format(here=""), price=PRICE, band=band, lists=LISTS)
    params = {
        "bands": category and [band.value for band in BANDS_OF[category]],
        "min_stock": min_stock,
        "max_stock": max_stock,
        "rows": limit,
        "low_max": settings.STOCK_LOW_MAX,
    }
    [stock] = fetch(Stock, sql, params)
    return StockCheck(stock, StockFilters(category, min_stock, max_stock), datetime.now(UTC))


LOW_ARTICLES = """
with recursive tree as (
    select id from catalog_category where slug = %(category)s::text
    union all
    select c.id from catalog_category c join tree on c.parent_id = tree.id
), {on_shelf}
select i.sku, p.name, v.name, coalesce(c.name, ''), coalesce(s.on_hand, 0), coalesce(s.reserved, 0),
       coalesce(s.quantity, 0), i.reorder_point, i.reorder_quantity
from catalog_variant v
join catalog_product p on p.id = v.product_id and p.status = 'active'
join inventory_stockitem i on i.id = v.stock_item_id
left join catalog_category c on c.id = p.category_id
{join} join on_shelf s on s.item_id = i.id
where v.archived_at is null
    and coalesce(s.quantity, 0) <= coalesce(i.reorder_point, %(low_max)s::bigint)
    and (%(category)s::text is null or p.category_id in (select id from tree))
order by coalesce(s.quantity, 0), i.sku
"""
LOW_ANYWHERE = LOW_ARTICLES.format(on_shelf=ON_SHELF.format(here=""), join="left")
LOW_IN_WAREHOUSE = LOW_ARTICLES.format(on_shelf=ON_SHELF.format(here="and w.code = %(warehouse)s::text"), join="inner")


@dataclass(frozen=True, slots=True)
class LowArticle:
    """One SKU at or below its low line."""

    sku: str
    product: str
    variant: str
    category: str
    on_hand: int
    reserved: int
    stock_quantity: int
    reorder_point: int | None
    reorder_quantity: int | None

    @property
    def band(self) -> Band:
        """The band of the SKU, by its own low line where it has one."""
        return band_of(self.stock_quantity, self.reorder_point)


def low_articles(*, category: str | None = None, warehouse: str | None = None) -> list[LowArticle]:
    """The SKUs for sale that are low or out, worst first; in one category and below it, in one warehouse."""
    params = {"category": category, "warehouse": warehouse, "low_max": settings.STOCK_LOW_MAX}
    return fetch(LowArticle, LOW_IN_WAREHOUSE if warehouse else LOW_ANYWHERE, params)
