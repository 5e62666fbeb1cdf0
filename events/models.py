"""The journal: what happened, by which actor and through which channel. One table is outbox and audit trail."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
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
            # For the events of a time, to be delivered again. They are written in that order, near enough.
            BrinIndex(fields=["at"], pages_per_range=16, autosummarize=True, name="event_at"),
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


class WebhookEndpoints(models.QuerySet["WebhookEndpoint"]):
    """Questions about endpoints."""

    def unwell(self) -> "WebhookEndpoints":
        """Those that staff have to look at: disabled ones, and active ones that fail; the longest failing first."""
        fails = models.Q(state="active", failing_since__isnull=False)
        return self.filter(models.Q(state="disabled") | fails).order_by("failing_since", "id")


class WebhookEndpoint(models.Model):
    """A receiver of events: an address of another program, and how far it is trusted to answer.

    `kinds` are those it is told of; none means all public ones. Beside `secret`, `previous_secret` signs too until its
    time is over, so that a receiver can change its own at any moment between. `stopped_position` is the feed's last
    position when the endpoint was paused or disabled: what came later is delivered when it is resumed.

    While it fails, `failing_since` is the moment of the first failure, `failures` counts those in a row, and nothing is
    sent before `resting_until`.
    """

    class State(models.TextChoices):
        """Whether it is told of events. One that was deleted stays until the worker has removed its deliveries."""

        ACTIVE = "active"
        PAUSED = "paused"
        DISABLED = "disabled"
        DELETED = "deleted"

    url = models.CharField(max_length=2000)
    description = models.CharField(max_length=200, blank=True, default="")
    kinds = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    secret = models.CharField(max_length=100)
    previous_secret = models.CharField(max_length=100, blank=True, default="")
    previous_secret_until = models.DateTimeField(null=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    disabled_reason = models.CharField(max_length=200, blank=True, default="")
    failing_since = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    resting_until = models.DateTimeField(null=True)
    stopped_position = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    version = models.IntegerField(default=1)

    objects = WebhookEndpoints.as_manager()

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint. The dispatcher makes it, in the transaction that gives the event its place.

    Of the waiting ones of an endpoint that have the same `subject`, the one with the lowest position goes first and the
    others wait for it. The worker that sends one holds it until `claimed_until`; when that is past, the worker has died
    and another one sends it.
    """

    class State(models.TextChoices):
        """`failed` is one that was refused for three days: it can be sent again by hand."""

        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries", db_index=False)
    # Without a constraint: it would cost the dispatcher a look at each event, and keep old events from being removed.
    event = models.ForeignKey(Event, models.DO_NOTHING, db_constraint=False, db_index=False)
    position = models.BigIntegerField()
    kind = models.CharField(max_length=64)
    subject = models.CharField(max_length=100)
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.WAITING, db_default=State.WAITING.value
    )
    attempts = models.IntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    claimed_until = models.DateTimeField(null=True)
    last_status = models.IntegerField(null=True)
    last_error = models.CharField(max_length=200, blank=True, default="", db_default="")
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [models.UniqueConstraint(fields=["endpoint", "event"], name="delivery_once")]
        indexes = [
            models.Index(fields=["endpoint", "id"], name="delivery_of_endpoint"),
            models.Index(
                fields=["endpoint", "next_attempt_at", "position"],
                condition=models.Q(state="waiting"),
                name="delivery_due",
            ),
            models.Index(
                fields=["endpoint", "subject", "position"], condition=models.Q(state="waiting"), name="delivery_line"
            ),
            models.Index(
                fields=["endpoint"],
                condition=models.Q(state="waiting", claimed_until__isnull=False),
                name="delivery_claimed",
            ),
            models.Index(fields=["created_at"], name="delivery_created"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def message_id(self) -> str:
        """What receivers know the event by: the same in each attempt, at each endpoint."""
        return f"evt_{self.event_id}"


class WebhookAttempt(models.Model):
    """One request to an endpoint, and what came back: a status and up to 2 kB of the answer, or why there is none."""

    delivery = models.ForeignKey(WebhookDelivery, models.CASCADE, related_name="log")
    url = models.CharField(max_length=2000)
    at = models.DateTimeField()
    duration_ms = models.IntegerField()
    status = models.IntegerField(null=True)
    error = models.CharField(max_length=200, blank=True, default="")
    excerpt = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{self.status or self.error}"
