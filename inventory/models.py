"""How many: stock items, where they lie, what is promised, and the ledger of every change.

Inventory knows SKUs and quantities. What they are sold as, and to whom, is the business of other apps.
"""

from collections.abc import Collection, Sequence
from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now, Upper
from django.db.models.lookups import Exact, IsNull

from database.money import MoneyField, validate_cost
from inventory.bands import AlertBand
from inventory.former_names import FormerName as FormerName  # a model of this app
from inventory.skus import SkuKey, StockItemQuerySet, validate_sku
from inventory.warehouses import Warehouse as Warehouse  # a model of this app

# What a level can count, and what one line of a posting may say: more is a slip, such as a barcode among the units.
MAX_QUANTITY = 1_000_000_000
MAX_LINE_QUANTITY = 10_000_000


class ClockTimestamp(Func):
    """The moment of the call. `now()` is the start of the transaction, which is before the locks it has waited for."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()


class StockItem(models.Model):
    """A thing that is counted, known by its SKU. The catalog keeps `name`, a label, and `is_sold` up to date."""

    sku = models.CharField("SKU", max_length=64, unique=True, validators=[validate_sku])
    name = models.CharField(max_length=255)
    is_sold = models.BooleanField("for sale", default=False, db_default=False, editable=False)
    barcode = models.CharField(max_length=64, blank=True)
    in_stock = models.BooleanField(
        default=False, editable=False, help_text="Can be ordered now. Flipped by the stock writer alone."
    )
    reorder_point = models.PositiveIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(MAX_QUANTITY)], help_text="Low at or below this."
    )
    reorder_quantity = models.PositiveIntegerField(null=True, blank=True, validators=[MaxValueValidator(MAX_QUANTITY)])
    lead_time_days = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(3_650)])
    unit_cost = MoneyField(null=True, blank=True, validators=[validate_cost])
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = StockItemQuerySet.as_manager()

    class Meta:
        verbose_name = "stock item"
        constraints = [
            models.UniqueConstraint(
                SkuKey("sku"),
                name="stockitem_sku_key_unique",
                violation_error_code="sku_taken",
                violation_error_message="This SKU is taken.",
            )
        ]
        indexes = [
            models.Index(fields=["barcode"], condition=~Q(barcode=""), name="stockitem_barcode"),
            # For a part of a SKU, a name or a barcode, in any case.
            GinIndex(
                *(OpClass(Upper(field), "gin_trgm_ops") for field in ("sku", "name", "barcode")),
                name="stockitem_search",
            ),
        ]

    def __str__(self) -> str:
        return self.sku


class StockLevelQuerySet(models.QuerySet["StockLevel"]):
    """Levels of stock."""

    def locked(self, item_ids: Collection[int] | models.QuerySet[Any] | RawSQL) -> Self:
        """All levels of these items, locked in the one sequence that every writer uses: by item, then by warehouse.

        After a wait PostgreSQL reads the locked rows again, but not the rows that are joined to them: decide only on
        columns of the levels.
        """
        return (
            self.filter(item_id__in=item_ids)
            .order_by("item_id", "warehouse_id")
            .select_for_update(of=("self",), no_key=True)
        )


# What the API says when a CHECK refuses a change that a service should have refused earlier.
NOT_ENOUGH: Any = {"violation_error_code": "insufficient_stock", "violation_error_message": "Not enough stock."}


class StockLevel(models.Model):
    """How much of one item lies in one warehouse, and how much of that is promised."""

    item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="levels", db_index=False)
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="levels")
    on_hand = models.IntegerField(default=0, db_default=0, editable=False)
    reserved = models.IntegerField(default=0, db_default=0, editable=False)
    backorder_limit = models.IntegerField(
        default=0, db_default=0, help_text="Units that may be promised before they are there."
    )

    objects = StockLevelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "warehouse"], name="stocklevel_item_warehouse_unique"),
            *(
                models.CheckConstraint(condition=condition, name=name, **NOT_ENOUGH)
                for name, condition in {
                    "stocklevel_on_hand_not_negative": Q(on_hand__gte=0),
                    "stocklevel_reserved_not_negative": Q(reserved__gte=0),
                    "stocklevel_backorder_not_negative": Q(backorder_limit__gte=0),
                    "stocklevel_not_oversold": Q(reserved__lte=F("on_hand") + F("backorder_limit")),
                }.items()
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}@{self.warehouse_id}"

    @property
    def available(self) -> int:
        """Units that can still be promised."""
        return self.on_hand + self.backorder_limit - self.reserved

    @property
    def unsold(self) -> int:
        """Units that lie there and are promised to nobody; negative when more is promised than is there."""
        return self.on_hand - self.reserved

    @property
    def removable(self) -> int:
        """Units that can leave the warehouse without breaking a promise."""
        return min(self.on_hand, self.available)


class Reservation(models.Model):
    """Units of one level promised to a reference. With `expires_at` it is a hold, without it a firm promise."""

    class State(models.TextChoices):
        """Open, or how the reservation was resolved."""

        OPEN = "open"
        FULFILLED = "fulfilled"
        RELEASED = "released"
        EXPIRED = "expired"

    level = models.ForeignKey(StockLevel, on_delete=models.PROTECT, related_name="reservations", db_index=False)
    quantity = models.IntegerField()
    reference = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN, db_default=State.OPEN)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    expires_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reference", "level"], condition=Q(state="open"), name="reservation_open_unique"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservation_quantity_positive"),
            models.CheckConstraint(
                condition=Exact(IsNull(F("resolved_at"), True), Exact(F("state"), Value("open"))),
                name="reservation_resolved_once",
            ),
        ]
        indexes = [
            models.Index(fields=["reference"], name="reservation_reference"),
            models.Index(fields=["level"], condition=Q(state="open"), name="reservation_open_level"),
            models.Index(
                fields=["expires_at"],
                condition=Q(state="open", expires_at__isnull=False),
                name="reservation_open_expiry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} for {self.reference}"


COMMON_KINDS = ("reserved", "released", "shipped")
IS_SELDOM = "inventory_stockmovement.kind not in ('reserved', 'released', 'shipped')"


class StockMovementQuerySet(models.QuerySet["StockMovement"]):
    """Movements of the ledger."""

    def of_kinds(self, kinds: Sequence[str]) -> Self:
        """Movements of these kinds.

        If all of them are seldom, the condition of their index is added: PostgreSQL plans a prepared statement without
        its values, and would read the whole ledger in search of a few rows.
        """
        found = self.filter(kind__in=kinds)
        if set(kinds) & set(COMMON_KINDS):
            return found
        return found.filter(RawSQL(IS_SELDOM, [], models.BooleanField()))  # noqa: S611  # no value goes in


class StockMovement(models.Model):
    """One line of the ledger: append-only, which a trigger enforces. Ids and times rise together per level."""

    class Kind(models.TextChoices):
        """What has happened to the units."""

        RECEIVED = "received"
        ADJUSTED = "adjusted"
        COUNTED = "counted"
        RESERVED = "reserved"
        RELEASED = "released"
        EXPIRED = "expired"
        SHIPPED = "shipped"
        RETURNED = "returned"
        TRANSFERRED_OUT = "transferred_out"
        TRANSFERRED_IN = "transferred_in"
        SHORTFALL = "shortfall"
        CORRECTED = "corrected"
        REALLOCATED = "reallocated"

    level = models.ForeignKey(StockLevel, on_delete=models.PROTECT, related_name="movements", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)
    on_hand_delta = models.IntegerField()
    reserved_delta = models.IntegerField()
    on_hand_after = models.IntegerField()
    reserved_after = models.IntegerField()
    unit_cost = MoneyField(null=True)
    reference = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=255, blank=True)
    actor = models.CharField(max_length=64)
    at = models.DateTimeField(db_default=ClockTimestamp())

    objects = StockMovementQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["level", "-at", "-id"], name="movement_level_newest"),
            models.Index(fields=["-at", "-id"], name="movement_newest"),
            models.Index(fields=["reference"], condition=~Q(reference=""), name="movement_reference"),
            models.Index(SkuKey("reference"), condition=Q(kind="received"), name="movement_delivery_note"),
            # A seldom kind is found without reading past the common ones. Writing a common one does not pay for it.
            models.Index(
                fields=["kind", "-at", "-id"],
                condition=~Q(kind__in=COMMON_KINDS),
                name="movement_seldom_kind",
            ),
            models.Index(fields=["actor", "-at", "-id"], condition=Q(actor__gte="staff:"), name="movement_staff"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.on_hand_delta:+}/{self.reserved_delta:+}"


class StockAlert(models.Model):
    """An item for sale is low or out. One alert is open per item then, and none otherwise.

    What is stored is history: `band` is the worst band since the alert was opened, and `available` what could be
    promised when that was reached. How the item stands now is computed, by `overview.with_present`.
    """

    Band = AlertBand

    item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="alerts")
    band = models.CharField(max_length=12, choices=Band)
    available = models.IntegerField()
    opened_at = models.DateTimeField(db_default=ClockTimestamp())
    closed_at = models.DateTimeField(null=True)
    out_since = models.DateTimeField(null=True, help_text="Since when the item is out of stock, if it is.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item"], condition=Q(closed_at=None), name="stockalert_one_open")
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.band}"
