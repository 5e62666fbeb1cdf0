"""Zones and methods of shipping, for the shop keeper."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from events.actors import admin_actor
from pricing import services
from pricing.admin_forms import MethodForm, NewMethodForm, StepForm, ZoneForm
from pricing.admin_rules import RulesAdmin, code_of
from pricing.models import ShippingMethod, ShippingRate, Zone
from staff.forms import NUMBERS
from staff.lists import RelatedFilter

if TYPE_CHECKING:
    Inline = admin.TabularInline[ShippingRate, ShippingMethod]
else:
    Inline = admin.TabularInline


@admin.register(Zone)
class ZoneAdmin(RulesAdmin[Zone]):
    """Where methods of shipping lead."""

    form = ZoneForm
    list_display = ("name", "places", "methods")
    search_fields = ("name",)
    sortable_by = ("name",)

    def look_up(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """The methods that lead to each zone."""
        for row in rows:
            row.names = []
        by_id = {row.pk: row for row in rows}
        for zone_id, name in ShippingMethod.objects.filter(zone__in=by_id).values_list("zone", "name"):
            by_id[zone_id].names.append(name)

    def create(self, request: HttpRequest, data: Mapping[str, Any]) -> Zone:
        """A new zone."""
        return services.create_zone(**data, actor=admin_actor(request))

    def change(self, request: HttpRequest, row: Zone, changes: dict[str, Any], version: int | None) -> None:
        """Another name, or other places."""
        services.update_zone(zone_id=row.pk, actor=admin_actor(request), expected_version=version, **changes)

    def delete_model(self, request: HttpRequest, obj: Zone) -> None:
        """Remove a zone that no method leads to."""
        services.delete_zone(zone_id=obj.pk, actor=admin_actor(request))

    @admin.display(description="countries and regions")
    def places(self, row: Zone) -> str:
        """Its places."""
        return ", ".join([*row.countries, *row.regions])

    @admin.display(description="methods")
    def methods(self, row: Any) -> str:
        """The methods that lead there."""
        return ", ".join(row.names)


class RateInline(Inline):
    """The rates of a method. The last one whose value is not above the basket's counts."""

    model = ShippingRate
    form = StepForm
    formfield_overrides = NUMBERS
    fields = ("from_value", "price")
    extra = 2
    max_num = 50
    verbose_name_plural = "rates"


@admin.register(ShippingMethod)
class ShippingMethodAdmin(RulesAdmin[ShippingMethod]):
    """Ways to the customer, each with its table of rates."""

    list_display = ("name", "code", "zone", "costs", "free_above", "delivery", "is_active")
    list_filter = ("is_active", ("zone", RelatedFilter))
    list_select_related = ("zone",)
    search_fields = ("name", "code")
    sortable_by = ("name", "code")
    inlines = (RateInline,)

    def get_form(
        self, request: HttpRequest, obj: ShippingMethod | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form of a method; a new one is given its code."""
        return super().get_form(request, obj, change, form=MethodForm if obj else NewMethodForm, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: ShippingMethod | None = None) -> Any:
        """The fields of the form."""
        return ((None, {"fields": (MethodForm if obj else NewMethodForm).Meta.fields}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShippingMethod]:
        """Methods with their rates."""
        return super().get_queryset(request).prefetch_related("rates")

    def save_model(self, request: HttpRequest, obj: ShippingMethod, form: Any, change: bool) -> None:
        """Nothing yet: one service writes the method together with its rates."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Write a method with all of its rates."""
        [table] = formsets
        lines = [line.cleaned_data for line in table.forms if line not in table.deleted_forms]
        steps = [(line["from_value"], line["price"]) for line in lines if line.get("from_value") is not None]
        columns = {name: value for name, value in form.cleaned_data.items() if name != "seen_version"}
        columns["tax_class"] = code_of(columns["tax_class"])
        for key in ("zone", "pickup_warehouse"):
            row = columns.pop(key)
            columns[f"{key}_id"] = row and row.pk
        if not change:
            made = services.create_shipping_method(steps=steps, actor=admin_actor(request), **columns)
            form.instance.pk = made.pk
            return
        services.update_shipping_method(
            method_id=form.instance.pk,
            actor=admin_actor(request),
            expected_version=form.cleaned_data["seen_version"],
            steps=steps,
            **columns,
        )

    def delete_model(self, request: HttpRequest, obj: ShippingMethod) -> None:
        """Remove a method. Orders keep its name."""
        services.delete_shipping_method(method_id=obj.pk, actor=admin_actor(request))

    @admin.display(description="costs")
    def costs(self, row: ShippingMethod) -> str:
        """Its rates in words."""
        unit = " g" if row.basis == ShippingMethod.Basis.WEIGHT else ""
        steps = [
            f"{'not offered' if rate.price is None else rate.price} from {rate.from_value.normalize():f}{unit}"
            for rate in row.rates.all()
        ]
        return ", ".join(steps) or "not offered: no rates"

    @admin.display(description="days")
    def delivery(self, row: ShippingMethod) -> str:
        """How many days it takes."""
        days = [str(day) for day in (row.days_from, row.days_to) if day is not None]
        return " to ".join(dict.fromkeys(days))
