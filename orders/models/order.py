"""The order itself: whom it is promised to, where it goes, its figures, and how far it has come."""

from collections.abc import Container
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from database.money import MoneyField
from database.refusals import NotFound
from database.text import refuse_links
from orders.search import COLUMNS, Among, orders_found_by

# The parts of a billing address.
BILLING = (
    *("name", "company", "address_line1", "address_line2", "city", "state", "postal_code"),
    *("country", "country_code"),
)

# What an order has in tables of its own, and how it is fetched with the order.
FETCHED = {
    "order_items": "order_items",
    "charges": "charges",
    "discounts": "discounts",
    "fulfilments": "fulfilments__lines",
}


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

    def pending_for(self, hours: float, *, guests: bool) -> Self:
        """The orders of guests, or of customers, that have been pending for longer than so many hours."""
        before = Now() - timedelta(hours=hours)
        return self.visible().filter(status=Order.Status.PENDING, order_date__lt=before, user__isnull=guests)

    def pending_beyond(self, share: float) -> Self:
        """The orders that have been pending for this share of the hours after which the clock cancels them."""
        hours = settings.PENDING_ORDER_HOURS
        of_guests = self.pending_for(settings.GUEST_ORDER_HOURS * share, guests=True)
        return of_guests | self.pending_for(hours * share, guests=False) if hours else of_guests

    def past_payment(self) -> Self:
        """The orders that need not be paid any more by what their payments were promised."""
        return self.exclude(payable_until__gt=Now())

    def overdue_of_guests(self) -> Self:
        """The pending orders of guests that the clock is to cancel: a guest's order always ends."""
        return self.pending_for(settings.GUEST_ORDER_HOURS, guests=True).past_payment().filter(payment_open=False)

    def overdue_of_customers(self) -> Self:
        """The pending orders of customers that the clock is to cancel: none unless the operator wants it."""
        hours = settings.PENDING_ORDER_HOURS
        if not hours:
            return self.none()
        return self.pending_for(hours, guests=False).past_payment().filter(payment_open=False)

    def overdue_but_payable(self) -> Self:
        """The orders that the clock would cancel, if no money could come any more."""
        return self.pending_beyond(1).past_payment().filter(payment_open=True)

    def about_to_end(self) -> Self:
        """The pending orders of which three quarters of their hours have passed: the clock will cancel them."""
        return self.pending_beyond(3 / 4)

    def with_lines(self, shown: Container[str] = FETCHED) -> Self:
        """The orders with their lines, charges, discounts and parcels, as far as `shown`: a statement for each."""
        return self.prefetch_related(*(path for name, path in FETCHED.items() if name in shown))

    def search(self, words: str) -> Self:
        """The orders on which all of these words stand (orders.search)."""
        found = orders_found_by(words)
        return self.none() if found is None else self.filter(Among(F("id"), found))

    def one(self, order_id: int) -> "Order":
        """The order with this id. Refuses NotFound when it is not among these orders."""
        order = self.filter(pk=order_id).first()
        if order is None:
            raise NotFound("There is no such order.")
        return order


class Order(models.Model):
    """A promise to a customer or a guest: lines, a total, whom and where it goes to, and how far the order has come.

    A guest is known by an email alone. The figures say how the total came about: the sum of the lines, less discounts,
    with shipping and fees, and with the taxes where prices do not include them.
    """

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
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="orders",
        null=True,
        blank=True,
        db_index=False,
        help_text="Empty for a guest.",
    )
    # In small letters (`database.text.email_key`), so that an index finds it.
    email = models.EmailField(blank=True, default="", db_default="", help_text="Always there for a guest.")
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    total_amount = MoneyField()
    discount_total = MoneyField(default=Decimal(0), db_default=Decimal(0), help_text="Of lines and of charges.")
    shipping_total = MoneyField(default=Decimal(0), db_default=Decimal(0), help_text="Shipping and fees.")
    tax_total = MoneyField(default=Decimal(0), db_default=Decimal(0))
    prices_include_tax = models.BooleanField(default=False, db_default=False)
    reverse_charge = models.BooleanField(default=False, db_default=False, help_text="The buyer owes the tax.")
    # Some of its goods have left, and some have not. Nothing was backfilled: whole orders need no such column.
    partly_shipped = models.BooleanField(default=False, db_default=False, editable=False)
    # "line" or "order". Empty where the shop had neither taxes nor shipping nor promotions: then there are no charges
    # and no discounts, and nobody need look for them.
    tax_rounding = models.CharField(max_length=5, blank=True, default="", db_default="")
    currency = models.CharField(max_length=3)
    # The next four follow the money (orders.services.paying).
    payment_status = models.CharField(max_length=16, default="unpaid", db_default="unpaid", editable=False)
    # Money may still come by a payment that was begun: its provider is asked before the clock cancels the order.
    payment_open = models.BooleanField(default=False, db_default=False, editable=False)
    # The buyer has asked their bank for the money back.
    shipping_blocked = models.BooleanField(default=False, db_default=False, editable=False)
    # Before this moment the clock does not cancel the order, however long it is pending.
    payable_until = models.DateTimeField(null=True, editable=False)
    # As long as the two names of a customer. Empty on the closed orders of a customer who was forgotten.
    recipient_name = models.CharField(max_length=201, default="", db_default="", validators=[refuse_links])
    phone = models.CharField(max_length=32, blank=True, default="", db_default="")
    shipping_address_line1 = models.CharField(max_length=200)
    shipping_address_line2 = models.CharField(max_length=200, blank=True)
    shipping_city = models.CharField(max_length=100)
    # Empty where the country has no states, or no postal codes.
    shipping_state = models.CharField(max_length=100, blank=True)
    shipping_postal_code = models.CharField(max_length=20, blank=True)
    shipping_country = models.CharField(max_length=100)
    country_code = models.CharField(
        max_length=2, blank=True, default="", db_default="", help_text="ISO 3166; empty where the country is unknown."
    )
    company = models.CharField(max_length=200, blank=True, default="", db_default="", validators=[refuse_links])
    vat_id = models.CharField(max_length=32, blank=True, default="", db_default="", help_text="Of whoever pays.")
    note = models.CharField(max_length=1000, blank=True, default="", db_default="", help_text="The buyer's words.")
    # All empty where the invoice goes where the goods go.
    billing_name = models.CharField(max_length=201, blank=True, default="", db_default="", validators=[refuse_links])
    billing_company = models.CharField(max_length=200, blank=True, default="", db_default="", validators=[refuse_links])
    billing_address_line1 = models.CharField(max_length=200, blank=True, default="", db_default="")
    billing_address_line2 = models.CharField(max_length=200, blank=True, default="", db_default="")
    billing_city = models.CharField(max_length=100, blank=True, default="", db_default="")
    billing_state = models.CharField(max_length=100, blank=True, default="", db_default="")
    billing_postal_code = models.CharField(max_length=20, blank=True, default="", db_default="")
    billing_country = models.CharField(max_length=100, blank=True, default="", db_default="")
    billing_country_code = models.CharField(max_length=2, blank=True, default="", db_default="")
    terms_version = models.CharField(max_length=64, blank=True, default="", db_default="")
    terms_accepted_at = models.DateTimeField(null=True, blank=True)
    order_date = models.DateTimeField(db_default=Now())
    # What of it has letters that not everybody types, without accents. orders.search says how, and mostly it is empty.
    folded_words = models.TextField(default="", db_default="", editable=False)
    updated_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True, editable=False)
    # PostgreSQL parses each CHECK anew for each statement that inserts: "positive" is not worth that.
    version = models.IntegerField(default=1, db_default=1, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        # One CHECK for all figures, since PostgreSQL parses each for each order that is placed. The sum of the lines is
        # no column: it is what is left of the total, and must not be negative either.
        constraints = [
            models.CheckConstraint(
                condition=Q(total_amount__gte=0, discount_total__gte=0, shipping_total__gte=0, tax_total__gte=0)
                & (
                    Q(total_amount__gte=F("shipping_total") - F("discount_total") + F("tax_total"))
                    | Q(prices_include_tax=True, total_amount__gte=F("shipping_total") - F("discount_total"))
                ),
                name="order_figures",
            ),
            models.CheckConstraint(condition=Q(user__isnull=False) | ~Q(email=""), name="order_of_somebody"),
        ]
        indexes = [
            models.Index(fields=["user", "-order_date", "-id"], name="order_of_user_newest"),
            models.Index(fields=["-order_date", "-id"], name="order_newest"),
            models.Index(fields=["status", "-order_date", "-id"], name="order_status_newest"),
            models.Index(
                fields=["order_date"],
                condition=Q(status="pending", deleted_at=None),
                name="order_pending_oldest",
            ),
            # Guests have no user, and are told apart by their email.
            models.Index(
                fields=["user", "email", "status"],
                condition=Q(status__in=["pending", "confirmed"], deleted_at=None),
                name="order_open_of_buyer",
            ),
            # For a part of what is written on the parcel, in any case. One index over plain columns, since PostgreSQL
            # plans an expression anew for each order that is placed, which costs ten times what the entries do.
            GinIndex(fields=[*COLUMNS], opclasses=["gin_trgm_ops"] * len(COLUMNS), name="order_search_words"),
            GinIndex(
                fields=["folded_words"],
                opclasses=["gin_trgm_ops"],
                condition=~Q(folded_words=""),
                name="order_folded_words",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def reference(self) -> str:
        """The name by which inventory knows the order."""
        return f"order:{self.number}"

    @property
    def is_given_up(self) -> bool:
        """Whether it was cancelled or deleted, so that nobody waits for goods and nobody has to pay."""
        return self.status == self.Status.CANCELLED or self.deleted_at is not None

    @property
    def allowed(self) -> tuple[str, ...]:
        """The statuses that the order can be given now."""
        return self.NEXT[self.status]

    @property
    def items_total(self) -> Decimal:
        """The sum of the lines, before discounts."""
        added_tax = Decimal(0) if self.prices_include_tax else self.tax_total
        items: Decimal = self.total_amount - added_tax + self.discount_total - self.shipping_total
        return items

    def cost_of(self, amount: Decimal, discount: Decimal, tax: Decimal) -> Decimal:
        """What an amount of the order costs: less its discount, with its tax where prices do not include it."""
        return amount - discount + (Decimal(0) if self.prices_include_tax else tax)

    @property
    def billing_address(self) -> dict[str, str] | None:
        """Where the invoice goes; None where it goes where the goods go."""
        return billing_address_of(self)

    @property
    def contact_email(self) -> str:
        """Where mails about the order go: the address that was given for it, else the customer's own."""
        return self.email or (self.user.email if self.user else "")

    @property
    def fulfilment_status(self) -> str:
        """How much of the order has left: "none", "partial" or "complete"."""
        return fulfilment_status_of(self.status, self.partly_shipped)


def billing_address_of(order: Any) -> dict[str, str] | None:
    """The billing address of an order by the names of its parts; None without one."""
    return {part: getattr(order, f"billing_{part}") for part in BILLING} if order.billing_address_line1 else None


def fulfilment_status_of(status: str, partly_shipped: bool) -> str:
    """How much of an order has left: "none", "partial" or "complete"."""
    if status in (Order.Status.SHIPPED, Order.Status.DELIVERED):
        return "complete"
    return "partial" if partly_shipped else "none"
