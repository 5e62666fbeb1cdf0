"""The catalog in the background: prices that were planned, and words that follow other rules than before."""

import logging

from django.conf import settings
from procrastinate.contrib.django import app

from catalog import services
from database.refusals import Refusal
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
