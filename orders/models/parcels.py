"""What has left the building of an order, and what comes back: parcels, and returns."""

from decimal import Decimal
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from database.money import MoneyField
from inventory.models import Warehouse
from orders.models.lines import OrderItem
from orders.models.order import Order


class Fulfilment(models.Model):
    """A parcel: units of an order that left one warehouse together.

    One that is cancelled had not gone yet: its units lie where they left, and are promised to the order again.
    """

    class State(models.TextChoices):
        """Whether it has left."""

        SHIPPED = "shipped"
        CANCELLED = "cancelled"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fulfilments", db_index=False)
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=9, choices=State, default=State.SHIPPED, db_default=State.SHIPPED)
    carrier = models.CharField(max_length=100, blank=True, default="", db_default="")
    tracking_number = models.CharField(max_length=100, blank=True, default="", db_default="")
    tracking_url = models.CharField(max_length=500, blank=True, default="", db_default="")
    shipped_at = models.DateTimeField(db_default=Now())
    cancelled_at = models.DateTimeField(null=True, blank=True)
    version = models.IntegerField(default=1, db_default=1, editable=False)

    class Meta:
        verbose_name = "parcel"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["order", "id"], name="fulfilment_of_order"),
            # What a carrier's label says is typed or scanned into the search of orders.
            models.Index(
                fields=["tracking_number"], condition=~Q(tracking_number=""), name="fulfilment_tracking_number"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="shipped", cancelled_at=None) | Q(state="cancelled", cancelled_at__isnull=False),
                name="fulfilment_cancelled_at",
            ),
        ]

    def __str__(self) -> str:
        return f"parcel {self.pk} of {self.order_id}"


class FulfilmentLine(models.Model):
    """Units of one line in a parcel."""

    fulfilment = models.ForeignKey(Fulfilment, on_delete=models.PROTECT, related_name="lines", db_index=False)
    order_item = models.ForeignKey(OrderItem, on_delete=models.PROTECT, related_name="parcels")
    quantity = models.IntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["fulfilment", "order_item"], name="fulfilmentline_unique"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="fulfilmentline_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.order_item_id}"


class ReturnQuerySet(models.QuerySet["Return"]):
    """Sets of returns."""

    def open(self) -> Self:
        """The returns whose goods may still come: of orders that have not been deleted."""
        return self.filter(state__in=Return.OPEN, order__deleted_at=None)

    def with_lines(self) -> Self:
        """The returns with their order, warehouse and lines, in two statements."""
        return self.select_related("order", "warehouse").prefetch_related("lines")


class Return(models.Model):
    """Goods that a buyer sends back: asked for, approved, and received, or refused with words.

    A withdrawal is the right of a consumer, within the days of a setting: it needs no reason, and a full one pays the
    standard delivery back too. The refund is what is proposed by the lines that were received; nothing is paid here.
    """

    class Kind(models.TextChoices):
        """On what ground goods come back."""

        RETURN = "return"
        WITHDRAWAL = "withdrawal"

    class State(models.TextChoices):
        """How far it has come."""

        REQUESTED = "requested"
        APPROVED = "approved"
        RECEIVED = "received"
        REFUSED = "refused"

    OPEN: ClassVar[tuple[str, ...]] = (State.REQUESTED, State.APPROVED)

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="returns", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.RETURN)
    state = models.CharField(max_length=9, choices=State, default=State.REQUESTED)
    note = models.CharField(max_length=1000, blank=True, default="", help_text="The buyer's words.")
    answer = models.CharField(max_length=255, blank=True, default="", help_text="The buyer reads this.")
    warehouse = models.ForeignKey(
        Warehouse,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        help_text="Where it was received.",
    )
    refund_items = MoneyField(default=Decimal(0), help_text="For the lines, less their discounts, with their taxes.")
    refund_shipping = MoneyField(default=Decimal(0), help_text="Of the standard delivery, with its taxes.")
    requested_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    version = models.IntegerField(default=1, db_default=1, editable=False)

    objects = ReturnQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["order", "id"], name="return_of_order"),
            models.Index(
                fields=["requested_at"], condition=Q(state__in=["requested", "approved"]), name="return_open_oldest"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(refund_items__gte=0, refund_shipping__gte=0), name="return_refund"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class ReturnLine(models.Model):
    """Units of one line that come back. Their condition is known once they are received."""

    class Condition(models.TextChoices):
        """Whether units can be sold again."""

        RESTOCK = "restock"
        DAMAGED = "damaged"

    of = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="lines", db_index=False)
    order_item = models.ForeignKey(OrderItem, on_delete=models.PROTECT, related_name="returns")
    quantity = models.IntegerField(help_text="Once it is received: as many as came.")
    reason = models.CharField(max_length=255, blank=True, default="", help_text="The buyer's.")
    condition = models.CharField(max_length=8, choices=Condition, blank=True, default="")
    refund = MoneyField(default=Decimal(0))

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["of", "order_item"], name="returnline_unique"),
            # None of a line may have come.
            models.CheckConstraint(condition=Q(quantity__gte=0, refund__gte=0), name="returnline_figures"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.order_item_id}"
