"""The forms with which staff move stock. A line names its item by SKU or by barcode, which a scanner reads."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms

from database.money import MoneyField, validate_cost
from inventory.models import MAX_QUANTITY, StockItem, StockLevel, Warehouse
from staff.forms import Line

if TYPE_CHECKING:
    LineSet = forms.BaseFormSet[forms.Form]
else:
    LineSet = forms.BaseFormSet


def warehouse_field(label: str) -> "forms.ModelChoiceField[Warehouse]":
    """A choice of a warehouse, which the address and the form name by its code."""
    return forms.ModelChoiceField(
        Warehouse.objects.all(), label=label, to_field_name="code", empty_label=None, blank=False
    )


def quantity_field(label: str, minimum: int, *, required: bool = True) -> forms.IntegerField:
    """A number of units."""
    return forms.IntegerField(label=label, min_value=minimum, max_value=MAX_QUANTITY, required=required)


class HeadForm(forms.Form):
    """The part that all lines share. `once` is drawn with the page, so that a page that is posted twice counts once."""

    reference = Line(max_length=64, required=False, help_text="Delivery note, ticket: what others know it by.")
    reason = Line(max_length=255, required=False)
    once = forms.UUIDField(widget=forms.HiddenInput)


class ReceiveForm(HeadForm):
    """Where goods came in, and with which delivery note."""

    warehouse = warehouse_field("Into")
    reference = Line(max_length=64, help_text="The number of the delivery note.")
    field_order = ("warehouse", "reference", "reason")


class AdjustForm(HeadForm):
    """Where the books were wrong, and why."""

    warehouse = warehouse_field("In")
    reason = Line(max_length=255, help_text="Why the books were wrong; it stands in the ledger for ever.")
    field_order = ("warehouse", "reason", "reference")


class TransferForm(HeadForm):
    """From where to where goods move."""

    source = warehouse_field("From")
    target = warehouse_field("To")
    field_order = ("source", "target", "reason", "reference")


class BackorderForm(forms.Form):
    """How many units may be promised ahead in a warehouse."""

    warehouse = warehouse_field("Warehouse")
    limit = quantity_field("Units that may be promised before they are there", 0)


class AsOfForm(forms.Form):
    """The moment that is asked about."""

    at = forms.DateTimeField(
        label="Stock at",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )


class LineForm(forms.Form):
    """A line that names an item."""

    sku = Line(
        label="SKU or barcode",
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )


class ReceiptLineForm(LineForm):
    """Units of one item that came in."""

    quantity = quantity_field("Units", 1)
    unit_cost = MoneyField(validators=[validate_cost]).formfield(label="Unit cost", required=False)


class TransferLineForm(LineForm):
    """Units of one item that move."""

    quantity = quantity_field("Units", 1)


class AdjustmentLineForm(LineForm):
    """Either a difference, or the units that were counted beside those that the books showed."""

    delta = quantity_field("Difference (+/-)", -MAX_QUANTITY, required=False)
    set_to = quantity_field("or: counted", 0, required=False)
    expected = quantity_field("instead of", 0, required=False)

    def clean(self) -> dict[str, Any]:
        """Refuses a line with neither or both of the two forms."""
        data = super().clean() or {}
        delta, set_to, expected = data.get("delta"), data.get("set_to"), data.get("expected")
        if (delta is None) == (set_to is None):
            raise forms.ValidationError("Give either a difference or what was counted.")
        if delta == 0:
            self.add_error("delta", "A difference of 0 changes nothing.")
        if set_to is not None and expected is None:
            self.add_error("expected", "Say what the books showed, so that a sale meanwhile is not lost.")
        return data


class Lines(LineSet):
    """At least one line, each with its item, which may be named by SKU or by barcode."""

    items: dict[str, StockItem]

    def clean(self) -> None:
        """Find the items of all lines. Refuses codes that name none, and a form without a line."""
        if not self.filled:
            raise forms.ValidationError("Fill in at least one line.")
        filled = [form for form in self.filled if form.cleaned_data.get("sku")]
        self.items = items_by_code([form.cleaned_data["sku"] for form in filled])
        for form in filled:
            item = self.items.get(form.cleaned_data["sku"])
            if item is None:
                form.add_error("sku", "No item has this SKU or barcode.")
            else:
                form.cleaned_data["sku"] = item.sku

    @property
    def filled(self) -> list[forms.Form]:
        """The lines that are filled in, in the sequence in which the service gets them."""
        return [form for form in self.forms if form.has_changed()]


def items_by_code(codes: Sequence[str]) -> dict[str, StockItem]:
    """Items by the SKU or barcode that was typed. An item may stand under several codes.

    A code that is a SKU, in whatever case and form, names that item. Otherwise a barcode counts. A barcode that several
    items share names none of them.
    """
    found = list(StockItem.objects.filter(barcode__in=codes))
    shared = Counter(item.barcode for item in found if item.barcode)
    by_barcode = {item.barcode: item for item in found if shared[item.barcode] == 1}
    return by_barcode | StockItem.objects.by_sku(codes)


def on_hand_in(item: StockItem, warehouse: Warehouse) -> int:
    """The units of an item that lie in a warehouse."""
    level = StockLevel.objects.filter(item=item, warehouse=warehouse).first()
    return level.on_hand if level else 0
