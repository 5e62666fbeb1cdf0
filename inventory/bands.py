"""Bands of stock: out, critical, low, medium, high. The lines are settings; an item may have a low line of its own."""

from django.conf import settings
from django.db.models import TextChoices


class Band(TextChoices):
    """How well an item is stocked."""

    OUT_OF_STOCK = "out_of_stock"
    CRITICAL = "critical"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class AlertBand(TextChoices):
    """The bands that open an alert, the worst first."""

    OUT_OF_STOCK = "out_of_stock"
    CRITICAL = "critical"
    LOW = "low"


ALERTING = tuple(map(Band, AlertBand))


def low_line(reorder_point: int | None) -> int:
    """The units at or below which an item is low."""
    low: int = settings.STOCK_LOW_MAX
    return low if reorder_point is None else reorder_point


def band_of(available: int, reorder_point: int | None = None) -> Band:
    """The band of a quantity. Critical is a part of low: an item with a small line of its own is critical later."""
    if available <= 0:
        return Band.OUT_OF_STOCK
    if available <= low_line(reorder_point):
        return Band.CRITICAL if available <= settings.STOCK_CRITICAL_MAX else Band.LOW
    return Band.MEDIUM if available <= settings.STOCK_MEDIUM_MAX else Band.HIGH


def band_in_sql(available: str, reorder_point: str) -> str:
    """`band_of` as an expression of SQL over two others. No units (NULL) are out of stock."""
    return f"""case
        when coalesce({available}, 0) <= 0 then 'out_of_stock'
        when {available} <= coalesce({reorder_point}, {settings.STOCK_LOW_MAX:d})
            then case when {available} <= {settings.STOCK_CRITICAL_MAX:d} then 'critical' else 'low' end
        when {available} <= {settings.STOCK_MEDIUM_MAX:d} then 'medium' else 'high' end"""


def closing_line(reorder_point: int | None) -> int:
    """The units at or above which an open alert closes: some over the low line, so that the alert does not flap."""
    hysteresis: int = settings.STOCK_ALERT_HYSTERESIS
    return low_line(reorder_point) + max(1, hysteresis)
