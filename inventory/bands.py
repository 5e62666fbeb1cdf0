"""Bands of stock: out, critical, low, medium, high. The lines are settings; an item may have a low line of its own."""

from django.conf import settings
from django.db.models import TextChoices


class Band(TextChoices):
    OUT_OF_STOCK = "out_of_stock"
    CRITICAL = "critical"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


# Worst first.
ALERTING = (Band.OUT_OF_STOCK, Band.CRITICAL, Band.LOW)


def low_line(reorder_point: int | None) -> int:
    """An item is low at or below this."""
    low: int = settings.STOCK_LOW_MAX
    return low if reorder_point is None else reorder_point


def band_of(available: int, reorder_point: int | None = None) -> Band:
    """The band of a quantity. Critical is a part of low: an item with a small line of its own is critical later."""
    if available <= 0:
        return Band.OUT_OF_STOCK
    if available <= low_line(reorder_point):
        return Band.CRITICAL if available <= settings.STOCK_CRITICAL_MAX else Band.LOW
    return Band.MEDIUM if available <= settings.STOCK_MEDIUM_MAX else Band.HIGH


def closing_line(reorder_point: int | None) -> int:
    """An open alert closes at or above this: some units over the low line, so that it does not flap."""
    hysteresis: int = settings.STOCK_ALERT_HYSTERESIS
    return low_line(reorder_point) + max(1, hysteresis)
