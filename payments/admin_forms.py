"""The forms by which staff take money and give it back."""

from collections.abc import Sequence
from typing import Any

from django import forms

from database.money import places_of
from database.refusals import Refusal
from inventory.admin_forms import quantity_field
from orders.models import OrderItem
from staff.forms import AmountField, Line, WholeField, show_refusal

# Refusals that name a line by its place among those that were asked for.
BY_LINE = ("more_than_refundable", "unknown_line")


def amount_field(label: str, currency: str = "", **words: Any) -> forms.DecimalField:
    """An amount above 0 in the decimals of a currency."""
    return AmountField(label=label, decimal_places=places_of(currency), max_digits=18, **words)


class VerbForm(forms.Form):
    """A button on the page of a payment. `version` is the version of the payment that the page showed."""

    version = WholeField(widget=forms.HiddenInput)

    @property
    def words(self) -> dict[str, Any]:
        """What the service is told."""
        return {"expected_version": self.cleaned_data["version"]}

    def show(self, refusal: Refusal) -> None:
        """Say what a service has refused."""
        show_refusal(refusal, self)

    def show_answer(self, words: str, version: int) -> None:
        """Say that the provider has refused it, and let the form be sent again of the payment as it is now."""
        self.data = {**self.data, self.add_prefix("version"): str(version)}
        self.add_error(None, words)


class CaptureForm(VerbForm):
    """How much is taken, or has come by hand."""

    amount = amount_field("Amount")

    def __init__(self, *args: Any, label: str, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = amount_field(f"{label}, {currency}", currency)

    @property
    def words(self) -> dict[str, Any]:
        """What the service is told."""
        return super().words | {"amount": self.cleaned_data["amount"]}


class RefundForm(VerbForm):
    """An amount that goes back, or units of lines, by what they cost."""

    amount = amount_field("Amount", required=False)
    restock = forms.BooleanField(
        label="The goods come back to stock",
        required=False,
        help_text="Units that have not left are taken off the order, and others are taken in as a return.",
    )
    reason = Line(max_length=255, required=False, help_text="For staff: no customer reads it.")

    def __init__(
        self, *args: Any, most: str, currency: str, lines: Sequence[tuple[OrderItem, int]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = amount_field(
            f"Amount, {currency}",
            currency,
            required=False,
            help_text=f"At most {most}. Leave it empty to choose units.",
        )
        self.line_ids = [line.pk for line, left in lines if left]
        for line, left in lines:
            if left:
                self.fields[f"units_{line.pk}"] = quantity_field(
                    f"Units of {line.sku}", 0, maximum=left, required=False
                )
        self.order_fields(["version", "amount", *(f"units_{line_id}" for line_id in self.line_ids)])

    @property
    def units(self) -> dict[int, int]:
        """The units of each line that were typed."""
        typed = ((line_id, self.cleaned_data.get(f"units_{line_id}")) for line_id in self.line_ids)
        return {line_id: units for line_id, units in typed if units}

    def clean(self) -> dict[str, Any]:
        """Refuses nothing at all, an amount beside units, and goods that come back without saying which."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned["amount"] is None and not self.units:
            raise forms.ValidationError("Write an amount, or units of lines.")
        if cleaned["amount"] is not None and self.units:
            raise forms.ValidationError("Write an amount or units of lines: units go back by what they cost.")
        if cleaned["restock"] and not self.units:
            raise forms.ValidationError("Say which units come back to stock.")
        return cleaned

    @property
    def words(self) -> dict[str, Any]:
        """What the service is told."""
        told = {name: self.cleaned_data[name] for name in ("amount", "restock", "reason")}
        return super().words | told | {"lines": self.units or None}

    def show(self, refusal: Refusal) -> None:
        """Say what a service has refused, beside the line that it is about."""
        if refusal.code not in BY_LINE:
            super().show(refusal)
            return
        asked = list(self.units)
        for error in refusal.errors:
            self.add_error(f"units_{asked[int(error.field.split('.')[1])]}", error.message)
