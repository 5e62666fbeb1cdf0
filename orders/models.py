"""Promises: orders, their lines, and their history."""

from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from catalog.models import Product, Variant
from database.refusals import NotFound
from database.text import refuse_links
from inventory.models import ClockTimestamp
from orders.search import COLUMNS, orders_found_by


class OrderQuerySet(models.QuerySet["Order"]):
    """Sets of orders."""

    def visible(self) -> Self:
        """The orders that have not been deleted. Deleted orders are kept for audit, but have left the API."""
        return self.filter(deleted_at=None)

    def of(self, user_id: int) -> Self:
        """The orders of a customer that have not been deleted."""
        return self.visible().filter(user_id=user_id)

    def open(self) -> Self:
        """The orders whose goods are still to leave the building."""
        return self.visible().filter(status__in=Order.OPEN)

    def about_to_end(self) -> Self:
        """The pending orders of which three quarters of PENDING_ORDER_HOURS have passed: the clock will cancel them."""
        hours = settings.PENDING_ORDER_HOURS
        if not hours:
            return self.none()
        begins = Now() - timedelta(hours=hours * 3 / 4)
        return self.visible().filter(status=Order.Status.PENDING, order_date__lt=begins)

    def with_lines(self) -> Self:
        """The orders with their lines, in one more statement."""
        return self.prefetch_related("order_items")

    def search(self, words: str) -> Self:
        """The orders on which all of these words stand (orders.search)."""
        found = orders_found_by(words)
        return self.none() if found is None else self.filter(id__in=found)

    def one(self, order_id: int) -> "Order":
        """The order with this id. Refuses NotFound when it is not among these orders."""
        order = self.filter(pk=order_id).first()
        if order is None:
            raise NotFound("There is no such order.")
        return order


class Order(models.Model):
    """A promise to a customer: lines, a total, whom and where it goes to, and how far the order has come."""

    class Status(models.TextChoices):
        """How far an order has come."""

        PENDING = "pending"
        CONFIRMED = "confirmed"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELLED = "cancelled"

    # The only place where a transition is legal.
    NEXT: ClassVar[dict[str, tuple[str, ...]]] = {
        Status.PENDING: (Status.CONFIRMED, Status.CANCELLED),
        Status.CONFIRMED: (Status.SHIPPED, Status.CANCELLED),
        Status.SHIPPED: (Status.DELIVERED,),
        Status.DELIVERED: (),
        Status.CANCELLED: (),
    }
    # An order whose goods are still to leave the building keeps its recipient, and its units count for its customer.
    OPEN: ClassVar[tuple[str, ...]] = (Status.PENDING, Status.CONFIRMED)
    # Orders that have not left the building may leave the API.
    DELETABLE: ClassVar[tuple[str, ...]] = (Status.PENDING, Status.CONFIRMED, Status.CANCELLED)

    number = models.CharField(max_length=20, unique=True, help_text="From a sequence: gaps are allowed.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders", db_index=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    total_amount = models.DecimalField(max_digits=16, decimal_places=2)
    currency = models.CharField(max_length=3)
    # As long as the two names of a customer. Empty on the closed orders of a customer who was forgotten.
    recipient_name = models.CharField(max_length=201, default="", db_default="", validators=[refuse_links])
    phone = models.CharField(max_length=32, blank=True, default="", db_default="")
    shipping_address_line1 = models.CharField(max_length=200)
    shipping_address_line2 = models.CharField(max_length=200, blank=True)
    shipping_city = models.CharField(max_length=100)
    shipping_state = models.CharField(max_length=100)
    shipping_postal_code = models.CharField(max_length=20)
    shipping_country = models.CharField(max_length=100)
    order_date = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True, editable=False)
    # PostgreSQL parses each CHECK anew for each statement that inserts: "positive" is not worth that.
    version = models.IntegerField(default=1, db_default=1, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(total_amount__gte=0), name="order_total_not_negative")]
        indexes = [
            models.Index(fields=["user", "-order_date", "-id"], name="order_of_user_newest"),
            models.Index(fields=["-order_date", "-id"], name="order_newest"),
            models.Index(fields=["status", "-order_date", "-id"], name="order_status_newest"),
            models.Index(
                fields=["order_date"],
                condition=Q(status="pending", deleted_at=None),
                name="order_pending_oldest",
            ),
            models.Index(
                fields=["user", "status"],
                condition=Q(status__in=["pending", "confirmed"], deleted_at=None),
                name="order_open_of_user",
            ),
            # For a part of what is written on the parcel, in any case. One index over plain columns, since PostgreSQL
            # plans an expression anew for each order that is placed, which costs ten times what the entries do.
            GinIndex(fields=[*COLUMNS], opclasses=["gin_trgm_ops"] * len(COLUMNS), name="order_search"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def reference(self) -> str:
        """The name by which inventory knows the order."""
        return f"order:{self.number}"

    @property
    def allowed(self) -> tuple[str, ...]:
        """The statuses that the order can be given now."""
        return self.NEXT[self.status]


class OrderItem(models.Model):
    """A line of an order, with name, SKU and price as they were when the order was placed."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="order_items", db_index=False)
    # The product of the variant. The variant's key keeps both from being deleted, so a second key would add nothing.
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=64)
    product_name = models.CharField(max_length=255)
    quantity = models.IntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    subtotal = models.DecimalField(max_digits=16, decimal_places=2)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "variant"], name="orderitem_order_variant_unique"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orderitem_quantity_positive"),
            models.CheckConstraint(
                condition=Q(subtotal=models.F("unit_price") * models.F("quantity")), name="orderitem_subtotal"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"


class OrderEvent(models.Model):
    """A step of an order's life. Rows are only added, which a trigger enforces."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="history", db_index=False)
    at = models.DateTimeField(db_default=ClockTimestamp())
    event = models.CharField(max_length=32)
    from_status = models.CharField(max_length=9, blank=True)
    to_status = models.CharField(max_length=9, blank=True)
    actor = models.CharField(max_length=64)
    note = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["order", "id"], name="orderevent_order")]

    def __str__(self) -> str:
        return self.event

    @property
    def actor_role(self) -> str:
        """ "customer", "staff" or "system": the actor without an id."""
        return self.actor.partition(":")[0]


class Figures(models.Model):
    """What orders.figures has added up last, and when, in one row. A row that is lost is made anew."""

    data = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="figures_one_row")]

    def __str__(self) -> str:
        return f"figures of {self.at}"
