"""Forgetting what the HTTP layer no longer needs."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from procrastinate.contrib.django import app

from api.models import IdempotencyKey
from database.rows import delete_in_batches


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="purge_idempotency_keys")
def purge_idempotency_keys(timestamp: int) -> None:
    """Forget the first answers of keys that are too old to be tried again."""
    oldest = timezone.now() - timedelta(days=settings.IDEMPOTENCY_KEY_DAYS)
    delete_in_batches(IdempotencyKey.objects.filter(created_at__lt=oldest))
