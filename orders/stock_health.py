"""How the shop stands: stock joined with what it is sold as, for the health endpoint and the low-stock report.

Each of the two reads everything in one statement, from the replica where there is one. The quantity is what lies unsold
in active warehouses; units that may be promised before they are there do not make a shelf full.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from inventory.bands import ALERTING, Band, standings
from orders.articles import PRICE
from orders.reports import fetch

# Each article by itself is out, low or well stocked. A product is in the band of its worst article, the one with the
# fewest units if there are several, and has the quantity of all of them.
STOCK_CHECK = """
with product as (
    select v.product_id, sum(s.quantity)::bigint as quantity, sum(s.quantity * {price}) as value,
           min(array[array_position(%(scale)s::text[], s.band), s.quantity, s.item_id]) as worst
    from ({standings}) s
    join catalog_variant v on v.stock_item_id = s.item_id
    join catalog_product p on p.id = v.product_id
    where s.band is not null
    group by v.product_id
), matching as materialized (
    select product_id, quantity, value, band, worst[2] as worst_quantity, worst[3] as worst_item
    from product, lateral (select (%(scale)s::text[])[worst[1]] as band) banded
    where (%(bands)s::text[] is null or band = any (%(bands)s::text[]))
        and (%(min_stock)s::bigint is null or quantity >= %(min_stock)s::bigint)
        and (%(max_stock)s::bigint is null or quantity <= %(max_stock)s::bigint)
)
select count(*), {counts}, coalesce(sum(value), 0), {lists}
from matching
"""
# The worst rows of a list, as JSON. Their names are read for these rows alone.
LIST = """
(select coalesce(array_to_json(array_agg(r order by r.stock_quantity, r.product_id)), '[]')::text from (
    select p.id as product_id, p.name, (
               select i.sku from catalog_variant v join inventory_stockitem i on i.id = v.stock_item_id
               where v.product_id = p.id and v.archived_at is null order by v.position, v.id limit 1) as sku,
           m.quantity as stock_quantity, p.price::text, m.value::text as stock_value, m.band,
           (select i.sku from inventory_stockitem i where i.id = m.worst_item) as worst_sku, m.worst_quantity
    from (select * from matching where {condition} order by quantity, product_id limit %(rows)s::int) m
    join catalog_product p on p.id = m.product_id) r)
"""
# The lists. A product of which anything is there is available, whatever its worst article.
CONDITIONS = {
    "available": "quantity > 0",
    "low": "band in ('critical', 'low')",
    "out_of_stock": "band = 'out_of_stock'",
    "critical": "band = 'critical'",
    "medium": "band = 'medium'",
    "high": "band = 'high'",
}
COUNTS = ", ".join(f"count(*) filter (where {condition})" for condition in CONDITIONS.values())
LISTS = ", ".join(LIST.format(condition=condition) for condition in CONDITIONS.values())


class Stock(NamedTuple):
    """The products for sale, counted, and the JSON of the worst of each list, both as CONDITIONS names them."""

    total_products: int
    products_with_stock: int
    products_low_stock: int
    products_out_of_stock: int
    products_critical_stock: int
    products_medium_stock: int
    products_high_stock: int
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


@dataclass(frozen=True, slots=True)
class Listed:
    """How many products belong in a list, and whether the list was cut before all of them."""

    count: int
    truncated: bool


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
    limit: int
    status: str = "healthy"

    @property
    def lists(self) -> dict[str, Listed]:
        """How long each list would be without the limit, and whether it was cut."""
        counts = {
            "available_stock": self.stock.products_with_stock,
            "low_stock": self.stock.products_low_stock,
            "out_of_stock": self.stock.products_out_of_stock,
            "high_stock": self.stock.products_high_stock,
            "medium_stock": self.stock.products_medium_stock,
            "critical_stock": self.stock.products_critical_stock,
        }
        return {name: Listed(count, count > self.limit) for name, count in counts.items()}

    @property
    def truncated(self) -> bool:
        """Whether any list was cut."""
        return any(listed.truncated for listed in self.lists.values())

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
    # What is available is a matter of the quantity, as in CONDITIONS; the others are bands.
    bands = {None: None, "available": None, "low": [Band.CRITICAL.value, Band.LOW.value]}.get(category, [category])
    least = max(min_stock or 0, 1) if category == "available" else min_stock
    sql = STOCK_CHECK.format(standings=standings(), price=PRICE, counts=COUNTS, lists=LISTS)
    params = {
        "scale": Band.values,
        "bands": bands,
        "min_stock": least,
        "max_stock": max_stock,
        "rows": limit,
    }
    [stock] = fetch(Stock, sql, params)
    return StockCheck(stock, StockFilters(category, min_stock, max_stock), datetime.now(UTC), limit)


LOW_ARTICLES = """
with recursive tree as (
    select id from catalog_category where slug = %(category)s::text
    union all
    select c.id from catalog_category c join tree on c.parent_id = tree.id
)
select i.sku, p.name, v.name, coalesce(c.name, ''), s.on_hand, s.reserved, s.quantity, i.reorder_point,
       i.reorder_quantity, s.band
from ({standings}) s
join inventory_stockitem i on i.id = s.item_id
join catalog_variant v on v.stock_item_id = i.id
join catalog_product p on p.id = v.product_id
left join catalog_category c on c.id = p.category_id
where s.band = any(%(bands)s::text[]) and (%(category)s::text is null or p.category_id in (select id from tree))
    and (%(warehouse)s::text is null or exists (
        select from inventory_stocklevel l join inventory_warehouse w on w.id = l.warehouse_id
        where l.item_id = i.id and lower(w.code) = lower(%(warehouse)s::text) and w.is_active))
order by s.quantity, i.sku
"""
IN_WAREHOUSE = "and lower(warehouse.code) = lower(%(warehouse)s::text)"


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
    band: str


def low_articles(*, category: str | None = None, warehouse: str | None = None) -> list[LowArticle]:
    """The SKUs for sale that are low or out, worst first; in one category and below it.

    With a warehouse, the SKUs that have a shelf there, by what lies unsold there alone.
    """
    bands = [band.value for band in ALERTING]
    sql = LOW_ARTICLES.format(standings=standings(here=IN_WAREHOUSE if warehouse else ""))
    return fetch(LowArticle, sql, {"category": category, "warehouse": warehouse, "bands": bands})
