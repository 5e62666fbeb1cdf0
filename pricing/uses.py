"""The uses of promotions, and which rules are in force: rows that no member of staff edits."""

from django.db import models
from django.db.models import Q

from inventory.models import ClockTimestamp


class Slot(models.Model):
    """One more use of a limited promotion: taken by deleting the row, given back by writing one.

    While a promotion is limited, its slots and its open redemptions are as many as its limit.
    """

    promotion = models.ForeignKey("pricing.Promotion", on_delete=models.CASCADE, related_name="slots")

    def __str__(self) -> str:
        return f"slot {self.pk} of {self.promotion_id}"


class Redemption(models.Model):
    """A use of a promotion, under a reference that pricing does not know. It is open until it is given back.

    `customer` is a digest: enough to count one customer's uses, and no address.
    """

    promotion = models.ForeignKey(
        "pricing.Promotion", on_delete=models.PROTECT, related_name="redemptions", db_index=False
    )
    reference = models.CharField(max_length=64)
    code = models.CharField(max_length=40, blank=True)
    customer = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    given_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reference", "promotion"], condition=Q(given_back_at=None), name="redemption_open_unique"
            )
        ]
        indexes = [
            models.Index(
                fields=["promotion", "customer"], condition=Q(given_back_at=None), name="redemption_of_customer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id} for {self.reference}"


class Revision(models.Model):
    """Which rules are in force: one row, whose number every edit replaces.

    The number is random. What a transaction wrote and took back is never taken for what another one wrote.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="revision_one_row")]

    def __str__(self) -> str:
        return str(self.number)
