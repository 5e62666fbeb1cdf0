"""What staff do with the parcels of one order: send a part of it, say how a parcel is followed, take one back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect

from database.refusals import Refusal
from database.text import WEB_ADDRESS
from events.actors import admin_actor
from inventory.admin_forms import WarehouseChoice, quantity_field
from inventory.models import Warehouse
from orders import services
from orders.models import Fulfilment, Order
from orders.serializers.parcels import TRACKING
from orders.services.parcels import open_units
from orders.slips import lines_of
from staff.forms import Line, WholeField, show_refusal
from staff.frame import Page

CHANGE = "orders.change_order"
PARCEL = "<int:order_id>/parcels/<int:parcel_id>"
PARCEL_PAGES = (
    Page("<int:order_id>/ship/", "ship", "ship_page", CHANGE),
    Page(f"{PARCEL}/", "parcel", "parcel_page", CHANGE),
    Page(f"{PARCEL}/take-back/", "take_back", "take_back_page", CHANGE),
)
FOLLOWED = "The page where it is followed, beginning with https://. Customers find it in their mails."


class TrackingForm(forms.Form):
    """Who carries a parcel, and how it is followed. `version` is that of what the page showed."""

    version = WholeField(widget=forms.HiddenInput)
    carrier = Line(max_length=100, required=False)
    tracking_number = Line(max_length=100, required=False)
    tracking_url = Line(
        label="Tracking address", max_length=500, required=False, validators=[WEB_ADDRESS], help_text=FOLLOWED
    )

    @property
    def said(self) -> dict[str, str]:
        """The carrier, the number and the address, as the services take them."""
        return {name: self.cleaned_data[name] for name in TRACKING}


class ShipForm(TrackingForm):
    """How many units of each line leave, and from where. `rows` has each line with its units that are still here."""

    warehouse = WarehouseChoice(
        Warehouse.objects.all(),
        label="From",
        to_field_name="code",
        required=False,
        empty_label="Wherever they are promised",
    )
    field_order = ("warehouse", *TRACKING)

    def __init__(self, rows: Sequence[dict[str, Any]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        for row in rows:
            row["name"] = f"units-{row['line'].pk}"
            field = quantity_field(f"Units of {row['line'].sku} that leave", 0, required=False)
            field.initial = row["open"]
            self.fields[row["name"]] = field
            row["field"] = self[row["name"]]

    @property
    def travels(self) -> list[forms.BoundField]:
        """The fields beside the units, in their sequence."""
        return [self[name] for name in self.field_order or ()]

    @property
    def units(self) -> dict[int, int]:
        """The units that leave, by the id of their line."""
        counted = ((row["line"].pk, self.cleaned_data.get(row["name"])) for row in self.rows)
        return {line_id: units for line_id, units in counted if units}

    def clean(self) -> dict[str, Any]:
        """Refuses a parcel without anything in it."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not self.units:
            raise forms.ValidationError("There is nothing in this parcel.")
        return cleaned

    def show(self, refusal: Refusal) -> None:
        """Show a refusal. What is wrong with a line stands beside its units."""
        places = {f"lines.{place}": f"units-{line_id}" for place, line_id in enumerate(self.units)}
        refusal.errors = [
            replace(error, field=places.get(error.field.rpartition(".")[0], error.field)) for error in refusal.errors
        ]
        show_refusal(refusal, self)


class TakeBackForm(forms.Form):
    """Why a parcel did not go after all. `version` is that of the parcel."""

    version = WholeField(widget=forms.HiddenInput)
    reason = Line(
        max_length=255, required=False, help_text="For staff: it stands in the history, and no customer reads it."
    )


class Shippable:
    """Mixed in before the admin of orders: its parcels, and the pages of what is done with them."""

    def shown_parcels(self, order: Order, *, may_change: bool) -> dict[str, Any]:
        """What the page of an order shows of its parcels."""
        return {
            "parcels": parcels_of(order),
            "may_ship": may_change and Order.Status.SHIPPED in order.allowed,
            "may_take_back": may_change and order.status != Order.Status.DELIVERED,
            "may_follow": may_change,
        }

    def ship_page(self: Any, request: HttpRequest, order_id: int) -> Any:
        """Send units of an order. The page proposes all that is still to leave."""
        order = self.one(order_id)
        left = open_units(order)
        rows = [row | {"open": left[row["line"].pk]} for row in lines_of(order) if left[row["line"].pk]]
        form = ShipForm(rows, request.POST or None, initial={"version": order.version})
        if form.is_valid():
            warehouse = form.cleaned_data["warehouse"]
            try:
                parcels = services.ship_parcel(
                    order_id=order.pk,
                    actor=admin_actor(request),
                    lines=form.units,
                    warehouse=warehouse and warehouse.code,
                    tracking=services.Tracking(**form.said),
                    expected_version=form.cleaned_data["version"],
                )
            except Refusal as refusal:
                form.show(refusal)
            else:
                many = "A parcel has" if len(parcels) == 1 else f"{len(parcels)} parcels have"
                messages.success(request, f"{many} left.")
                return HttpResponseRedirect(self.url("change", order.pk))
        return self.show(request, "admin/orders/ship.html", f"Ship order {order.number}", form=form, order=order)

    def parcel_page(self: Any, request: HttpRequest, order_id: int, parcel_id: int) -> Any:
        """Say who carries a parcel, and how it is followed."""
        order, parcel = self.one(order_id), parcel_of(order_id, parcel_id)
        shown = {name: getattr(parcel, name) for name in ("version", *TRACKING)}
        form = TrackingForm(request.POST or None, initial=shown)
        if form.is_valid():
            try:
                services.track_parcel(
                    order_id=order.pk,
                    parcel_id=parcel.pk,
                    actor=admin_actor(request),
                    expected_version=form.cleaned_data["version"],
                    **form.said,
                )
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                messages.success(request, "The parcel's tracking is saved.")
                return HttpResponseRedirect(self.url("change", order.pk))
        told = "Customers are mailed when a number or an address becomes known."
        return self.parcel_form(request, order, "Tracking of a parcel", form=form, verb="Save", explanation=told)

    def take_back_page(self: Any, request: HttpRequest, order_id: int, parcel_id: int) -> Any:
        """Take a parcel back that was not handed over."""
        order, parcel = self.one(order_id), parcel_of(order_id, parcel_id)
        form = TakeBackForm(request.POST or None, initial={"version": parcel.version})
        if form.is_valid():
            try:
                services.cancel_parcel(
                    order_id=order.pk,
                    parcel_id=parcel.pk,
                    actor=admin_actor(request),
                    reason=form.cleaned_data["reason"],
                    expected_version=form.cleaned_data["version"],
                )
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                messages.success(request, "The parcel is cancelled, and its units are promised to the order again.")
                return HttpResponseRedirect(self.url("change", order.pk))
        told = "For a parcel that was not handed over: its units lie where they left, and the order is confirmed again."
        return self.parcel_form(request, order, "Take a parcel back", form=form, verb="Take it back", explanation=told)

    def parcel_form(self: Any, request: HttpRequest, order: Order, title: str, **shown: Any) -> Any:
        """A page with a form about a parcel, which leads back to the order."""
        return self.show(
            request,
            "admin/form_page.html",
            title,
            back=self.url("change", order.pk),
            place=f"Order {order.number}",
            **shown,
        )


def parcels_of(order: Order) -> QuerySet[Fulfilment]:
    """The parcels of an order with what is in them, those that were cancelled too."""
    return order.fulfilments.select_related("warehouse").prefetch_related("lines__order_item")


def parcel_of(order_id: int, parcel_id: int) -> Fulfilment:
    """A parcel of an order. Raises Http404."""
    parcel = Fulfilment.objects.filter(pk=parcel_id, order=order_id).first()
    if parcel is None:
        raise Http404("There is no such parcel.")
    return parcel
