"""The forms of the order desk."""

import re
from typing import Any

from django import forms

from inventory.admin_forms import LineForm, items_by_code, nothing_alone, quantity_field, warehouse_field
from orders.models import Order
from staff.forms import Line, WholeField

VERSIONS = re.compile(r"([0-9]{1,18}:[0-9]{1,9}( |\Z))*")


class StatusForm(forms.Form):
    """A button on the page of an order. `version` is the version of the order that the page showed."""

    status = forms.ChoiceField(choices=Order.Status.choices)
    version = WholeField()


class CancelForm(forms.Form):
    """Why an order is cancelled. `sure` tells the form from the list that leads to it.

    `versions` says how each order was when the page showed it: "17:3 18:1".
    """

    reason = Line(
        max_length=255, required=False, help_text="For staff: it stands in the history, and no customer reads it."
    )
    message = Line(
        label="Words for the customer",
        max_length=255,
        required=False,
        help_text="The customer reads this in the mail and in the history.",
    )
    sure = forms.BooleanField(widget=forms.HiddenInput, initial=True)
    versions = Line(widget=forms.HiddenInput, required=False)

    @property
    def words(self) -> dict[str, Any]:
        """What was typed: the reason for staff, and the words for the customer."""
        return {name: self.cleaned_data[name] for name in ("reason", "message")}

    def clean_versions(self) -> dict[int, int]:
        """The version of each order, by the order's id. Refuses what is not written so."""
        text = self.cleaned_data["versions"]
        if not VERSIONS.fullmatch(text):
            raise forms.ValidationError("Open the page again: it does not say how the orders were.")
        pairs = (pair.split(":") for pair in text.split())
        return {int(order_id): int(version) for order_id, version in pairs}


class ShortfallForm(LineForm):
    """Units of an item that are gone from a warehouse, and why."""

    warehouse = warehouse_field("Warehouse")
    missing = quantity_field("Units that are gone", 1)
    reason = Line(max_length=255, help_text="For staff: it stands in the ledger, and no customer reads it.")
    message = Line(
        label="Words for customers",
        max_length=255,
        required=False,
        help_text="Whoever loses a line is told which one, and reads this beside it.",
    )

    def clean_sku(self) -> str:
        """The SKU of the item. Staff may type its barcode instead."""
        item = items_by_code([self.cleaned_data["sku"]]).get(self.cleaned_data["sku"])
        if item is None:
            raise forms.ValidationError(nothing_alone(self.cleaned_data["sku"]))
        return item.sku

    def clean_warehouse(self) -> str:
        """The code of the warehouse, by which the service knows it."""
        code: str = self.cleaned_data["warehouse"].code
        return code
