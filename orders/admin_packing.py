"""The packing table: what is to be packed, papers of many orders, and the page of the scanner. No prices stand here.

Whoever packs sees no list of orders and none of customers: what is needed for a parcel stands on these pages.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html

from database.refusals import Refusal
from events.actors import admin_actor
from orders import services
from orders.models import Fulfilment, Order
from orders.packing import READY, Packed, picks_of, readiness, sheets_of, sheets_of_parcels, still_to_leave, to_pack
from orders.services.sending import Tracking
from staff.forms import Line, WholeField, show_refusal
from staff.frame import NUMBER, Page, ReadOnly, StaffAdmin

SEE, PACK = "orders.view_fulfilment", "orders.add_fulfilment"
# The oldest orders that the page shows, and those whose papers are printed at once. Their ids stand in an address, and
# servers take addresses of some thousand characters.
MOST_SHOWN = 200
WORDS = {"ready": "Can ship now", "in_part": "Can ship in part", "waits": "Waits for goods"}


def papers_url(kind: str, ids: Iterable[int]) -> str:
    """The address of the pick list ("picks") or the packing slips ("slips") of these orders."""
    return f"{reverse('admin:orders_fulfilment_papers')}?{urlencode({'kind': kind, 'order': list(ids)}, doseq=True)}"


class PackForm(forms.Form):
    """How many units of each line are in the parcel, and how it travels. `version` is that of the order."""

    version = WholeField(widget=forms.HiddenInput)
    carrier = Line(max_length=100, required=False)
    tracking_number = Line(max_length=100, required=False)

    def __init__(self, packed: Sequence[Packed], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.packed = packed
        for row in packed:
            self.fields[f"units-{row.line.pk}"] = WholeField(
                label=f"Packed of {row.line.sku}", required=False, min_value=0, max_value=row.quantity
            )

    def rows(self) -> list[tuple[Packed, forms.BoundField]]:
        """Each line that is to be packed, with its field."""
        return [(row, self[f"units-{row.line.pk}"]) for row in self.packed]

    def travels(self) -> list[forms.BoundField]:
        """The fields of how the parcel travels."""
        return [self["carrier"], self["tracking_number"]]

    def clean(self) -> dict[str, Any]:
        """Refuses a parcel without anything in it."""
        data = super().clean() or self.cleaned_data
        if not self.errors and not self.units:
            raise forms.ValidationError("There is nothing in this parcel yet: scan an article.")
        return data

    @property
    def units(self) -> dict[int, int]:
        """The units that were packed, by the id of their line."""
        counted = ((row.line.pk, self.cleaned_data.get(f"units-{row.line.pk}")) for row in self.packed)
        return {line_id: units for line_id, units in counted if units}


class Packable:
    """Mixed in before the admin of orders: whether the goods of a row can leave, and the papers of many orders."""

    def has_packing_permission(self: Any, request: HttpRequest) -> bool:
        """Whether the caller may print what is packed."""
        return bool(self.may(request, SEE))

    def look_up(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Put on each row whether its goods can leave now."""
        states = readiness(rows)
        for row in rows:
            row.readiness = states.get(row.pk, "")

    @admin.display(description="goods")
    def goods(self, row: Any) -> str:
        """Whether a confirmed order can ship now."""
        state = row.readiness
        return format_html('<span class="badge {}">{}</span>', state, WORDS[state]) if state else ""

    @admin.action(description="Pick list", permissions=["packing"])
    def pick_list(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """What is to be taken for the chosen orders, on one page."""
        return self.papers(request, queryset, "picks")

    @admin.action(description="Packing slips", permissions=["packing"])
    def packing_slips(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """The slips of the chosen orders, on one page."""
        return self.papers(request, queryset, "slips")

    def papers(self, request: HttpRequest, queryset: QuerySet[Order], kind: str) -> HttpResponse | None:
        """Lead to the papers of the chosen orders."""
        ids = list(queryset.order_by("order_date", "pk").values_list("pk", flat=True)[: MOST_SHOWN + 1])
        if len(ids) > MOST_SHOWN:
            messages.error(request, f"Choose at most {MOST_SHOWN} at once. Nothing was done.")
            return None
        return HttpResponseRedirect(papers_url(kind, ids))


@admin.register(Fulfilment)
class FulfilmentAdmin(ReadOnly, StaffAdmin[Fulfilment]):
    """The list of parcels, and the pages of whoever packs them."""

    list_display = ("id", "order", "warehouse", "state", "carrier", "tracking_number", "shipped_at")
    list_select_related = ("order", "warehouse")
    list_filter = ("state",)
    search_fields = ("=order__number", "=tracking_number")
    search_help_text = "The number of an order, or a tracking number, in full"
    ordering = ("-id",)
    sortable_by = ("id",)
    fields = ("order", "warehouse", "state", "carrier", "tracking_number", "tracking_url", "shipped_at", "cancelled_at")
    pages = (
        Page("to-pack/", "to_pack", "to_pack_page", SEE, menu="To pack", methods=("GET",)),
        Page("papers/", "papers", "papers_page", SEE, methods=("GET",)),
        Page("scan/", "scan", "scan_page", PACK, menu="Scan and pack", methods=("GET",)),
        Page("scan/<int:packed_id>/", "scan_order", "scan_order_page", PACK),
    )

    def subject_of(self, row: Fulfilment) -> str:
        """The order's: the journal tells of parcels there."""
        return f"order:{row.order_id}"

    def to_pack_page(self, request: HttpRequest) -> HttpResponseBase:
        """The confirmed orders of which something is still to leave, the oldest first, without prices."""
        confirmed = Order.objects.visible().filter(status=Order.Status.CONFIRMED).order_by("order_date", "pk")
        orders = list(confirmed[:MOST_SHOWN])
        states, left = readiness(orders), still_to_leave(orders)
        shown = [(order, states.get(order.pk, ""), left.get(order.reference, (0, 0))) for order in orders]
        rows = [(order, state, WORDS.get(state, ""), *counts) for order, state, counts in shown]
        if request.GET.get("ready"):
            rows = [row for row in rows if row[1] == READY]
        return self.show(
            request,
            "admin/orders/to_pack.html",
            "To pack",
            rows=rows,
            only_ready=bool(request.GET.get("ready")),
            most=MOST_SHOWN if len(orders) == MOST_SHOWN else 0,
            may_pack=self.may(request, PACK),
        )

    def papers_page(self, request: HttpRequest) -> HttpResponseBase:
        """The pick list, or the packing slips, of the orders whose ids the address has; or the slips of parcels."""
        orders = chosen(request, "order")
        if request.GET.get("kind") == "picks":
            to_take = [order for order in orders if order.status == Order.Status.CONFIRMED and not order.deleted_at]
            others = [order for order in orders if order not in to_take]
            return self.show(
                request, "admin/orders/picks.html", "Pick list", picks=picks_of(to_take), orders=to_take, others=others
            )
        parcels = sheets_of_parcels(ids_in(request, "parcel"))
        return self.show(request, "admin/orders/papers.html", "Packing slips", sheets=[*sheets_of(orders), *parcels])

    def scan_page(self, request: HttpRequest) -> HttpResponseBase:
        """Asks for the number of an order. What was packed last can be printed from here."""
        number = request.GET.get("number", "").strip()[:20]
        error = ""
        if number:
            order = Order.objects.visible().filter(number=number).first()
            if order is None:
                error = f"There is no order {number}."
            elif order.status != Order.Status.CONFIRMED:
                error = f"Order {number} is {order.status}: there is nothing to pack."
            else:
                return HttpResponseRedirect(self.url("scan_order", order.pk))
        sheets = sheets_of_parcels(ids_in(request, "parcel"))
        return self.show(request, "admin/orders/scan.html", "Scan and pack", number=number, error=error, sheets=sheets)

    def scan_order_page(self, request: HttpRequest, packed_id: int) -> HttpResponseBase:
        """Counts the units of an order into a parcel, and ships the parcel."""
        order = Order.objects.visible().select_related("user").filter(pk=packed_id).first()
        if order is None or order.status != Order.Status.CONFIRMED:
            raise Http404("There is no such order to pack.")
        form = PackForm(
            to_pack([order])[order.pk],
            request.POST if request.method == "POST" else None,
            initial={"version": order.version},
        )
        if request.method == "POST" and form.is_valid():
            try:
                parcels = self.ship(request, order, form)
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                messages.success(request, f"Order {order.number}: a parcel is on its way.")
                return HttpResponseRedirect(f"{self.url('scan')}?{urlencode({'parcel': parcels}, doseq=True)}")
        return self.show(request, "admin/orders/pack.html", f"Pack order {order.number}", order=order, form=form)

    def ship(self, request: HttpRequest, order: Order, form: PackForm) -> list[int]:
        """Ship what was packed, and answer the ids of the parcels."""
        data = form.cleaned_data
        return services.ship_parcel(
            order_id=order.pk,
            lines=form.units,
            tracking=Tracking(data["carrier"], data["tracking_number"], ""),
            expected_version=data["version"],
            actor=admin_actor(request),
        )


def ids_in(request: HttpRequest, name: str) -> list[int]:
    """The ids that an address has under a name. What is no id is left out."""
    return [int(text) for text in request.GET.getlist(name)[:MOST_SHOWN] if NUMBER.fullmatch(text)]


def chosen(request: HttpRequest, name: str) -> list[Order]:
    """The orders whose ids an address has, the oldest first."""
    orders = Order.objects.filter(pk__in=ids_in(request, name)).select_related("user")
    return list(orders.order_by("order_date", "pk"))
