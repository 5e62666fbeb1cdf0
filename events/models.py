"""The journal: what happened, who did it and through which channel. It is outbox and audit trail in one table."""

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """One fact, written in the transaction that made it true.

    `position` is its place in the feed. The dispatcher gives it after the commit, so positions have no holes that
    fill later, and a reader who has seen position n has seen everything before it.
    """

    position = models.BigIntegerField(null=True, unique=True, editable=False)
    kind = models.CharField(max_length=64)
    subject = models.CharField(max_length=100, help_text='What it is about: "order:17", "product:3", "sku:MUG-1".')
    payload = models.JSONField(default=dict)
    actor = models.CharField(max_length=64)
    channel = models.CharField(max_length=16)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(position=None), name="event_undispatched"),
            models.Index(fields=["subject", "id"], name="event_subject"),
            models.Index(fields=["actor", "id"], name="event_actor"),
            models.Index(fields=["kind", "id"], name="event_kind"),
            # For the audit. Orders, which come through the API all day, do not pay for it.
            models.Index(fields=["channel", "id"], condition=~models.Q(channel="api"), name="event_seldom_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class SentMail(models.Model):
    """The claim that one mail is sent by one worker only, and afterwards the record that it was.

    Whoever sets `claimed_at` sends. It is empty again after a failed attempt; a claim that stays without `sent_at`
    belongs to a worker that died, and is taken over (events.mails). `message_id` stays the same through all attempts.
    """

    key = models.CharField(max_length=150, unique=True)
    message_id = models.CharField(max_length=200)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.key
