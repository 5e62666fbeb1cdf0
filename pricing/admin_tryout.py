"""The page "What would this basket cost?": it calculates with what is configured, and writes nothing."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from catalog.models import Variant
from inventory.models import StockItem
from pricing.exceptions import REASONS
from pricing.figures import Destination
from pricing.models import ShippingMethod, TaxRate
from pricing.places import validate_known_country
from pricing.tryout import TryOut, try_out
from pricing.vat import compact_vat_id
from staff.forms import Line, WholeField
from staff.frame import StaffAdmin

LINES = 4
MAX_LINES = 50


class TryOutForm(forms.Form):
    """Where a basket goes, how, with which coupons, and when."""

    country = Line(required=False, max_length=60, help_text="Two letters, such as DE. Empty: not known yet.")
    region = Line(required=False, max_length=20, help_text="Its code, such as CA.")
    postal_code = Line(required=False, max_length=12)
    city = Line(required=False, max_length=100)
    vat_id = Line(label="VAT id", required=False, max_length=20)
    method = forms.ModelChoiceField(
        ShippingMethod.objects.filter(is_active=True), required=False, to_field_name="code", empty_label="none"
    )
    codes = Line(label="Coupons", required=False, max_length=200, help_text="With commas between them.")
    at = forms.DateTimeField(
        label="When",
        required=False,
        help_text="Empty: now. Planned prices, promotions and tax rates of that moment count.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )

    def clean_country(self) -> str:
        """Two letters, in capitals. Refuses what is no country."""
        country = str(self.cleaned_data["country"]).upper()
        if country:
            validate_known_country(country)
        return country


class BasketLine(forms.Form):
    """An article of the basket that is tried out."""

    sku = Line(
        label="SKU",
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )
    quantity = WholeField(label="Units", required=False, min_value=1, max_value=10_000)


def try_out_page(admin: StaffAdmin[Any], request: HttpRequest) -> HttpResponseBase:
    """Show the form, and what the basket costs that the address describes."""
    is_asked = "lines-TOTAL_FORMS" in request.GET
    line_set: Any = forms.formset_factory(BasketLine, extra=LINES, max_num=MAX_LINES, absolute_max=MAX_LINES)
    form = TryOutForm(request.GET if is_asked else None)
    lines = line_set(request.GET if is_asked else None, prefix="lines")
    result: TryOut | None = None
    refused: list[tuple[str, str]] = []
    if is_asked and form.is_valid() & lines.is_valid():
        quantities = quantities_of(lines)
        if not quantities and lines.is_valid():
            form.add_error(None, "Name an article: without one there is nothing to calculate.")
        if quantities:
            result = calculated(form, quantities)
            refused = [(refusal.code, REASONS.get(refusal.reason, refusal.reason)) for refusal in result.totals.refused]
    return admin.show(
        request,
        "admin/pricing/tryout.html",
        "What would this basket cost?",
        form=form,
        lines=lines,
        result=result,
        refused=refused,
    )


def quantities_of(lines: Any) -> dict[int, int]:
    """The units of each variant. Says on its line that no article has a SKU; then there are none."""
    filled = [line for line in lines.forms if line.cleaned_data.get("sku")]
    items = StockItem.objects.by_sku([line.cleaned_data["sku"] for line in filled])
    variants = dict(Variant.objects.filter(stock_item__in=items.values()).values_list("stock_item_id", "pk"))
    quantities: dict[int, int] = {}
    for line in filled:
        item = items.get(line.cleaned_data["sku"])
        variant = item and variants.get(item.pk)
        if variant is None:
            line.add_error("sku", "No article has this SKU.")
        else:
            quantities[variant] = quantities.get(variant, 0) + (line.cleaned_data["quantity"] or 1)
    return {} if any(line.errors for line in filled) else quantities


def calculated(form: TryOutForm, quantities: dict[int, int]) -> TryOut:
    """What these units cost as the form says it."""
    said = form.cleaned_data
    country = said["country"].upper()
    vat_id = compact_vat_id(said["vat_id"], country) if said["vat_id"] else ""
    if said["vat_id"] and not vat_id:
        form.add_error("vat_id", "This is no valid VAT id of that country, so the tax is that of a consumer.")
    destination = Destination(country, said["region"], said["postal_code"], said["city"], vat_id) if country else None
    method = said["method"]
    tried = try_out(
        quantities=quantities,
        destination=destination,
        method=method.code if method else "",
        coupons=[code.strip() for code in said["codes"].split(",") if code.strip()],
        at=said["at"] or timezone.now(),
    )
    if method and method.code not in {offer.code for offer in tried.offers}:
        form.add_error("method", f"{method.name} does not lead there.")
    # In a shop without any rates nothing is missing.
    if country and TaxRate.objects.exists() and not TaxRate.objects.filter(country=country).exists():
        form.add_error("country", "There is no tax rate for this place.")
    return tried
