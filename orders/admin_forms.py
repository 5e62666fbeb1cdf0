"""The forms of the order desk."""

from django import forms

from inventory.admin_forms import LineForm, items_by_code, quantity_field, warehouse_field
from orders.models import Order
from staff.forms import Line


class StatusForm(forms.Form):
    """A button on the page of an order. `version` is the version of the order that the page showed."""

    status = forms.ChoiceField(choices=Order.Status.choices)
    version = forms.IntegerField()


class CancelForm(forms.Form):
    """Why an order is cancelled. `sure` tells the form from the list that leads to it."""

    reason = Line(max_length=255, required=False, help_text="The customer reads this in the history and in the mail.")
    sure = forms.BooleanField(widget=forms.HiddenInput, initial=True)


class ShortfallForm(LineForm):
    """Units of an item that are gone from a warehouse, and why."""

    warehouse = warehouse_field("Warehouse")
    missing = quantity_field("Units that are gone", 1)
    reason = Line(max_length=255)

    def clean_sku(self) -> str:
        """The SKU of the item. Staff may type its barcode instead."""
        item = items_by_code([self.cleaned_data["sku"]]).get(self.cleaned_data["sku"])
        if item is None:
            raise forms.ValidationError("No item has this SKU or barcode.")
        return item.sku

    def clean_warehouse(self) -> str:
        """The code of the warehouse, by which the service knows it."""
        code: str = self.cleaned_data["warehouse"].code
        return code
