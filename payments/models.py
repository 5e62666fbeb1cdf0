"""Money: what is asked of a provider, what has come and gone, and what nobody knows yet."""

from decimal import Decimal
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from database.money import MoneyField
from orders.models import Order

NOTHING = Decimal(0)


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Sets of payments."""

    def live(self) -> Self:
        """The payments by which money may still come."""
        return self.filter(state__in=Payment.LIVE)

    def needing_people(self) -> Self:
        """The payments that a person has to look at: something is odd, or the buyer's bank asks for an answer."""
        odd = Payment.objects.exclude(review="").order_by().values("pk")
        return self.filter(pk__in=odd.union(Dispute.objects.open().order_by().values("payment")))

    def under_way(self) -> Self:
        """The payments of which something was asked that nobody knows the end of."""
        return self.filter(pk__in=Operation.objects.unknown().order_by().values("payment"))


class Payment(models.Model):
    """One way in which a buyer pays an order, at one provider.

    Its figures follow what the provider says and never fall: `captured` is what was taken, `refunded` what of it went
    back or is on its way. Card data and client secrets are stored nowhere.
    """

    class State(models.TextChoices):
        """How far it has come. A state never falls, and `paid` beats `cancelled` (providers.snapshot.RANK)."""

        STARTING = "starting"
        OPEN = "open"
        AUTHORIZED = "authorized"
        CANCELLED = "cancelled"
        FAILED = "failed"
        PAID = "paid"

    class CaptureMethod(models.TextChoices):
        """Whether money is taken when the buyer pays, or set apart and taken when the goods leave."""

        AUTOMATIC = "automatic"
        MANUAL = "manual"

    class Review(models.TextChoices):
        """Why a person has to look at it."""

        OTHER_AMOUNT = "other_amount", "The provider has another amount than was asked for."
        OTHER_CURRENCY = "other_currency", "The provider has another currency than was asked for."
        REFUND_REFUSED = "refund_refused", "The provider refused a refund, or it failed."
        CAPTURE_REFUSED = "capture_refused", "The money that was set apart could not be taken."
        LET_GO = "let_go", "The money that was set apart was let go before it was taken."

    LIVE: ClassVar[tuple[str, ...]] = (State.STARTING, State.OPEN, State.AUTHORIZED)
    # Money of which nobody can say what it is for does not count for the order.
    MISMATCHES: ClassVar[tuple[str, ...]] = (Review.OTHER_AMOUNT, Review.OTHER_CURRENCY)

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments", db_index=False)
    provider = models.CharField(max_length=16)
    # Empty until the provider has answered for the first time.
    provider_ref = models.CharField(max_length=255, null=True, editable=False)  # unique where it is there
    state = models.CharField(max_length=10, choices=State, default=State.STARTING, db_default=State.STARTING)
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    captured = MoneyField(default=NOTHING, db_default=NOTHING)
    refunded = MoneyField(default=NOTHING, db_default=NOTHING)
    fees = MoneyField(null=True, help_text="What the provider keeps of it, where it is known.")
    capture_method = models.CharField(max_length=9, choices=CaptureMethod)
    return_url = models.CharField(max_length=500, default="", db_default="", editable=False)
    method_label = models.CharField(max_length=64, default="", db_default="")
    failure_code = models.CharField(max_length=64, default="", db_default="")
    # Empty mostly.
    review = models.CharField(max_length=16, choices=Review, blank=True, default="", db_default="")
    # From this moment on nothing more is captured for it: its order was given up, and a wallet cannot be cancelled.
    fenced_at = models.DateTimeField(null=True)
    # When money that was authorized can be captured no more.
    expiring_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)
    checks = models.IntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    version = models.IntegerField(default=1, db_default=1, editable=False)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        permissions = [
            ("capture_payment", "Can take money"),
            ("refund_payment", "Can refund up to REFUND_LIMIT"),
            ("refund_any_amount", "Can refund any amount"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["provider", "provider_ref"], name="payment_provider_ref"),
            # A second tab cannot pay twice.
            models.UniqueConstraint(
                fields=["order"], condition=Q(state__in=["starting", "open", "authorized"]), name="payment_one_live"
            ),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, captured__gte=F("refunded"), amount__gt=0), name="payment_figures"
            ),
        ]
        indexes = [
            models.Index(fields=["order", "id"], name="payment_of_order"),
            models.Index(fields=["next_check_at"], condition=Q(next_check_at__isnull=False), name="payment_to_check"),
            models.Index(fields=["id"], condition=~Q(review=""), name="payment_to_review"),
        ]

    def __str__(self) -> str:
        return f"payment {self.pk} of {self.order_id}"

    @property
    def net(self) -> Decimal:
        """What the shop has of it: what was taken less what went back."""
        net: Decimal = self.captured - self.refunded
        return net


class OperationQuerySet(models.QuerySet["Operation"]):
    """Sets of operations."""

    def unknown(self) -> Self:
        """The operations of which nobody knows whether the provider carried them out."""
        return self.filter(state=Operation.State.INTENDED)


class Operation(models.Model):
    """One thing that the shop asks a provider for, written before the call, and resolved by what the provider says.

    Its row is the memory that survives a crash between the two: the call is repeated with the same key. What was asked
    for is append-only, which a trigger enforces.
    """

    class Kind(models.TextChoices):
        """What is asked."""

        CREATE = "create"
        # Of a wallet whose owner has approved: the money is set apart.
        AUTHORIZE = "authorize"
        CAPTURE = "capture"
        CANCEL = "cancel"
        REFUND = "refund"

    class State(models.TextChoices):
        """Whether the provider has answered."""

        INTENDED = "intended"
        DONE = "done"
        REFUSED = "refused"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="operations", db_index=False)
    kind = models.CharField(max_length=9, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.INTENDED, db_default=State.INTENDED)
    amount = MoneyField(null=True)
    goodwill = MoneyField(default=NOTHING, db_default=NOTHING, help_text="What of a refund nobody was owed.")
    # The units of each line of the order that a refund is for, by the line's id.
    lines = models.JSONField(default=dict, db_default={})
    provider_ref = models.CharField(max_length=255, null=True)  # unique where it is there
    reason = models.CharField(max_length=255, default="", db_default="")
    failure_code = models.CharField(max_length=64, default="", db_default="")
    actor = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    # The last call began then: whoever repeats the call first takes a lease by moving it on.
    called_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0, db_default=0)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="intended", resolved_at=None) | ~Q(state="intended") & Q(resolved_at__isnull=False),
                name="operation_resolved_at",
            ),
            models.CheckConstraint(
                condition=Q(kind="refund", amount__gt=0) | ~Q(kind="refund"), name="operation_refund_amount"
            ),
        ]
        indexes = [
            models.Index(fields=["payment", "id"], name="operation_of_payment"),
            models.Index(fields=["created_at"], condition=Q(state="intended"), name="operation_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of payment {self.payment_id}"

    @property
    def key(self) -> str:
        """The idempotency key of the call, the same for every try."""
        return f"operation-{self.pk}"


class Entry(models.Model):
    """A line in the books of a payment: money that came, went back, was disputed or reinstated. Append-only."""

    class Kind(models.TextChoices):
        """What happened to money. `amount` is never negative: the kind says in which direction it went."""

        CAPTURED = "captured"
        REFUNDED = "refunded"
        REFUND_FAILED = "refund_failed"
        DISPUTED = "disputed"
        REINSTATED = "reinstated"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="entries", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=13, choices=Kind)
    amount = MoneyField()
    provider_ref = models.CharField(max_length=255)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "entries"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["payment", "kind", "provider_ref"], name="entry_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="entry_amount"),
        ]
        indexes = [models.Index(fields=["at", "id"], name="entry_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} of payment {self.payment_id}"


class Notification(models.Model):
    """A provider's word that something happened, kept until it was looked into: the inbox."""

    provider = models.CharField(max_length=16)
    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=64)
    ref = models.CharField(max_length=255, default="", db_default="")
    object_ref = models.CharField(max_length=255, default="", db_default="")
    payment_said = models.BigIntegerField(null=True, help_text="Our payment, by the provider's metadata.")
    received_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="notification_once")]
        indexes = [
            models.Index(fields=["received_at"], condition=Q(handled_at=None), name="notification_open"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind}"


class DisputeQuerySet(models.QuerySet["Dispute"]):
    """Sets of disputes."""

    def open(self) -> Self:
        """The disputes that are to be answered, or that the bank has still to decide."""
        return self.filter(status=Dispute.Status.OPEN)


class Dispute(models.Model):
    """A buyer asked their bank for the money back. Staff answer it at the provider, by the date that it names."""

    class Status(models.TextChoices):
        """How it stands."""

        OPEN = "open"
        WON = "won"
        LOST = "lost"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    provider_ref = models.CharField(max_length=255, unique=True)
    status = models.CharField(max_length=4, choices=Status)
    amount = MoneyField()
    reason = models.CharField(max_length=64, default="", db_default="")
    due_by = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(db_default=Now())

    objects = DisputeQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"dispute {self.provider_ref}"
