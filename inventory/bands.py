"""Bands of stock: out, critical, low, medium, high. The lines are settings; an item may have a low line of its own.

The band of an item follows from three things: the units that lie unsold in active warehouses, the lines, and whether
the item is for sale. What is not for sale has no band. Every list, alert, mail and report takes the band from
`standings`. `band_of` says the same in Python, for the writer of stock, who has the units at hand under the lock.
"""

from django.conf import settings
from django.db.models import TextChoices

from inventory.quantities import AVAILABLE, UNSOLD


class Band(TextChoices):
    """How well an item is stocked."""

    OUT_OF_STOCK = "out_of_stock"
    CRITICAL = "critical"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class AlertBand(TextChoices):
    """The bands in which an item has an open alert, the worst first."""

    OUT_OF_STOCK = "out_of_stock"
    CRITICAL = "critical"
    LOW = "low"


ALERTING = tuple(map(Band, AlertBand))


def low_line(reorder_point: int | None) -> int:
    """The units at or below which an item is low."""
    low: int = settings.STOCK_LOW_MAX
    return low if reorder_point is None else reorder_point


def band_of(quantity: int, reorder_point: int | None = None) -> Band:
    """The band of so many unsold units. Critical is a part of low: an item with a small line is critical later."""
    if quantity <= 0:
        return Band.OUT_OF_STOCK
    if quantity <= low_line(reorder_point):
        return Band.CRITICAL if quantity <= settings.STOCK_CRITICAL_MAX else Band.LOW
    return Band.MEDIUM if quantity <= settings.STOCK_MEDIUM_MAX else Band.HIGH


def band_in_sql(quantity: str, item: str = "item") -> str:
    """The band as an expression of SQL over a quantity and a row of inventory_stockitem; NULL for what is not sold."""
    return f"""case
        when not {item}.is_sold then null
        when {quantity} <= 0 then 'out_of_stock'
        when {quantity} <= coalesce({item}.reorder_point, {settings.STOCK_LOW_MAX:d})
            then case when {quantity} <= {settings.STOCK_CRITICAL_MAX:d} then 'critical' else 'low' end
        when {quantity} <= {settings.STOCK_MEDIUM_MAX:d} then 'medium' else 'high' end"""


SUMS = f"""
select coalesce(sum(level.on_hand), 0)::bigint as on_hand, coalesce(sum(level.reserved), 0)::bigint as reserved,
       greatest(coalesce(sum({UNSOLD}), 0), 0)::bigint as quantity, coalesce(sum({AVAILABLE}), 0)::bigint as available
       {{key}}
from inventory_stocklevel as level
join inventory_warehouse as warehouse on warehouse.id = level.warehouse_id and warehouse.is_active {{here}}
"""  # noqa: S608  # no value goes in, only the texts of sums
# All levels are summed in one pass: a sum for each item by itself would take seconds.
OF_ALL = f"left join ({SUMS} group by level.item_id) as total on total.item_id = item.id"
OF_FEW = f"cross join lateral ({SUMS} where level.item_id = item.id) as total"


def standings(*, few: bool = False, here: str = "") -> str:
    """How every item stands now, as a SELECT: item_id, on_hand, reserved, quantity, available, band.

    `quantity` is what lies unsold, `available` what can still be promised; both are sums over active warehouses.
    `here` narrows the warehouses. The SELECT ends with its FROM, so a WHERE over the row `item` may follow. With `few`
    that WHERE should leave few items.
    """
    key = "" if few else ", level.item_id"
    return f"""
    select item.id as item_id, coalesce(total.on_hand, 0) as on_hand, coalesce(total.reserved, 0) as reserved,
           coalesce(total.quantity, 0) as quantity, coalesce(total.available, 0) as available,
           {band_in_sql("coalesce(total.quantity, 0)")} as band
    from inventory_stockitem as item {(OF_FEW if few else OF_ALL).format(key=key, here=here)}"""  # noqa: S608
