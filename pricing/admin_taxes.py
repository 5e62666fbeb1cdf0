"""Tax classes and tax rates, for the shop keeper."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from catalog.models import Product
from events.actors import admin_actor
from pricing import services
from pricing.admin_forms import NewTaxClassForm, TaxClassForm, TaxRateForm
from pricing.admin_import import import_page
from pricing.admin_rules import RulesAdmin, code_of
from pricing.models import TaxClass, TaxRate
from staff.frame import Page
from staff.lists import RelatedFilter


@admin.register(TaxClass)
class TaxClassAdmin(RulesAdmin[TaxClass]):
    """Classes of goods that are taxed by rates of their own. Products name them."""

    list_display = ("name", "code", "rates", "products")
    search_fields = ("name", "code")
    sortable_by = ("name", "code")

    def get_form(self, request: HttpRequest, obj: TaxClass | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form of a class; a new one is given its code."""
        return super().get_form(request, obj, change, form=TaxClassForm if obj else NewTaxClassForm, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: TaxClass | None = None) -> Any:
        """The fields of the form."""
        return ((None, {"fields": (TaxClassForm if obj else NewTaxClassForm).Meta.fields}),)

    def look_up(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """How many rates each class has, and how many products name it."""
        rates = dict(
            TaxRate.objects.filter(tax_class__in=rows).values_list("tax_class").annotate(count=Count("pk")).order_by()
        )
        codes = [row.code for row in rows]
        products = dict(
            Product.objects.filter(tax_class__in=codes).values_list("tax_class").annotate(count=Count("pk")).order_by()
        )
        for row in rows:
            row.rate_count, row.product_count = rates.get(row.pk, 0), products.get(row.code, 0)

    def create(self, request: HttpRequest, data: Mapping[str, Any]) -> TaxClass:
        """A new class."""
        return services.create_tax_class(**data, actor=admin_actor(request))

    def change(self, request: HttpRequest, row: TaxClass, changes: dict[str, Any], version: int | None) -> None:
        """Another name."""
        services.update_tax_class(tax_class_id=row.pk, actor=admin_actor(request), expected_version=version, **changes)

    def delete_model(self, request: HttpRequest, obj: TaxClass) -> None:
        """Remove a class that nothing names."""
        services.delete_tax_class(tax_class_id=obj.pk, actor=admin_actor(request))

    @admin.display(description="rates")
    def rates(self, row: Any) -> int:
        """How many rates it has."""
        return int(row.rate_count)

    @admin.display(description="products")
    def products(self, row: Any) -> int:
        """How many products name it."""
        return int(row.product_count)


@admin.register(TaxRate)
class TaxRateAdmin(RulesAdmin[TaxRate]):
    """Taxes by place, class and time. A table of them is imported."""

    form = TaxRateForm
    list_display = ("name", "percent", "place", "tax_class", "days", "replaces")
    list_filter = ("country", ("tax_class", RelatedFilter))
    list_select_related = ("tax_class",)
    search_fields = ("name", "city", "region", "postal_from")
    search_help_text = "Name, city, region or postal code"
    sortable_by = ("name", "percent", "place")
    pages = (Page("import/", "import", "import_page", "pricing.add_taxrate", menu="Import tax rates"),)

    def create(self, request: HttpRequest, data: Mapping[str, Any]) -> TaxRate:
        """A new rate."""
        values = {**data, "tax_class": code_of(data["tax_class"])}
        return services.create_tax_rate(**values, actor=admin_actor(request))

    def change(self, request: HttpRequest, row: TaxRate, changes: dict[str, Any], version: int | None) -> None:
        """Another rate, from now on."""
        if "tax_class" in changes:
            changes["tax_class"] = code_of(changes["tax_class"])
        services.update_tax_rate(tax_rate_id=row.pk, actor=admin_actor(request), expected_version=version, **changes)

    def delete_model(self, request: HttpRequest, obj: TaxRate) -> None:
        """Remove a rate."""
        services.delete_tax_rate(tax_rate_id=obj.pk, actor=admin_actor(request))

    def import_page(self, request: HttpRequest) -> HttpResponseBase:
        """A table of rates."""
        return import_page(self, request)

    @admin.display(description="rate", ordering="rate")
    def percent(self, row: TaxRate) -> str:
        """The percentage."""
        return f"{row.rate.normalize():f} %"

    @admin.display(description="where", ordering="country")
    def place(self, row: TaxRate) -> str:
        """Country, region, postal codes and city."""
        codes = f"{row.postal_from} to {row.postal_to}" if row.postal_to else row.postal_from
        return " ".join(filter(None, (row.country, row.region, codes, row.city)))

    @admin.display(description="valid")
    def days(self, row: TaxRate) -> str:
        """The days on which it is valid."""
        first, end = row.valid.lower, row.valid.upper
        return (
            " ".join(filter(None, (first and f"from {first:%d %b %Y}", end and f"before {end:%d %b %Y}"))) or "always"
        )
