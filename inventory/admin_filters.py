"""The filters of the lists of stock."""

from datetime import datetime, time
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from inventory.admin_forms import marked
from inventory.bands import AlertBand, Band
from inventory.models import StockLevel, StockMovement, Warehouse
from inventory.overview import in_bands, present_in


class BandFilter(admin.SimpleListFilter):
    """Items in a band."""

    title = "band"
    parameter_name = "band"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The bands."""
        return [(band.value, band.label) for band in Band]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Items in the chosen band."""
        return queryset.filter(in_bands([self.value() or ""])) if self.value() else queryset


class PresentBandFilter(BandFilter):
    """Open alerts by the band of their item now."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The bands in which an alert is open."""
        return [(band.value, band.label) for band in AlertBand]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Open alerts whose item is in the chosen band."""
        return present_in(queryset, [self.value() or ""]) if self.value() else queryset


class WarehouseFilter(admin.SimpleListFilter):
    """Items that lie in a warehouse; an empty shelf does not count."""

    title = "warehouse"
    parameter_name = "warehouse"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The warehouses."""
        return [(warehouse.code, marked(warehouse)) for warehouse in Warehouse.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Items that lie in the chosen warehouse."""
        if not self.value():
            return queryset
        here = StockLevel.objects.filter(warehouse__in=Warehouse.objects.with_codes(self.value() or ""))
        return queryset.filter(pk__in=here.filter(Q(on_hand__gt=0) | Q(reserved__gt=0)).values("item"))


class ChangedFilter(admin.SimpleListFilter):
    """Items that have moved since midnight in the shop's time zone; a promise to a customer is a movement too."""

    title = "last movement"
    parameter_name = "changed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The one choice."""
        return [("today", "Changed today")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Items that have moved today, if that is chosen."""
        if self.value() != "today":
            return queryset
        midnight = timezone.make_aware(datetime.combine(timezone.localdate(), time()))
        moved = StockMovement.objects.filter(at__gte=midnight)
        return queryset.filter(pk__in=moved.values("level__item"))
