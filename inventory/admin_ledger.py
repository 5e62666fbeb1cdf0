"""The ledger and the alerts for staff. Both are for reading."""

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html

from accounts.names import name_actors
from inventory.admin_filters import PresentBandFilter
from inventory.bands import Band
from inventory.models import StockAlert, StockItem, StockMovement, StockMovementQuerySet
from inventory.overview import with_present
from staff.frame import ReadOnly, StaffAdmin
from staff.lists import by_moment


class KindFilter(admin.ChoicesFieldListFilter):
    """By the kind of a movement, through the index for the seldom ones."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Movements of the chosen kind."""
        found = cast(StockMovementQuerySet, super().queryset(request, queryset))
        return found.of_kinds(self.lookup_val[-1:]) if self.lookup_val else found


class StockMovementAdmin(ReadOnly, StaffAdmin[StockMovement]):
    """The ledger. It is append-only, for administrators too."""

    list_display = (
        "at", "item", "kind", "on_hand_change", "reserved_change", "who", "reference_link", "reason",
        "warehouse",
    )  # fmt: skip
    list_display_links = None
    list_select_related = ("level__item", "level__warehouse")
    list_filter = (("kind", KindFilter), "level__warehouse", ("at", admin.DateFieldListFilter))
    search_fields = ("reference",)
    search_help_text = "SKU, barcode, reference or actor (staff:3), in full"
    ordering = ("-at", "-id")
    sortable_by = ()

    def look_up(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Put on each row the name of the person who moved it."""
        name_actors(request, rows)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StockMovement], search_term: str
    ) -> tuple[QuerySet[StockMovement], bool]:
        """Movements of a whole SKU, barcode, reference or actor, by index. Parts of one would read the whole ledger."""
        term = search_term.strip()
        if not term:
            return queryset, False
        items = list(StockItem.objects.with_code(term).values_list("pk", flat=True))
        if items:
            return queryset.filter(level__item__in=items), False
        # The journal has an index for the deeds of customers. The ledger does not pay for another one.
        by_actor = term == "system" or term.startswith("staff:")
        return queryset.filter(actor=term) if by_actor else queryset.filter(reference=term), False

    @admin.display(description="SKU")
    def item(self, row: StockMovement) -> str:
        """The SKU, with a link to the page that explains the stock."""
        url = reverse("admin:inventory_stockitem_why", args=[row.level.item_id])
        return format_html('<a class="sku" href="{}">{}</a>', url, row.level.item.sku)

    @admin.display
    def warehouse(self, row: StockMovement) -> str:
        """The code of the warehouse, marked if it is not active."""
        return render_to_string("admin/inventory/place.html", {"place": row.level.warehouse})

    @admin.display(description="on hand")
    def on_hand_change(self, row: StockMovement) -> str:
        """What the movement did to the units on hand."""
        return change(row.on_hand_delta, row.on_hand_after)

    @admin.display(description="reserved")
    def reserved_change(self, row: StockMovement) -> str:
        """What the movement did to the promised units."""
        return change(row.reserved_delta, row.reserved_after)

    @admin.display(description="reference")
    def reference_link(self, row: StockMovement) -> str:
        """The reference, with a link to the page of the thing that it names."""
        if not row.reference:
            return ""
        return format_html('<a href="{}">{}</a>', reverse("admin:reference", args=[row.reference]), row.reference)

    @admin.display
    def who(self, row: Any) -> str:
        """The name of the person."""
        return str(row.who)


class StockAlertAdmin(ReadOnly, StaffAdmin[StockAlert]):
    """Alerts. They open and close by themselves. An open one shows how the item stands now, beside its worst band."""

    list_display = ("opened_at", "item_link", "name", "band_now", "available", "worst", "closed_at")
    list_display_links = None
    list_filter = (PresentBandFilter, ("closed_at", by_moment("alerts", still="Open", done="Closed")))
    search_fields = ("item__sku", "item__name")
    ordering = ("-opened_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockAlert]:
        """Alerts with how their items stand now."""
        return with_present(super().get_queryset(request))

    @admin.display(description="SKU", ordering="item__sku")
    def item_link(self, row: StockAlert) -> str:
        """The SKU, with a link to the page that explains the stock."""
        url = reverse("admin:inventory_stockitem_why", args=[row.item_id])
        return format_html('<a class="sku" href="{}">{}</a>', url, row.item.sku)

    @admin.display(description="name")
    def name(self, row: StockAlert) -> str:
        """What the item is called."""
        return row.item.name

    @admin.display(description="band")
    def band_now(self, row: Any) -> str:
        """The band of now while the alert is open."""
        return "" if row.closed_at else badge(row.present_band)

    @admin.display
    def available(self, row: Any) -> str:
        """What can be promised now, while the alert is open."""
        return "" if row.closed_at else str(row.present_available)

    @admin.display(description="worst", ordering="band")
    def worst(self, row: StockAlert) -> str:
        """The worst band that the alert has seen."""
        return badge(row.band)


def change(delta: int, after: int) -> str:
    """The change of one counter and its balance after it; nothing when the counter did not change."""
    return f"{delta:+} → {after}" if delta else ""


def badge(band: str | None) -> str:
    """A band as a coloured word. What has none is not for sale."""
    if band is None:
        return format_html('<span class="badge {}">{}</span>', "archived", "Not for sale")
    return format_html('<span class="badge {}">{}</span>', band, Band(band).label.capitalize())
