"""The catalog in the background: prices that were planned, people who wait for articles, and words that follow other
rules than before.
"""

import logging
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from procrastinate.contrib.django import app

from catalog import services
from catalog.models import StockNotification
from database.refusals import Refusal
from events import mails
from events.actors import WORKER

logger = logging.getLogger(__name__)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="settle_planned_prices")
def settle_planned_prices(timestamp: int) -> None:
    """Begin and end the planned prices whose time has come. Late by as long as no worker has run.

    A product that cannot be written now is left to the next minute, and keeps no other one waiting.
    """
    refused: set[int] = set()
    while due := [product_id for product_id in services.due_products() if product_id not in refused]:
        for product_id in due:
            try:
                services.settle_planned_prices(product_id=product_id, actor=WORKER)
            except Refusal as refusal:
                refused.add(product_id)
                logger.warning("planned prices of product %s: %s", product_id, refusal.detail)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="find_words_anew")
def find_words_anew(timestamp: int) -> None:
    """Find the words of products anew after an upgrade or another SEARCH_LANGUAGE. The next job goes on from there."""
    services.find_words_anew(seconds=settings.JOB_TIMEOUT_SECONDS / 4)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="tell_waiting")
def tell_waiting(timestamp: int) -> None:
    """Find who waits for an article that can be ordered by now, whatever has made it so: goods, a status, a setting."""
    while services.tell_waiting(actor=WORKER):
        pass


@app.periodic(cron="43 3 * * *")
@app.task(queueing_lock="delete_old_notifications")
def delete_old_notifications(timestamp: int) -> None:
    """Delete wishes that have expired, that were fulfilled, and that nobody has confirmed."""
    services.delete_old_notifications()


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_notification_link(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail an email the link by which it waits for an article. Nothing is mailed to one that has confirmed it."""
    rows = StockNotification.objects.open().filter(user=None, confirmed_at=None)
    row = rows.select_related("variant__product").filter(pk=payload["notification_id"]).first()
    if row is None:
        return
    context = {"variant": row.variant, "link": link_of(row, "confirm"), "days": settings.EMAIL_CONFIRM_DAYS}
    mails.send_once(f"{kind}:{event_id}", "stock_notification_confirmation", context, to=[row.email])


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_back_in_stock(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Tell those who were claimed that their article can be ordered again, the oldest first, each in a mail of its own.

    Where it has sold out again before the mail was sent, the person waits on.
    """
    rows = StockNotification.objects.filter(pk__in=payload["notification_ids"]).order_by("pk")
    failure = None
    for row in rows.select_related("user", "variant__product", "variant__stock_item"):
        key = f"{kind}:{row.pk}"  # once for each row, whichever event says so
        this = StockNotification.objects.filter(pk=row.pk, told_at=None)
        if row.told_at is None and not row.variant.stock_item.in_stock and not mails.was_sent(key):
            this.update(claimed_at=None)
            continue
        link = settings.PRODUCT_URL.format(slug=row.variant.product.slug)
        context = {"variant": row.variant, "link": link, "cancel": link_of(row, "cancel")}
        try:
            mails.send_once(key, "back_in_stock", context, to=[row.address])
        except mails.NotSent as error:  # the others are told all the same
            failure = error
        else:
            this.update(told_at=Now())
    if failure is not None:
        raise failure


def link_of(row: StockNotification, action: str) -> str:
    """The storefront's page that confirms a wish, or takes it back."""
    return str(settings.STOCK_NOTIFICATION_URL.format(action=action, token=row.token))
