"""The forms with which a shop keeper says what is charged: taxes, shipping, promotions."""

from decimal import Decimal
from typing import Any

from django import forms

from catalog.admin_forms import with_path
from catalog.models import Variant
from database.money import places_of
from database.text import refuse_hidden_in_lines
from inventory.models import StockItem
from pricing.models import Promotion, ShippingMethod, ShippingRate, TaxClass, TaxRate, Zone
from pricing.places import validate_countries, validate_known_country, validate_regions
from staff.forms import AmountField, DjangoForm, Line, StaffForm

MOST_NAMED = 500
MAX_TABLE = 10 * 1024 * 1024
# Of percentages, and of amounts in the shop's currency.
MOST_PLACES = max(2, places_of())


def plain(value: Decimal) -> str:
    """A number without zeros at its end, as somebody would type it."""
    return f"{value.normalize():f}"


class NewTaxClassForm(StaffForm[TaxClass]):
    """A new tax class."""

    class Meta:
        model = TaxClass
        fields = ("name", "code")
        help_texts = {"code": "Products and tables of rates name the class by it. It stays."}


class TaxClassForm(StaffForm[TaxClass]):
    """A tax class. Its code stays, since products name it."""

    class Meta:
        model = TaxClass
        fields = ("name",)


class DayField(forms.DateField):
    """A day, written by the browser's own calendar."""

    def __init__(self, **how: Any) -> None:
        super().__init__(
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), input_formats=["%Y-%m-%d"], **how
        )


class TaxRateForm(StaffForm[TaxRate]):
    """A tax rate, and the days on which it is valid."""

    # As long as a name may be, so that a name is answered with its code.
    country = Line(max_length=60, help_text="Two letters, such as DE or US.")
    valid_from = DayField(required=False, help_text="Empty: since ever.")
    valid_until = DayField(required=False, label="Valid before", help_text="The first day without it. Empty: open.")

    class Meta:
        model = TaxRate
        fields = (
            *("name", "rate", "country", "region", "postal_from", "postal_to", "city", "tax_class"),
            *("valid_from", "valid_until", "replaces"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial.update({"valid_from": self.instance.valid.lower, "valid_until": self.instance.valid.upper})

    def clean_country(self) -> str:
        """Two letters, in capitals. Refuses what is no country."""
        country = str(self.cleaned_data["country"]).upper()
        validate_known_country(country)
        return country

    def clean(self) -> dict[str, Any] | None:
        """Refuses an end that does not come after the start."""
        cleaned = super().clean() or self.cleaned_data
        first, end = cleaned.get("valid_from"), cleaned.get("valid_until")
        if first and end and end <= first:
            self.add_error("valid_until", "This does not come after the first day.")
        return cleaned


class ImportForm(forms.Form):
    """A table of tax rates."""

    file = forms.FileField(label="Table (CSV)", widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}))
    replace = forms.BooleanField(
        required=False,
        label="In place of all rates of its countries",
        help_text="The rates that these countries have now go first.",
    )
    only_check = forms.BooleanField(
        required=False, initial=True, label="Only check it", help_text="Nothing is written. All lines are looked at."
    )

    def clean_file(self) -> str:
        """The text of the file. Refuses what is too large, and what is no text in UTF-8."""
        file = self.cleaned_data["file"]
        if file.size > MAX_TABLE:
            raise forms.ValidationError("The file has more than 10 MiB.")
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise forms.ValidationError("This is no text in UTF-8. Save the table as CSV (UTF-8).") from error


class Codes(Line):
    """Codes in capitals, with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        """The text of a list of codes."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """The codes that a text has."""
        return self.codes_in(super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the text has other codes than the list."""
        return list(initial or []) != self.codes_in(str(data or ""))

    def codes_in(self, text: str) -> list[str]:
        """The codes of a text, each once."""
        return list(dict.fromkeys(code.strip().upper() for code in text.split(",") if code.strip()))


class ZoneForm(StaffForm[Zone]):
    """A zone of shipping."""

    countries = Codes(
        required=False, max_length=2000, help_text="Their two letters, with commas between them: DE, AT, CH."
    )
    regions = Codes(
        required=False, max_length=4000, help_text="Parts of countries that are not whole in the zone: US-CA, US-OR."
    )

    class Meta:
        model = Zone
        fields = ("name", "countries", "regions")

    def clean_countries(self) -> list[str]:
        """The codes. Refuses what is no country, in one sentence."""
        codes: list[str] = self.cleaned_data["countries"]
        validate_countries(codes)
        return codes

    def clean_regions(self) -> list[str]:
        """The regions. Refuses what lies in no country, in one sentence."""
        regions: list[str] = self.cleaned_data["regions"]
        validate_regions(regions)
        return regions


class MethodForm(StaffForm[ShippingMethod]):
    """A method of shipping. Its rates stand in the table below it."""

    class Meta:
        model = ShippingMethod
        fields: tuple[str, ...] = (
            *("name", "zone", "basis", "free_above", "days_from", "days_to", "tax_class"),
            *("pickup_warehouse", "position", "is_active"),
        )
        help_texts = {
            "pickup_warehouse": "Where customers fetch the order themselves. Empty: it is sent.",
            "days_from": "How many days it takes at least.",
            "days_to": "How many days it takes at most.",
        }


class StepForm(DjangoForm[ShippingRate]):
    """A row of a method's rates."""

    from_value = AmountField(label="From", initial=0, min_value=0, max_digits=12, decimal_places=MOST_PLACES)

    class Meta:
        model = ShippingRate
        fields = ("from_value", "price")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["from_value"] = plain(self.instance.from_value)


class NewMethodForm(MethodForm):
    """A new method of shipping, with its code."""

    class Meta(MethodForm.Meta):
        fields: tuple[str, ...] = ("code", *MethodForm.Meta.fields)
        help_texts = {**MethodForm.Meta.help_texts, "code": "Carts and orders name the method by it. It stays."}


class Lines(forms.CharField):
    """Several short texts, one on each line."""

    default_validators = [refuse_hidden_in_lines]

    def __init__(self, **how: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}), required=False, **how)

    def to_python(self, value: Any) -> str:
        """The text, with each of its lines once."""
        text = super().to_python(value)
        lines = dict.fromkeys(line.strip() for line in str(text or "").splitlines() if line.strip())
        if len(lines) > MOST_NAMED:
            raise forms.ValidationError(f"At most {MOST_NAMED} lines.")
        return "\n".join(lines)


class PromotionForm(StaffForm[Promotion]):
    """A promotion, with the articles and categories that it is for, and its coupons."""

    value = AmountField(
        initial=0,
        min_value=0,
        max_digits=12,
        decimal_places=MOST_PLACES,
        help_text="Percent, or an amount. Of “buy some, get some” what is off on what one gets: 100 is for free.",
    )
    codes = Lines(help_text="Coupons, one on each line. None for an automatic promotion.")
    products = Lines(help_text="SKUs of articles, one on each line: the promotion is for their products. Empty: all.")
    categories = forms.ModelMultipleChoiceField(
        with_path(), required=False, help_text="What lies below them counts too. Empty: all."
    )

    class Meta:
        model = Promotion
        fields = (
            *("name", "kind", "value", "buy", "get", "minimum", "automatic", "codes", "products", "categories"),
            *("starts_at", "ends_at", "total_limit", "per_customer", "combinable", "is_active"),
        )
        help_texts = {
            "buy": "Of “buy some, get some”: so many at their price …",
            "get": "… and so many more with the value off.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields.get("categories")
        if choice is not None:
            choice.label_from_instance = lambda category: category.path
        if self.instance.pk:
            self.initial.update(
                {
                    "value": plain(self.instance.value),
                    "codes": "\n".join(self.instance.coupons.order_by("code").values_list("code", flat=True)),
                    "products": "\n".join(skus_of(self.instance.product_ids)),
                    "categories": self.instance.category_ids,
                }
            )

    def clean_products(self) -> list[int]:
        """The products of the articles. Refuses a SKU that no article has."""
        skus = self.cleaned_data["products"].splitlines()
        items = StockItem.objects.by_sku(skus)
        products = dict(
            Variant.objects.filter(stock_item__in=items.values()).values_list("stock_item_id", "product_id")
        )
        missing = [sku for sku in skus if sku not in items or items[sku].pk not in products]
        if missing:
            raise forms.ValidationError(f"No article has the SKU {', '.join(missing[:10])}.")
        return sorted({products[item.pk] for item in items.values()})

    def clean_codes(self) -> list[str]:
        """The coupons."""
        return list(self.cleaned_data["codes"].splitlines())

    def clean_categories(self) -> list[int]:
        """The ids of the categories."""
        return [category.pk for category in self.cleaned_data["categories"]]


def skus_of(product_ids: list[int]) -> list[str]:
    """The SKU of the first article of each product."""
    variants = Variant.objects.filter(product__in=product_ids).order_by("product", "position", "id")
    return list(variants.distinct("product").values_list("stock_item__sku", flat=True))
