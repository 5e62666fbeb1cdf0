"""The query strings of stock."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from api.fields import Choice, DayOrTimestamp, Flag, Text
from api.filters import Filter, FilterSet, ListFilters, Parameter
from inventory.bands import AlertBand, Band
from inventory.models import StockAlert, StockItem, StockLevel, StockMovement, StockMovementQuerySet, Warehouse
from inventory.overview import in_bands, present_in
from inventory.skus import kept_sku


class ItemFilters(ListFilters):
    """Items by band, by warehouse, and by a part of the SKU, the name or the barcode."""

    band = Filter(Choice(required=False, choices=Band.choices), method="in_bands", several=True)
    warehouse = Filter(
        Text(required=False, max_length=32, help_text="The code of a warehouse where the item lies or has lain."),
        method="in_warehouses",
        several=True,
    )
    is_sold = Filter(Flag(required=False, help_text="Whether the item is for sale."), field_name="is_sold")
    search = Filter(
        Text(required=False, max_length=100, help_text="A part of the SKU, the name or the barcode."), method="named"
    )

    def in_bands(self, items: QuerySet[StockItem], bands: Sequence[str]) -> QuerySet[StockItem]:
        """Items in one of these bands."""
        return items.filter(in_bands(bands))

    def in_warehouses(self, items: QuerySet[StockItem], codes: Sequence[str]) -> QuerySet[StockItem]:
        """Items with a level in one of these warehouses."""
        levels = StockLevel.objects.filter(warehouse__in=Warehouse.objects.with_codes(*codes))
        return items.filter(pk__in=levels.values("item_id"))

    def named(self, items: QuerySet[StockItem], text: str) -> QuerySet[StockItem]:
        """Items whose SKU, name or barcode contains this text, in any case."""
        text = kept_sku(text)
        return items.filter(Q(sku__icontains=text) | Q(name__icontains=text) | Q(barcode__icontains=text))


class AsOfFilters(FilterSet):
    """The moment that is asked about."""

    at = Parameter(DayOrTimestamp(help_text="The moment; a date is the first one of the shop's day."))


class MovementFilters(ListFilters):
    """Movements by item, warehouse, kind, reference, actor and time. Each filter finds its rows by an index."""

    sku = Filter(Text(required=False, max_length=64), method="of_skus", several=True)
    warehouse = Filter(Text(required=False, max_length=32), method="in_warehouses", several=True)
    kind = Filter(Choice(required=False, choices=StockMovement.Kind.choices), method="of_kinds", several=True)
    reference = Filter(Text(required=False, max_length=64), field_name="reference", several=True)
    actor = Filter(
        Text(required=False, max_length=64, help_text='"staff:3", "customer:17" or "system".'),
        field_name="actor",
        several=True,
    )
    since = Filter(
        DayOrTimestamp(required=False, help_text="Then or later; a date is the shop's day, from its first moment."),
        field_name="at",
        lookup_expr="gte",
    )
    until = Filter(
        DayOrTimestamp(
            required=False,
            end_of_day=True,
            help_text="Then or before; a date is the shop's day, to its last moment.",
        ),
        field_name="at",
        lookup_expr="lte",
    )

    def of_skus(self, movements: QuerySet[StockMovement], skus: Sequence[str]) -> QuerySet[StockMovement]:
        """Movements of these items.

        The ids of their levels are read first: with a literal list of levels PostgreSQL reads the newest movements of
        each level from the index.
        """
        levels = StockLevel.objects.filter(item__in=StockItem.objects.with_skus(*skus)).values_list("pk", flat=True)
        return movements.filter(level__in=list(levels))

    def in_warehouses(self, movements: QuerySet[StockMovement], codes: Sequence[str]) -> QuerySet[StockMovement]:
        """Movements in these warehouses."""
        return movements.filter(level__warehouse__in=Warehouse.objects.with_codes(*codes))

    def of_kinds(self, movements: StockMovementQuerySet, kinds: Sequence[str]) -> StockMovementQuerySet:
        """Movements of these kinds."""
        return movements.of_kinds(kinds)


class AlertFilters(ListFilters):
    """Open alerts, or all of them."""

    state = Filter(Choice(required=False, choices=["open", "all"], default="open"), method="in_state")

    def in_state(self, alerts: QuerySet[StockAlert], state: str) -> QuerySet[StockAlert]:
        """Open alerts, unless all are asked for."""
        return alerts if state == "all" else present_in(alerts, AlertBand.values)
