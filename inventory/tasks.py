"""Stock in the background: overdue holds, alerts, and the staff's daily digest."""

from datetime import UTC, datetime
from typing import NamedTuple

from django.conf import settings
from procrastinate.contrib.django import app

from database.days import day_of
from database.rows import fetch_rows
from events import mails
from events.actors import WORKER
from inventory import services
from inventory.bands import AlertBand, standings

DIGEST_ROWS = 200


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="expire_holds")
def expire_holds(timestamp: int) -> None:
    """Expire holds that are past their time. Hygiene: when an item is short, `reserve` expires its overdue holds."""
    while services.expire_holds(actor=WORKER):
        pass


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="settle_alerts")
def settle_alerts(timestamp: int) -> None:
    """Open and close alerts after a change that no verb has made, as of a setting."""
    services.settle_alerts_of_all(actor=WORKER)


LOW_ITEMS = """
select standing.band, item.sku, item.name, standing.available, item.reorder_quantity, alert.opened_at,
       row_number() over (partition by standing.band order by item.sku)
from ({standings}) as standing
join inventory_stockitem as item on item.id = standing.item_id
left join inventory_stockalert as alert on alert.item_id = item.id and alert.closed_at is null
where standing.band = any(%(bands)s::text[])
order by item.sku
"""


class LowItem(NamedTuple):
    """An item that is low or out now, and its place among those of its band."""

    band: str
    sku: str
    name: str
    available: int
    reorder_quantity: int | None
    opened_at: datetime | None
    place: int


@app.periodic(cron=settings.STOCK_DIGEST_CRON)
@app.task(queue=mails.QUEUE, queueing_lock="mail_stock_digest", retry=mails.RETRY)
def mail_stock_digest(timestamp: int) -> None:
    """Mail the staff the items that are out of stock or low now, once a day, if there are any."""
    if not settings.STAFF_EMAILS:
        return
    rows = fetch_rows(LOW_ITEMS.format(standings=standings()), {"bands": AlertBand.values})
    items = [LowItem(*row) for row in rows]
    if not items:
        return
    day = day_of(datetime.fromtimestamp(timestamp, UTC))
    shown = [item for item in items if item.place <= DIGEST_ROWS]
    bands = [
        (band.label, in_band) for band in AlertBand if (in_band := [item for item in shown if item.band == band.value])
    ]
    context = {"day": day, "bands": bands, "total": len(items), "left_out": len(items) - len(shown)}
    mails.send_once(f"stock.digest:{day}", "stock_digest", context, to=settings.STAFF_EMAILS)
