"""Forgetting what the HTTP layer no longer needs."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone
from procrastinate.contrib.django import app

from api.models import IdempotencyKey

DELETE_BATCH = 2_000


def delete_in_batches(rows: QuerySet[Model]) -> int:
    """Delete many rows a few at a time, so that no statement runs long; returns how many."""
    total = 0
    while True:
        deleted, _ = rows.filter(pk__in=rows.values("pk")[:DELETE_BATCH]).delete()
        total += deleted
        if deleted < DELETE_BATCH:
            return total


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="purge_idempotency_keys")
def purge_idempotency_keys(timestamp: int) -> None:
    """Forget the first answers of keys that are too old to be tried again."""
    oldest = timezone.now() - timedelta(days=settings.IDEMPOTENCY_KEY_DAYS)
    delete_in_batches(IdempotencyKey.objects.filter(created_at__lt=oldest))
