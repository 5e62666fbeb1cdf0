"""Carts: what somebody means to order, and where it is to go. No price is stored but the one that was last seen."""

from typing import Self
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from catalog.models import Variant
from database.money import MoneyField
from orders.models import Order

MAX_LINES = 100
MAX_LINE_QUANTITY = 10_000
MAX_CODE = 64  # characters of a coupon
MAX_COUPONS = 10
# The parts of an address, by the names that they have in the address book.
ADDRESS_PARTS = (
    *("recipient_name", "company", "vat_id", "address_line1", "address_line2"),
    *("city", "state", "postal_code", "country_code"),
)


def reference_of(cart_id: UUID) -> str:
    """The name by which inventory knows the hold of a cart."""
    return f"cart:{cart_id}"


class CartQuerySet(models.QuerySet["Cart"]):
    """Sets of carts."""

    def live(self) -> Self:
        """The carts that can still be ordered."""
        return self.filter(state__in=Cart.LIVE)


class Cart(models.Model):
    """A cart of a customer, or of a guest, which whoever shows its token may use.

    Nobody has to fill it in at once, so everything may be empty; `requirements` says what is missing for an order.
    """

    class State(models.TextChoices):
        """Whether the cart can still be ordered. An abandoned one can, and is open again with its next change."""

        OPEN = "open"
        PLACED = "placed"
        MERGED = "merged"
        ABANDONED = "abandoned"

    LIVE = (State.OPEN, State.ABANDONED)

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty for a guest.",
    )
    state = models.CharField(max_length=9, choices=State, default=State.OPEN, db_default=State.OPEN)
    currency = models.CharField(max_length=3)
    email = models.EmailField(blank=True, default="", db_default="")
    phone = models.CharField(max_length=32, blank=True, default="", db_default="")
    shipping_address = models.JSONField(null=True, blank=True, help_text="By the names of the address book's fields.")
    billing_address = models.JSONField(null=True, blank=True, help_text="Empty: the shipping address.")
    shipping_method = models.CharField(max_length=64, blank=True, default="", db_default="", help_text="A code.")
    note = models.CharField(max_length=1000, blank=True, default="", db_default="")
    coupons = ArrayField(models.CharField(max_length=MAX_CODE), default=list, db_default=[], blank=True)
    held_until = models.DateTimeField(null=True, blank=True, help_text="The end of the hold on its stock.")
    held_from = models.CharField(
        max_length=12, blank=True, default="", db_default="", help_text="A pseudonym of the address that holds."
    )
    order = models.OneToOneField(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    merged_into = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    objects = CartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(state__in=["open", "abandoned"]), name="cart_one_live_of_user"
            ),
            models.CheckConstraint(
                condition=Q(state="placed", order__isnull=False) | (~Q(state="placed") & Q(order=None)),
                name="cart_placed_has_order",
            ),
        ]
        indexes = [
            models.Index(fields=["updated_at"], name="cart_oldest"),
            models.Index(fields=["updated_at"], condition=Q(state="open"), name="cart_open_oldest"),
            models.Index(
                fields=["held_from"], condition=Q(user=None, held_until__isnull=False), name="cart_held_by_guests"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def reference(self) -> str:
        """The name by which inventory knows the hold of the cart."""
        return reference_of(self.id)


class CartLine(models.Model):
    """An article in a cart. `seen_price` is what it cost when the line was last added or changed."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines", db_index=False)
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    quantity = models.IntegerField(validators=[MinValueValidator(1), MaxValueValidator(MAX_LINE_QUANTITY)])
    seen_price = MoneyField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="cartline_cart_variant_unique"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MAX_LINE_QUANTITY), name="cartline_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.variant_id}"
