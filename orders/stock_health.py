"""How the shop stands: stock joined with what it is sold as, for the health endpoint and the low-stock report.

Both are set-based and read everything in one statement, from the replica where there is one. The quantity is what
lies unsold in active warehouses; units that may be promised before they are there do not make a shelf full.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.conf import settings
from django.db import connections

from inventory.bands import Band, band_of

# The quantity of each item. `here` narrows it to one warehouse.
ON_SHELF = """
on_shelf as (
    select l.item_id, greatest(sum(l.on_hand - l.reserved), 0)::bigint as quantity,
           sum(l.on_hand)::bigint as on_hand, sum(l.reserved)::bigint as reserved
    from inventory_stocklevel l join inventory_warehouse w on w.id = l.warehouse_id and w.is_active {here}
    group by l.item_id
)
"""

# A product's quantity is that of all its variants. It is low when that is at or below the shop's line, or, where
# items have reorder points of their own, when one of them has come to its own.
PRODUCTS = """
with {on_shelf}, product as (
    select p.id as product_id, sum(coalesce(s.quantity, 0))::bigint as quantity,
           sum(coalesce(s.quantity, 0) * coalesce(v.price, p.price)) as value,
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
    from product, lateral (select case
        when quantity <= 0 then 'out_of_stock'
        when is_low and quantity <= %(critical_max)s::bigint then 'critical'
        when is_low then 'low'
        when quantity <= %(medium_max)s::bigint then 'medium'
        else 'high' end as band) banded
    where (%(bands)s::text[] is null or band = any (%(bands)s::text[]))
        and (%(min_stock)s::bigint is null or quantity >= %(min_stock)s::bigint)
        and (%(max_stock)s::bigint is null or quantity <= %(max_stock)s::bigint)
)
select count(*), count(*) filter (where quantity > 0), count(*) filter (where band in ('low', 'critical')),
       count(*) filter (where band = 'out_of_stock'), count(*) filter (where band = 'critical'),
       coalesce(sum(value), 0)::numeric(20, 2)::text,
       {lists}
from matching
"""
# The worst rows of a list; what they are called is read for these alone.
LIST = """
(select coalesce(array_to_json(array_agg(r order by r.stock_quantity, r.product_id)), '[]')::text from (
    select p.id as product_id, p.name, (
               select i.sku from catalog_variant v join inventory_stockitem i on i.id = v.stock_item_id
               where v.product_id = p.id and v.archived_at is null order by v.position, v.id limit 1) as sku,
           worst.quantity as stock_quantity, p.price::text, worst.value::numeric(20, 2)::text as stock_value
    from (select * from matching where {condition} order by quantity, product_id limit %(rows)s::int) worst
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
STOCK_CHECK = PRODUCTS.format(
    on_shelf=ON_SHELF.format(here=""),
    lists=", ".join(
        LIST.format(condition="band in ({})".format(", ".join(f"'{band.value}'" for band in bands)))
        for bands in BANDS_OF.values()
    ),
)


def stock_check(
    *, category: str | None = None, min_stock: int | None = None, max_stock: int | None = None, limit: int = 100
) -> dict[str, Any]:
    """Counts and lists by band over the products for sale, worst first. The counts follow the filter, not the limit."""
    params = {
        "bands": category and [band.value for band in BANDS_OF[category]],
        "min_stock": min_stock,
        "max_stock": max_stock,
        "rows": limit,
        "critical_max": settings.STOCK_CRITICAL_MAX,
        "low_max": settings.STOCK_LOW_MAX,
        "medium_max": settings.STOCK_MEDIUM_MAX,
    }
    [(total, with_stock, low, out, critical, value, *lists)] = fetch(STOCK_CHECK, params)
    rows = dict(zip(BANDS_OF, map(orjson.Fragment, lists), strict=True))
    now = datetime.now(UTC)
    return {
        # That of the check itself, which has answered; what it found is in the message and the alerts.
        "status": "healthy",
        "timestamp": now,
        "message": f"{out} of {total} products are out of stock, {low} are low, {critical} of them critical.",
        "stock_summary": {
            "summary": {
                "total_products": total,
                "products_with_stock": with_stock,
                "products_low_stock": low,
                "products_out_of_stock": out,
                "stock_health_percentage": round(100 * with_stock / total, 2) if total else 0.0,
                "total_stock_value": value,
            },
            "stock_categories": {
                "available_stock": rows["available"],
                "low_stock": rows["low"],
                "out_of_stock": rows["out_of_stock"],
            },
            "stock_distribution": {
                "high_stock": rows["high"],
                "medium_stock": rows["medium"],
                "critical_stock": rows["critical"],
            },
            "alerts": {
                "low_stock_alerts": low,
                "out_of_stock_alerts": out,
                "critical_stock_alerts": critical,
            },
            "timestamp": now,
        },
        "filters_applied": {"category": category, "min_stock": min_stock, "max_stock": max_stock},
    }


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
        return band_of(self.stock_quantity, self.reorder_point)


def low_articles(*, category: str | None = None, warehouse: str | None = None) -> list[LowArticle]:
    """The SKUs for sale that are low or out, worst first; in one category and below it, in one warehouse."""
    params = {"category": category, "warehouse": warehouse, "low_max": settings.STOCK_LOW_MAX}
    return [LowArticle(*row) for row in fetch(LOW_IN_WAREHOUSE if warehouse else LOW_ANYWHERE, params)]


def fetch(sql: str, params: dict[str, Any]) -> list[Any]:
    with connections[settings.REPORTS_DATABASE].cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[Any] = cursor.fetchall()
    return rows
