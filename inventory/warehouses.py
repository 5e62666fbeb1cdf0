"""Warehouses, and when the codes of two are one: `north` and `North` are. A code is ASCII, so only case can differ."""

from typing import Self

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower


class WarehouseQuerySet(models.QuerySet["Warehouse"]):
    """Warehouses."""

    def with_codes(self, *codes: str) -> Self:
        """Those with these codes, in whatever case each is spelt."""
        return self.alias(code_key=Lower("code")).filter(code_key__in=map(code_key, codes))


def code_key(code: str) -> str:
    """One text for all spellings of a code."""
    return code.lower()


class Warehouse(models.Model):
    """A place where stock lies."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=100)
    priority = models.PositiveSmallIntegerField(
        default=100, help_text="Lower numbers are used first.", validators=[MaxValueValidator(32_767)]
    )
    is_active = models.BooleanField(default=True, help_text="Stock in an inactive warehouse is not for sale.")
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        ordering = ["priority", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("code"),
                name="warehouse_code_key_unique",
                violation_error_code="code_taken",
                violation_error_message="This code is taken.",
            )
        ]

    def __str__(self) -> str:
        return self.name
