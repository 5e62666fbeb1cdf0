"""What an order consists of: its lines, what it costs beside them, and what promotions took off."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from catalog.models import Product, Variant
from database.money import MoneyField
from orders.models.order import Order


class OrderItem(models.Model):
    """A line of an order, with name, SKU and price as they were when the order was placed.

    It becomes less, or goes, only as an OrderRevision says, which a trigger enforces.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="order_items", db_index=False)
    # The product of the variant. The variant's key keeps both from being deleted, so a second key would add nothing.
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=64)
    product_name = models.CharField(max_length=255)
    quantity = models.IntegerField()
    unit_price = MoneyField()
    subtotal = MoneyField()
    discount = MoneyField(default=Decimal(0), db_default=Decimal(0))
    tax = MoneyField(default=Decimal(0), db_default=Decimal(0), help_text="Of the subtotal less the discount.")
    tax_rate = models.DecimalField(
        max_digits=6, decimal_places=4, default=Decimal(0), db_default=Decimal(0), help_text="In percent."
    )
    tax_name = models.CharField(max_length=100, blank=True, default="", db_default="")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "variant"], name="orderitem_order_variant_unique"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orderitem_quantity_positive"),
            models.CheckConstraint(
                condition=Q(
                    subtotal=F("unit_price") * F("quantity"), discount__gte=0, discount__lte=F("subtotal"), tax__gte=0
                ),
                name="orderitem_figures",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"


class Charge(models.Model):
    """What an order costs beside its lines: append-only. Shipping of goods of several rates is a charge for each."""

    class Kind(models.TextChoices):
        """What is paid for."""

        SHIPPING = "shipping"
        FEE = "fee"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="charges", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    code = models.CharField(max_length=64, help_text="Of the shipping method, or of the fee.")
    name = models.CharField(max_length=200)
    amount = MoneyField(help_text="Before the discount.")
    discount = MoneyField(default=Decimal(0))
    tax = MoneyField(default=Decimal(0), help_text="Of the amount less the discount.")
    tax_rate = models.DecimalField(max_digits=6, decimal_places=4, default=Decimal(0), help_text="In percent.")
    tax_name = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["order", "id"], name="charge_of_order")]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=0, discount__gte=0, discount__lte=F("amount"), tax__gte=0),
                name="charge_figures",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OrderDiscount(models.Model):
    """What a promotion took off an order: append-only. The promotion may change or go, so name and code are copied."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="discounts", db_index=False)
    promotion_id = models.BigIntegerField()
    code = models.CharField(max_length=64, blank=True, help_text="The coupon's; empty where none was needed.")
    name = models.CharField(max_length=200)
    amount = MoneyField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["order", "id"], name="orderdiscount_of_order")]
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="orderdiscount_amount_not_negative")]

    def __str__(self) -> str:
        return self.name
