"""Background jobs of webhooks: the mail to staff, and what is forgotten."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from procrastinate.contrib.django import app

from database.rows import DELETE_BATCH
from events import mails
from events.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_disabled_webhook(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail the staff that a webhook is told of nothing any more, and why."""
    endpoint = WebhookEndpoint.objects.filter(pk=payload["webhook_id"]).first()
    if endpoint is None or not settings.STAFF_EMAILS:
        return
    context = {"endpoint": endpoint, "reason": payload["reason"]}
    mails.send_once(f"{kind}:{event_id}", "webhook_disabled", context, to=settings.STAFF_EMAILS)


@app.periodic(cron="43 3 * * *")
@app.task(queueing_lock="remove_old_deliveries")
def remove_old_deliveries(timestamp: int) -> None:
    """Forget deliveries after WEBHOOK_KEEP_DAYS, and those of endpoints that were deleted, with the endpoints."""
    old = WebhookDelivery.objects.filter(created_at__lt=timezone.now() - timedelta(days=settings.WEBHOOK_KEEP_DAYS))
    deleted = WebhookEndpoint.objects.filter(state=WebhookEndpoint.State.DELETED)
    for rows in (old, WebhookDelivery.objects.filter(endpoint__in=deleted)):
        while ids := list(rows.values_list("pk", flat=True)[:DELETE_BATCH]):
            WebhookAttempt.objects.filter(delivery__in=ids).delete()
            WebhookDelivery.objects.filter(pk__in=ids).delete()
    deleted.filter(deliveries=None).delete()
