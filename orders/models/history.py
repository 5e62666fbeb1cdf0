"""What happened to orders: their steps, their changes, and the figures over many of them."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q

from database.money import MoneyField
from inventory.models import ClockTimestamp
from orders.models.order import Order


class OrderEvent(models.Model):
    """A step of an order's life. Rows are only added, which a trigger enforces."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="history", db_index=False)
    at = models.DateTimeField(db_default=ClockTimestamp())
    event = models.CharField(max_length=32)
    from_status = models.CharField(max_length=9, blank=True)
    to_status = models.CharField(max_length=9, blank=True)
    actor = models.CharField(max_length=64)
    note = models.CharField(max_length=255, blank=True, help_text="The customer reads this.")
    reason = models.CharField(max_length=255, blank=True, default="", db_default="", help_text="For staff alone.")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["order", "id"], name="orderevent_order")]

    def __str__(self) -> str:
        return self.event

    @property
    def actor_role(self) -> str:
        """ "customer", "visitor" (a guest), "staff" or "system": the actor without an id."""
        return self.actor.partition(":")[0]


class OrderRevision(models.Model):
    """A change of an order after it was placed: what it said before and after. Rows are only added.

    A change of a line has its SKU, units before and after, and what is owed back to the buyer for it. What a line
    ordered at first is what it says now, and what revisions took off. A change of whom and where it goes to has the old
    and the new texts; they go when the customer is forgotten.
    """

    CHANGED: ClassVar[str] = "changed"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="revisions", db_index=False)
    at = models.DateTimeField(db_default=ClockTimestamp())
    actor = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    # The line may be gone, so this is no key.
    order_item_id = models.BigIntegerField(null=True)
    sku = models.CharField(max_length=64, blank=True, default="")
    quantity_before = models.IntegerField(default=0)
    quantity_after = models.IntegerField(default=0)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    owed = MoneyField(default=Decimal(0), help_text="What the buyer has to get back; below 0 what is to be paid.")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["order", "id"], name="orderrevision_of_order")]

    def __str__(self) -> str:
        return self.kind

    @property
    def actor_role(self) -> str:
        """ "customer", "visitor" (a guest), "staff" or "system": the actor without an id."""
        return self.actor.partition(":")[0]


class Figures(models.Model):
    """What orders.figures has added up last, and when, in one row. A row that is lost is made anew."""

    data = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="figures_one_row")]

    def __str__(self) -> str:
        return f"figures of {self.at}"
