"""Background jobs of the pages of staff: forgetting posted forms."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from procrastinate.contrib.django import app

from database.rows import delete_in_batches
from staff.models import PostedForm


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="purge_posted_forms")
def purge_posted_forms(timestamp: int) -> None:
    """Delete the record of forms that were posted more than IDEMPOTENCY_KEY_DAYS ago."""
    oldest = timezone.now() - timedelta(days=settings.IDEMPOTENCY_KEY_DAYS)
    delete_in_batches(PostedForm.objects.filter(posted_at__lt=oldest))
