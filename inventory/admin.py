"""Stock for staff: items, the verbs that move them, and the reasons for a number. Quantities change by verbs alone."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from accounts.names import name_actors, names_of
from database.refusals import Refusal
from events.actors import admin_actor
from inventory import overview, services
from inventory.admin_filters import BandFilter, ChangedFilter, WarehouseFilter
from inventory.admin_forms import MOST_NAMED, AsOfForm, BackorderForm, WarehouseForm, items_with
from inventory.admin_ledger import StockAlertAdmin, StockMovementAdmin, badge
from inventory.admin_pages import ADJUST, RECEIVE, TRANSFER, verb_page
from inventory.admin_sheets import count_page, grid_page
from inventory.cover import days_of_cover, lately
from inventory.models import (
    Reservation,
    StockAlert,
    StockItem,
    StockMovement,
    Warehouse,
)
from inventory.skus import kept_sku
from staff.forms import show_refusal
from staff.frame import Page, StaffAdmin
from staff.templatetags.charts import Step

MOVE = "inventory.change_stocklevel"
VIEW = "inventory.view_stockitem"
# The promises that the page of an item shows, the oldest first.
MOST_PROMISES = 100
NO_DEMAND = mark_safe('<span class="quiet" title="Nobody has ordered it in the last four weeks.">no demand</span>')


@admin.register(StockItem)
class StockItemAdmin(StaffAdmin[StockItem]):
    """Items, which the catalog makes. Staff say here how an item is reordered, and move its stock.

    How long stock lasts, and the last movement, are looked up for the rows of a page. The list cannot be sorted by
    these two: sorting would have to ask the whole ledger about every item.
    """

    list_display = (
        "item", "name", "on_hand", "reserved", "available", "reorder_point", "cover", "last_movement",
    )  # fmt: skip
    list_display_links = None
    list_filter: ClassVar[list[Any]] = [BandFilter, "is_sold", WarehouseFilter, ChangedFilter]
    search_fields = ("sku", "name", "barcode")
    search_help_text = "SKU, barcode or a part of the name"
    sortable_by = ("item", "name", "on_hand", "reserved", "available", "reorder_point")
    ordering = ("sku",)
    fields = ("sku", "name", "barcode", "reorder_point", "reorder_quantity", "lead_time_days", "unit_cost")
    readonly_fields = ("sku", "name")
    pages = (
        Page("receive/", "receive", "receive_page", MOVE, menu="Receive goods"),
        Page("adjust/", "adjust", "adjust_page", MOVE, menu="Adjust"),
        Page("transfer/", "transfer", "transfer_page", MOVE, menu="Transfer"),
        Page("grid/", "grid", "grid_page", MOVE, menu="Correct many"),
        Page("count/", "count", "count_page", MOVE, menu="Stock count"),
        Page("<int:item_id>/why/", "why", "why_page", VIEW, methods=("GET",)),
        Page("<int:item_id>/backorder/", "backorder", "backorder_page", MOVE),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds an item here: the catalog makes them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: StockItem | None = None) -> bool:
        """Nobody deletes an item: the ledger names it for ever."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockItem]:
        """Items with their totals."""
        return overview.with_totals(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StockItem], search_term: str
    ) -> tuple[QuerySet[StockItem], bool]:
        """Items by a part of a name. A whole SKU or barcode, as a scanner reads one, finds its item alone."""
        exact = StockItem.objects.with_code(search_term).values_list("pk", flat=True)
        if search_term and (found := list(exact)):
            return queryset.filter(pk__in=found), False
        return super().get_search_results(request, queryset, kept_sku(search_term))

    def look_up(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Put on each row its demand, its last movement, and the name of the person who moved it."""
        found = lately([row.pk for row in rows])
        names = names_of(request, [item.actor for item in found.values()])
        for row in rows:
            row.lately = found[row.pk]
            row.moved_by = names.get(row.lately.actor, row.lately.actor)

    def change(self, request: HttpRequest, row: StockItem, changes: dict[str, Any], version: int | None) -> None:
        """Change what is said about an item, by the service. A barcode that others have is taken, with a warning."""
        services.update_item(sku=row.sku, actor=admin_actor(request), expected_version=version, **changes)
        others = [item.sku for item in items_with(changes.get("barcode", "")) if item.pk != row.pk]
        if others:
            names = ", ".join(others[:MOST_NAMED])
            messages.warning(request, f"{names} can be scanned by this code too: a scan will name all of them.")

    def subject_of(self, row: StockItem) -> str:
        """The journal's name for an item."""
        return f"sku:{row.sku}"

    @admin.display(description="SKU", ordering="sku")
    def item(self, row: StockItem) -> str:
        """The SKU, with a link to the page that explains the stock."""
        return format_html('<a class="sku" href="{}">{}</a>', self.url("why", row.pk), row.sku)

    @admin.display(ordering="on_hand")
    def on_hand(self, row: Any) -> int:
        """Units that lie there."""
        return int(row.on_hand)

    @admin.display(ordering="reserved")
    def reserved(self, row: Any) -> int:
        """Units that are promised."""
        return int(row.reserved)

    @admin.display(ordering="available")
    def available(self, row: Any) -> str:
        """Units that can still be promised, with their band."""
        return format_html("{} {}", row.available, badge(row.band))

    @admin.display(description="days of cover")
    def cover(self, row: Any) -> str:
        """How many days these units last."""
        days = days_of_cover(row.available, row.lately.demand)
        return NO_DEMAND if days is None else str(days)

    @admin.display(description="last movement")
    def last_movement(self, row: Any) -> str:
        """When the item moved last, how, and by whom."""
        if row.lately.at is None:
            return ""
        at = date_format(timezone.localtime(row.lately.at), "DATETIME_FORMAT")
        what = StockMovement.Kind(row.lately.kind).label.lower()
        return format_html('{}<span class="more">{}, {}</span>', at, what, row.moved_by)

    def receive_page(self, request: HttpRequest) -> HttpResponseBase:
        """Receive goods."""
        return verb_page(self, request, RECEIVE)

    def adjust_page(self, request: HttpRequest) -> HttpResponseBase:
        """Adjust stock."""
        return verb_page(self, request, ADJUST)

    def transfer_page(self, request: HttpRequest) -> HttpResponseBase:
        """Move goods between warehouses."""
        return verb_page(self, request, TRANSFER)

    def grid_page(self, request: HttpRequest) -> HttpResponseBase:
        """Correct many shelves."""
        return grid_page(self, request)

    def count_page(self, request: HttpRequest) -> HttpResponseBase:
        """Count a warehouse."""
        return count_page(self, request)

    def why_page(self, request: HttpRequest, item_id: int) -> HttpResponseBase:
        """The reasons for a number: the levels, the promises and the ledger of one item, now or at a moment."""
        item = self.one(request, item_id)
        form = AsOfForm(request.GET or None)
        at = form.cleaned_data["at"] if form.is_bound and form.is_valid() else None
        before = request.GET.get("before", "")
        rows, more = overview.timeline(item.pk, before=int(before) if re.fullmatch("[0-9]{1,18}", before) else None)
        name_actors(request, [row.movement for row in rows])
        promises = Reservation.objects.filter(level__item=item, state=Reservation.State.OPEN)
        oldest = list(promises.select_related("level__warehouse").order_by("created_at", "id")[:MOST_PROMISES])
        return self.show(
            request,
            "admin/inventory/why.html",
            item.sku,
            item=item,
            badge=badge(item.band),
            levels=overview.past_levels(item.pk),
            then=overview.past_levels(item.pk, at=at) if at else None,
            at=at,
            form=form,
            rows=rows,
            more=urlencode({"before": more}) if more else "",
            names=("on hand", "not promised"),
            steps=steps_of(rows, until_now=not before),
            reservations=oldest,
            promises_left_out=promises.count() - len(oldest) if len(oldest) == MOST_PROMISES else 0,
            may_move=self.may(request, MOVE),
            may_edit=self.has_change_permission(request, item),
        )

    def backorder_page(self, request: HttpRequest, item_id: int) -> HttpResponseBase:
        """How many units may be promised before they are there."""
        item = self.one(request, item_id)
        form = BackorderForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            warehouse, limit = form.cleaned_data["warehouse"], form.cleaned_data["limit"]
            try:
                services.set_backorder_limit(
                    item_id=item.pk, warehouse_id=warehouse.pk, limit=limit, actor=admin_actor(request)
                )
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                messages.success(request, f"Up to {limit} units may be promised ahead in {warehouse.name}.")
                return HttpResponseRedirect(self.url("why", item.pk))
        title = f"Backorders of {item.sku}"
        return self.show(
            request, "admin/form_page.html", title, form=form, back=self.url("why", item.pk), place=item.sku, verb="Set"
        )

    def one(self, request: HttpRequest, item_id: int) -> Any:
        """The item with this id, with its totals; 404 when there is none."""
        item = self.get_queryset(request).filter(pk=item_id).first()
        if item is None:
            raise Http404("There is no such item.")
        return item


@admin.register(Warehouse)
class WarehouseAdmin(StaffAdmin[Warehouse]):
    """Warehouses. None is deleted, since the ledger names it for ever."""

    list_display = ("code", "name", "priority", "is_active")
    search_fields = ("code", "name")
    form = WarehouseForm
    fields = ("code", "name", "priority", "is_active", "sure")

    def has_delete_permission(self, request: HttpRequest, obj: Warehouse | None = None) -> bool:
        """Nobody deletes a warehouse."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Warehouse | None = None) -> tuple[str, ...]:
        """The code stays as it was when the warehouse was opened."""
        return ("code",) if obj else ()

    def create(self, request: HttpRequest, data: Mapping[str, Any]) -> Warehouse:
        """Open a warehouse, by the service."""
        details = {name: value for name, value in data.items() if name != "sure"}
        return services.create_warehouse(**details, actor=admin_actor(request))

    def change(self, request: HttpRequest, row: Warehouse, changes: dict[str, Any], version: int | None) -> None:
        """Change a warehouse, by the service. `sure` is no change, but the answer to a question."""
        changes.pop("sure", None)
        services.update_warehouse(code=row.code, actor=admin_actor(request), expected_version=version, **changes)

    def subject_of(self, row: Warehouse) -> str:
        """The journal's name for a warehouse."""
        return f"warehouse:{row.code}"


def steps_of(rows: list[overview.TimelineRow], *, until_now: bool) -> list[Step]:
    """The steps of the chart: the balances of the page, oldest first. The newest balance lasts until now."""
    steps = [Step(row.movement.at, (row.on_hand, row.on_hand - row.reserved)) for row in reversed(rows)]
    return [*steps, Step(timezone.now(), steps[-1].values)] if steps and until_now else steps


# In the sequence in which the navigation shows them.
admin.site.register(StockMovement, StockMovementAdmin)
admin.site.register(StockAlert, StockAlertAdmin)
