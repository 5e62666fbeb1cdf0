"""Stock in the background: overdue holds, and the staff's daily digest."""

from datetime import UTC, datetime

from django.conf import settings
from django.db.models import QuerySet, Sum
from procrastinate.contrib.django import app

from database.days import day_of
from events import mails
from events.actors import WORKER
from inventory import services
from inventory.models import StockAlert, StockLevel
from inventory.quantities import available_units

DIGEST_ROWS = 200


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="expire_holds")
def expire_holds(timestamp: int) -> None:
    """Expire holds that are past their time. Hygiene: when an item is short, `reserve` expires its overdue holds."""
    while services.expire_holds(actor=WORKER):
        pass


@app.periodic(cron=settings.STOCK_DIGEST_CRON)
@app.task(queue=mails.QUEUE, queueing_lock="mail_stock_digest", retry=mails.RETRY)
def mail_stock_digest(timestamp: int) -> None:
    """Mail the staff the items that are out of stock or low, once a day, if there are any."""
    alerts = StockAlert.objects.filter(closed_at=None)
    total = alerts.count()
    if not total or not settings.STAFF_EMAILS:
        return
    day = day_of(datetime.fromtimestamp(timestamp, UTC))
    bands = [
        (band.label, rows)
        for band in StockAlert.Band
        if (rows := describe(alerts.filter(band=band).select_related("item").order_by("item__sku")[:DIGEST_ROWS]))
    ]
    left_out = total - sum(len(rows) for _, rows in bands)
    context = {"day": day, "bands": bands, "total": total, "left_out": left_out}
    mails.send_once(f"stock.digest:{day}", "stock_digest", context, to=settings.STAFF_EMAILS)


def describe(alerts: QuerySet[StockAlert]) -> list[dict[str, object]]:
    """The alerts with the units that can be promised now. These may have changed since the alerts were opened."""
    found = list(alerts)
    available = dict(
        StockLevel.objects.filter(item_id__in=[alert.item_id for alert in found], warehouse__is_active=True)
        .values("item_id")
        .annotate(total=Sum(available_units))
        .values_list("item_id", "total")
    )
    return [
        {
            "sku": alert.item.sku,
            "name": alert.item.name,
            "available": available.get(alert.item_id, 0),
            "reorder_quantity": alert.item.reorder_quantity,
            "opened_at": alert.opened_at,
        }
        for alert in found
    ]
