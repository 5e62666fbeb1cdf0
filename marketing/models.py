"""Who wants mails that nobody has to be sent, how that is known, and the campaigns that were sent to them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

MAX_RATE = 100_000
MAX_TEXT = 20_000


class Topic(models.TextChoices):
    """What somebody may want mails about."""

    NEWS = "news", "news and offers"
    CART_REMINDERS = "cart_reminders", "reminders of a cart that was left"


class Wording(models.Model):
    """What people were told that they agree to. A text that differs by a letter is another wording. Append-only."""

    version = models.CharField(max_length=12, primary_key=True, help_text="The beginning of the text's SHA-256.")
    text = models.CharField(max_length=2000)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.version


class Consent(models.Model):
    """The word of whoever reads a mailbox on whether the shop may write to it. One row for each address.

    `state` and `topics` are the sum of the proofs. A consent is given by a confirmation alone, which it names. `user`
    is the account with this address whose owner has shown that the mailbox is theirs.
    """

    class State(models.TextChoices):
        """Somebody has asked for mails, the mailbox has confirmed it, or it is over. Only `given` is written to."""

        ASKED = "asked"
        GIVEN = "given"
        WITHDRAWN = "withdrawn"

    # In small letters (`database.text.email_key`). Of whoever was forgotten, an address that nobody has.
    email = models.CharField(max_length=254, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=9, choices=State, default=State.ASKED)
    topics = ArrayField(models.CharField(max_length=16, choices=Topic), default=list, db_default=[], blank=True)
    confirmation = models.OneToOneField("Proof", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="consent_email_folded"),
            models.CheckConstraint(
                condition=~Q(state="given") | (Q(confirmation__isnull=False) & ~Q(topics=[])), name="consent_is_proven"
            ),
        ]
        indexes = [models.Index(fields=["state", "changed_at"], name="consent_state")]

    def __str__(self) -> str:
        return self.email


class Proof(models.Model):
    """What was done about a consent: when, through which channel, from which address, and to which wording.

    Append-only. It holds no personal data: `source` stands for an address of the Internet, equal for equal addresses,
    and nobody reads an address from it. That of a consent which nobody has ever confirmed may be deleted.
    """

    class What(models.TextChoices):
        """What was done."""

        ASKED = "asked"
        CONFIRMED = "confirmed"
        CHANGED = "changed"
        WITHDRAWN = "withdrawn"
        UNDELIVERABLE = "undeliverable"
        ERASED = "erased"

    consent = models.ForeignKey(Consent, models.PROTECT, related_name="proofs")
    what = models.CharField(max_length=13, choices=What)
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=64)
    channel = models.CharField(max_length=16, help_text="api, page, one-click, admin, worker or command.")
    source = models.CharField(max_length=12, blank=True, default="", help_text="A pseudonym of the address.")
    wording = models.ForeignKey(Wording, models.PROTECT, null=True, related_name="+", db_index=False)
    topics = ArrayField(models.CharField(max_length=16), default=list, help_text="What is wanted from now on.")
    # How the mailbox was shown: by the link that was mailed for that proof, or as the confirmed email of an account.
    how = models.CharField(max_length=7, blank=True, default="", help_text="link or account.")
    confirms = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(what="confirmed") | ~Q(how=""), name="proof_says_how"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d %H:%M}"


class Segment(models.Model):
    """A choice among those who want news, by what they bought (marketing.rules). Without rules it is all of them."""

    name = models.CharField(max_length=100, unique=True)
    rules = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Campaign(models.Model):
    """A mail to a segment. Its recipients are chosen once, when it is started.

    `next_at` is the moment before which no further mail of it is sent, which keeps its rate.
    """

    class State(models.TextChoices):
        """How far it has come."""

        DRAFT = "draft"
        SENDING = "sending"
        PAUSED = "paused"
        SENT = "sent"
        CANCELLED = "cancelled"

    subject = models.CharField(max_length=150)
    text = models.TextField(max_length=MAX_TEXT)
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="campaigns")
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    rate = models.IntegerField(
        "mails per hour", default=1000, validators=[MinValueValidator(1), MaxValueValidator(MAX_RATE)]
    )
    next_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rate__gte=1, rate__lte=MAX_RATE), name="campaign_rate"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "cancelled"]) | Q(started_at__isnull=False), name="campaign_started"
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(state="sending"), name="campaign_sending")]

    def __str__(self) -> str:
        return self.subject


class Recipient(models.Model):
    """One mail of a campaign. A worker claims it before it is sent, and what was claimed once is never sent again.

    The address stands in the consent alone, where it is read when the mail is sent.
    """

    class State(models.TextChoices):
        """`skipped`: there was no consent any more. `unknown`: the worker died, or the server hung up, while it was
        sent, so nobody knows whether it has arrived."""

        WAITING = "waiting"
        CLAIMED = "claimed"
        SENT = "sent"
        SKIPPED = "skipped"
        FAILED = "failed"
        UNKNOWN = "unknown"

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="recipients", db_index=False)
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="+")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING, db_default=State.WAITING)
    attempts = models.IntegerField(default=0, db_default=0)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "consent"], name="recipient_once")]
        indexes = [
            models.Index(fields=["campaign", "id"], condition=Q(state="waiting"), name="recipient_waiting"),
            models.Index(fields=["claimed_at"], condition=Q(state="claimed"), name="recipient_claimed"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.state}"


class CartReminder(models.Model):
    """The one mail about a cart that was left. The row is written before the mail is sent, and ends with the cart."""

    cart_id = models.UUIDField(primary_key=True)
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.cart_id)
