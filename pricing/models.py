"""What the shop charges by: tax classes and rates, zones and methods of shipping, promotions and their coupons.

`rulebook` reads these rows as values, and `totals` calculates with the values. What was charged is kept by orders.
"""

from decimal import Decimal
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Upper

from database.money import MoneyField, validate_cost, validate_price
from inventory.models import ClockTimestamp, Warehouse
from pricing.uses import Redemption as Redemption  # models of this app
from pricing.uses import Revision as Revision
from pricing.uses import Slot as Slot
from pricing.validators import validate_code, validate_country, validate_coupon, validate_region

# Slots are rows: a larger number is no limit in a shop of this size, and would take long to write.
MAX_LIMIT = 100_000
MAX_RATE = Decimal("99.9999")


class TaxClass(models.Model):
    """A class of goods that is taxed by rates of its own. Goods that name none are of the standard class."""

    code = models.CharField(max_length=32, unique=True, validators=[validate_code])
    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name_plural = "tax classes"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class TaxRate(models.Model):
    """A tax on a class of goods in a place, for a time. A tax (a name) is valid once in a place at a time."""

    name = models.CharField(max_length=60)
    rate = models.DecimalField(
        max_digits=6,
        decimal_places=4,
        validators=[MinValueValidator(0), MaxValueValidator(MAX_RATE)],
        help_text="In percent, with at most four decimals.",
    )
    country = models.CharField(max_length=2, validators=[validate_country], help_text="Two letters, such as DE or US.")
    region = models.CharField(max_length=20, blank=True, default="", help_text="Its code, such as CA. Empty: all.")
    postal_from = models.CharField("postal code from", max_length=12, blank=True, default="")
    postal_to = models.CharField(
        "postal code to", max_length=12, blank=True, default="", help_text="It counts too. Empty: one postal code."
    )
    city = models.CharField(max_length=100, blank=True, default="")
    tax_class = models.ForeignKey(
        TaxClass, on_delete=models.PROTECT, null=True, blank=True, related_name="rates", help_text="Empty: standard."
    )
    valid = DateRangeField(
        default=DateRange, blank=True, help_text="From a day until before another. Empty: without beginning and end."
    )
    replaces = models.BooleanField(
        "instead of broader rates",
        default=False,
        help_text="Stands in for the rates of the whole region or country, instead of being added to them.",
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["country", "region", "postal_from", "city", "name", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lt=100), name="taxrate_is_a_percentage"),
            models.CheckConstraint(
                condition=Q(postal_to="") | (~Q(postal_from="") & Q(postal_to__gte=F("postal_from"))),
                name="taxrate_postal_codes_rise",
                violation_error_message="The last postal code needs a first one, which does not come after it.",
            ),
            ExclusionConstraint(
                name="taxrate_once_at_a_time",
                expressions=[
                    (Upper("name"), RangeOperators.EQUAL),
                    ("country", RangeOperators.EQUAL),
                    (Upper("region"), RangeOperators.EQUAL),
                    (Upper("postal_from"), RangeOperators.EQUAL),
                    (Upper("postal_to"), RangeOperators.EQUAL),
                    (Upper("city"), RangeOperators.EQUAL),
                    (Coalesce(F("tax_class"), 0), RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.rate.normalize():f} %"


class Zone(models.Model):
    """Where methods of shipping lead: countries, and regions of others, written as US-CA."""

    name = models.CharField(max_length=100, unique=True)
    countries = ArrayField(models.CharField(max_length=2, validators=[validate_country]), default=list, blank=True)
    regions = ArrayField(models.CharField(max_length=23, validators=[validate_region]), default=list, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ShippingMethod(models.Model):
    """A way to the buyer, or a warehouse where they fetch their order. Its rates say what it costs."""

    class Basis(models.TextChoices):
        """What its rates go by."""

        TOTAL = "total", "the sum of the lines"
        WEIGHT = "weight", "the weight in grams"

    code = models.CharField(max_length=32, unique=True, validators=[validate_code])
    name = models.CharField(max_length=100)
    zone = models.ForeignKey(
        Zone, on_delete=models.PROTECT, null=True, blank=True, related_name="methods", help_text="Empty: everywhere."
    )
    basis = models.CharField("rates by", max_length=6, choices=Basis, default=Basis.TOTAL)
    days_from = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(365)])
    days_to = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(365)])
    tax_class = models.ForeignKey(
        TaxClass,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="methods",
        help_text="Empty: taxed as the goods are, by their share.",
    )
    free_above = MoneyField(
        null=True, blank=True, validators=[validate_cost], help_text="From this sum of the lines on it costs nothing."
    )
    pickup_warehouse = models.ForeignKey(
        Warehouse, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="pick-up at"
    )
    position = models.PositiveSmallIntegerField(default=1, help_text="Its place among the methods, from 1.")
    is_active = models.BooleanField("offered", default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(days_from=None) | Q(days_to=None) | Q(days_to__gte=F("days_from")),
                name="shippingmethod_days_rise",
                violation_error_message="The last day lies before the first.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ShippingRate(models.Model):
    """What a method costs from a value on. The last row whose value is not above the basket's counts."""

    method = models.ForeignKey(ShippingMethod, on_delete=models.CASCADE, related_name="rates", db_index=False)
    from_value = models.DecimalField(
        "from", max_digits=14, decimal_places=4, default=0, validators=[MinValueValidator(0)]
    )
    price = MoneyField(
        null=True, blank=True, validators=[validate_cost], help_text="Empty: not offered from this value on."
    )

    class Meta:
        ordering = ["from_value"]
        constraints = [
            models.UniqueConstraint(fields=["method", "from_value"], name="shippingrate_value_unique"),
            models.CheckConstraint(
                condition=Q(from_value__gte=0) & (Q(price=None) | Q(price__gte=0)), name="shippingrate_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"from {self.from_value.normalize():f}: {'not offered' if self.price is None else self.price}"


class Promotion(models.Model):
    """Something off, for everybody or with a coupon. Without products and categories it is for all lines."""

    class Kind(models.TextChoices):
        """What it takes off."""

        PERCENT = "percent", "percent off"
        FIXED = "fixed", "amount off"
        FREE_SHIPPING = "free_shipping", "free shipping"
        BUY_X_GET_Y = "buy_x_get_y", "buy some, get some"

    name = models.CharField(max_length=100, help_text="Shown to customers.")
    kind = models.CharField(max_length=13, choices=Kind)
    value = models.DecimalField(
        max_digits=14,
        decimal_places=4,
        default=0,
        validators=[MinValueValidator(0)],
        help_text="Percent or an amount. Of what one gets: 100 is for free.",
    )
    buy = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(1000)])
    get = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(1000)])
    # Ids and no keys to the catalog: without its last category a promotion must not become one for all lines.
    product_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    category_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    minimum = MoneyField(
        "minimum order", null=True, blank=True, validators=[validate_price], help_text="The least sum of all lines."
    )
    total_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_LIMIT)],
        help_text="How often it may be used by all customers together. Empty: any number.",
    )
    per_customer = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="How often by one customer."
    )
    combinable = models.BooleanField(default=True, help_text="Counts together with other promotions that can be.")
    automatic = models.BooleanField(default=False, help_text="For everybody, without a coupon.")
    is_active = models.BooleanField("active", default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="promotion_ends_after_its_start",
                violation_error_message="It ends before it starts.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind="percent", value__gt=0, value__lte=100)
                    | Q(kind="fixed", value__gt=0)
                    | Q(kind="free_shipping")
                    | Q(kind="buy_x_get_y", value__gt=0, value__lte=100, buy__gte=1, get__gte=1)
                ),
                name="promotion_takes_something_off",
                violation_error_message=(
                    "A percentage is above 0 and at most 100, an amount is above 0, "
                    "and of what is bought and what one gets there is one at least."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse (ValidationError) what takes nothing off, each on its field, and an amount that no currency says."""
        wrong: dict[str, Any] = {}
        if self.kind == self.Kind.FIXED:
            try:
                validate_price(self.value)
            except ValidationError as error:
                wrong["value"] = error
            if self.value <= 0:
                wrong["value"] = "An amount is above 0."
        if self.kind in (self.Kind.PERCENT, self.Kind.BUY_X_GET_Y) and not 0 < self.value <= 100:
            wrong["value"] = "A percentage is above 0 and at most 100."
        if self.kind == self.Kind.BUY_X_GET_Y:
            if self.buy < 1:
                wrong["buy"] = "What is bought is at least one unit."
            if self.get < 1:
                wrong["get"] = "What one gets is at least one unit."
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            wrong["ends_at"] = "It ends before it starts."
        if wrong:
            raise ValidationError(wrong)


class Coupon(models.Model):
    """A code by which a customer asks for a promotion. It is kept in capitals."""

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="coupons")
    code = models.CharField(max_length=40, unique=True, validators=[validate_coupon])

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code
