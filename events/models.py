"""The journal: what happened, by which actor and through which channel. One table is outbox and audit trail."""

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """One fact, written in the transaction that made it true. Append-only but for its position, set once.

    `position` is the event's place in the feed. The dispatcher gives positions after the commit, so that no event ever
    gets a position below one that is given. A reader who has seen position n has seen all positions before n.
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
            # For the audit. Events of the API's channel, such as orders all day, are not in the index and do not pay.
            models.Index(fields=["channel", "id"], condition=~models.Q(channel="api"), name="event_seldom_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class SentMail(models.Model):
    """A worker's claim on one mail, and afterwards the record that the mail was sent.

    The worker that sets `claimed_at` sends the mail, and empties `claimed_at` after a failed attempt. An old claim
    without `sent_at` belongs to a worker that died, and another worker takes it over (events.mails). All attempts have
    the same `message_id`.
    """

    key = models.CharField(max_length=150, unique=True)
    message_id = models.CharField(max_length=200)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.key


class Seal(models.Model):
    """The digest of 1,000 positions of the journal and of the seal before (events/seals.py). Append-only."""

    last = models.BigIntegerField(primary_key=True)
    digest = models.BinaryField(max_length=32)
    prefixes = models.BinaryField(help_text="The beginnings of the digests of the events, in their sequence.")
    sealed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.last)
