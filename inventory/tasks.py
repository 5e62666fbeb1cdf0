"""Stock in the background: overdue holds, and the staff's daily digest."""

from datetime import UTC, datetime

from django.conf import settings
from django.db.models import F, QuerySet, Sum
from procrastinate.contrib.django import app

from events import mails
from events.actors import WORKER
from inventory import services
from inventory.models import StockAlert, StockLevel

DIGEST_ROWS = 200


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="expire_holds")
def expire_holds(timestamp: int) -> None:
    """Release holds that are past their time. Hygiene: when stock is short, the writer sweeps by itself."""
    while services.expire_holds(actor=WORKER):
        pass


@app.periodic(cron=settings.STOCK_DIGEST_CRON)
@app.task(queueing_lock="mail_stock_digest", retry=mails.RETRY)
def mail_stock_digest(timestamp: int) -> None:
    """Mail the staff what is out of stock and what is low, once a day, if there is anything to say."""
    alerts = StockAlert.objects.filter(closed_at=None)
    total = alerts.count()
    if not total or not settings.STAFF_EMAILS:
        return
    day = datetime.fromtimestamp(timestamp, UTC).date()
    bands = [
        (band.label, rows)
        for band in StockAlert.Band
        if (rows := describe(alerts.filter(band=band).select_related("item").order_by("item__sku")[:DIGEST_ROWS]))
    ]
    left_out = total - sum(len(rows) for _, rows in bands)
    context = {"day": day, "bands": bands, "total": total, "left_out": left_out}
    mails.send_once(f"stock.digest:{day}", "stock_digest", context, to=settings.STAFF_EMAILS)


def describe(alerts: QuerySet[StockAlert]) -> list[dict[str, object]]:
    """The alerts with what can be promised right now, which may have changed since they were opened."""
    found = list(alerts)
    available = dict(
        StockLevel.objects.filter(item_id__in=[alert.item_id for alert in found], warehouse__is_active=True)
        .values("item_id")
        .annotate(total=Sum(F("on_hand") + F("backorder_limit") - F("reserved")))
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
