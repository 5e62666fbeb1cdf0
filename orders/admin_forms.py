"""The forms of the order desk."""

from django import forms

from inventory.models import MAX_QUANTITY
from orders.models import Order


class StatusForm(forms.Form):
    """A button on the page of an order. `version` is that of the order which the page showed."""

    status = forms.ChoiceField(choices=Order.Status.choices)
    version = forms.IntegerField()


class CancelForm(forms.Form):
    reason = forms.CharField(
        max_length=255, required=False, help_text="The customer reads this in the history and in the mail."
    )
    sure = forms.BooleanField(widget=forms.HiddenInput, initial=True)


class ShortfallForm(forms.Form):
    sku = forms.CharField(label="SKU", max_length=64)
    warehouse = forms.CharField(label="Warehouse (code)", max_length=32)
    missing = forms.IntegerField(label="Units that are gone", min_value=1, max_value=MAX_QUANTITY)
    reason = forms.CharField(max_length=255)
