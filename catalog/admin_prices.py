"""The page of a variant's prices: what it costs, is reduced from and weighs, what is planned, and what it has cost."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.names import name_actors
from catalog import services
from catalog.admin_parts import CHANGE, PartsPages
from catalog.measures import UNITS, measure_of, text_of_measure
from catalog.models import MAX_WEIGHT, PlannedPrice, PriceHistory, Variant
from database.money import places_of, validate_price
from database.refusals import Refusal
from events.actors import admin_actor
from staff.forms import AmountField, Line, WholeField, moment_field, show_refusal
from staff.frame import Page

PATH = "<int:product_id>/variants/<int:variant_id>/prices/"
PAGES = (
    Page(PATH, "prices", "prices_page", CHANGE),
    Page(f"{PATH}plan/", "plan_price", "plan_price_page", CHANGE, methods=("POST",)),
    Page(
        f"{PATH}<int:planned_price_id>/remove/",
        "remove_planned_price",
        "remove_planned_price_page",
        CHANGE,
        methods=("POST",),
    ),
)
HISTORY_ROWS = 50


def price_field(**how: Any) -> AmountField:
    """A price of the shop's currency."""
    return AmountField(validators=[validate_price], decimal_places=places_of(), **how)


class PricesForm(forms.Form):
    """What a variant costs now, and what is said of it."""

    price = price_field(required=False, help_text="Empty: the product's price.")
    compare_at_price = price_field(
        required=False,
        label="Reduced from",
        help_text="Write it together with the lower price: a price that was low before counts as the lowest one.",
    )
    weight_g = WholeField(label="Weight in grams", required=False, min_value=1, max_value=MAX_WEIGHT)
    content = Line(
        required=False,
        max_length=40,
        help_text=f"For the price of a unit: 750 ml, or 750 ml per 100 ml. Units: {', '.join(UNITS)}.",
    )
    seen_version = WholeField(widget=forms.HiddenInput)

    def __init__(self, variant: Variant, data: Any = None) -> None:
        shown = {name: getattr(variant, name) for name in ("price", "compare_at_price", "weight_g")}
        shown |= {"content": text_of_measure(variant.unit_measure), "seen_version": variant.version}
        super().__init__(data, initial=shown, label_suffix="")

    def clean_content(self) -> dict[str, str] | None:
        """The measure that the text says. Refuses what is none."""
        return measure_of(self.cleaned_data["content"])


class PlanForm(forms.Form):
    """A price for a time. Times are those of the shop."""

    price = price_field()
    compare_at_price = price_field(required=False, label="Reduced from")
    starts_at = moment_field(label="From")
    ends_at = moment_field(label="To", required=False, help_text="Empty: it stays.")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, prefix="plan", label_suffix="")


class PricesPages(PartsPages):
    """The page of a variant's prices, and the verbs of its planned ones."""

    def prices_page(self, request: HttpRequest, product_id: int, variant_id: int) -> HttpResponseBase:
        """Show what a variant costs, or change it, if it is still as the page showed it."""
        variant = self.variant(product_id, variant_id)
        form = PricesForm(variant, request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            data = dict(form.cleaned_data)
            try:
                services.update_variant(
                    product_id=product_id,
                    variant_id=variant_id,
                    actor=admin_actor(request),
                    expected_version=data.pop("seen_version"),
                    unit_measure=data.pop("content"),
                    **data,
                )
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                messages.success(request, "It is saved.")
                return self.back_to_prices(product_id, variant_id)
        return self.show_prices(request, variant, form, PlanForm())

    def plan_price_page(self, request: HttpRequest, product_id: int, variant_id: int) -> HttpResponseBase:
        """Plan a price. One that is refused is shown again, with the reason on its field."""
        variant, form = self.variant(product_id, variant_id), PlanForm(request.POST)
        if form.is_valid():
            try:
                services.plan_price(
                    product_id=product_id, variant_id=variant_id, actor=admin_actor(request), **form.cleaned_data
                )
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                messages.success(request, "The price is planned.")
                return self.back_to_prices(product_id, variant_id)
        return self.show_prices(request, variant, PricesForm(variant), form)

    def remove_planned_price_page(
        self, request: HttpRequest, product_id: int, variant_id: int, planned_price_id: int
    ) -> HttpResponseBase:
        """Drop a planned price, or end it now."""
        try:
            services.remove_planned_price(
                product_id=product_id,
                variant_id=variant_id,
                planned_price_id=planned_price_id,
                actor=admin_actor(request),
            )
        except Refusal as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, "The planned price is taken back.")
        return self.back_to_prices(product_id, variant_id)

    def variant(self, product_id: int, variant_id: int) -> Variant:
        """A variant of a product. It is 404 when there is none."""
        variants = Variant.objects.select_related("product", "stock_item")
        variant = variants.filter(pk=variant_id, product=product_id).first()
        if variant is None:
            raise Http404("There is no such variant.")
        return variant

    def back_to_prices(self, product_id: int, variant_id: int) -> HttpResponseRedirect:
        """The way back to the page of the prices."""
        return HttpResponseRedirect(self.url("prices", product_id, variant_id))

    def show_prices(
        self, request: HttpRequest, variant: Variant, form: PricesForm, plan_form: PlanForm
    ) -> HttpResponseBase:
        """The page, with what was planned lately and the newest lines of the history."""
        lately = variant.planned_prices.exclude(
            state=PlannedPrice.State.OVER, ends_at__lt=timezone.now() - timedelta(days=30)
        )
        history = list(PriceHistory.objects.filter(variant=variant).order_by("-id")[:HISTORY_ROWS])
        name_actors(request, history)
        return self.show(
            request,
            "admin/catalog/prices.html",
            f"Prices of {variant.stock_item.sku}",
            variant=variant,
            form=form,
            plan_form=plan_form,
            plans=lately.order_by("starts_at"),
            history=history,
        )
