"""What articles have cost, and what they will cost: rows beside the prices of variants, which are charged."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now

from database.money import MoneyField, validate_price
from inventory.models import ClockTimestamp


class PriceHistory(models.Model):
    """One line of the history of a variant's price: append-only, which a trigger enforces.

    `price_before` is what was charged until then, null for a new variant. `compare_at_price` is what the variant was
    reduced from, from then on.
    """

    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=ClockTimestamp())
    price_before = MoneyField(null=True)
    price = MoneyField()
    compare_at_price = MoneyField(null=True)
    actor = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["variant", "-id"], name="pricehistory_of_variant")]

    def __str__(self) -> str:
        return f"{self.price} since {self.at}"


class PlannedPrice(models.Model):
    """A price that a variant has for a time, written into it when its time comes, and taken back at its end."""

    class State(models.TextChoices):
        """How far it has come."""

        PLANNED = "planned"
        RUNNING = "running"
        OVER = "over"

    variant = models.ForeignKey(
        "catalog.Variant", on_delete=models.PROTECT, related_name="planned_prices", db_index=False
    )
    price = MoneyField(validators=[validate_price])
    compare_at_price = MoneyField(
        null=True, blank=True, validators=[validate_price], help_text="What it is reduced from meanwhile."
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it stays.")
    state = models.CharField(max_length=7, choices=State, default=State.PLANNED, editable=False)
    # What the variant said before, to be put back.
    price_before = MoneyField(null=True, editable=False)
    compare_at_before = MoneyField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price__gt=0), name="plannedprice_positive"),
            models.CheckConstraint(
                condition=Q(compare_at_price=None) | Q(compare_at_price__gt=F("price")), name="plannedprice_reduced"
            ),
            models.CheckConstraint(condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="plannedprice_ends"),
            # A range of one id stands for the id: an index over ids and ranges would need an extension.
            ExclusionConstraint(
                name="plannedprice_overlap",
                expressions=[
                    (
                        Func(F("variant"), F("variant"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(F("starts_at"), F("ends_at"), function="tstzrange", output_field=DateTimeRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=~Q(state="over"),
            ),
        ]
        indexes = [
            models.Index(fields=["variant", "-starts_at", "-id"], name="plannedprice_of_variant"),
            models.Index(fields=["starts_at"], condition=Q(state="planned"), name="plannedprice_to_begin"),
            models.Index(fields=["ends_at"], condition=Q(state="running"), name="plannedprice_to_end"),
        ]

    def __str__(self) -> str:
        return f"{self.price} from {self.starts_at}"
