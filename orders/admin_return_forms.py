"""The forms of the returns desk."""

from collections.abc import Sequence
from typing import Any

from django import forms

from inventory.admin_forms import quantity_field, warehouse_field
from inventory.services import Condition
from orders.models import ReturnLine
from orders.services import Received
from staff.forms import Line, WholeField


class ApproveForm(forms.Form):
    """Words for the buyer. `version` is that of the return as the page showed it."""

    version = WholeField(widget=forms.HiddenInput)
    answer = Line(
        label="Words for the buyer",
        max_length=255,
        required=False,
        help_text="The buyer reads this in the mail and in the history.",
    )

    @property
    def words(self) -> dict[str, Any]:
        """What the service is told."""
        return {"answer": self.cleaned_data["answer"], "expected_version": self.cleaned_data["version"]}


class RefuseForm(ApproveForm):
    """Why a return is refused."""

    answer = Line(
        label="Why it is refused", max_length=255, help_text="The buyer reads this in the mail and in the history."
    )


class ReceiveForm(ApproveForm):
    """What came of each line, in what condition, and where it lies now."""

    warehouse = warehouse_field("Warehouse")

    field_order = ("version", "warehouse")

    def __init__(self, *args: Any, lines: Sequence[ReturnLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line_ids = [line.order_item_id for line in lines]
        for line in lines:
            sku = line.order_item.sku
            units = quantity_field(f"Units of {sku} that came", 0, maximum=line.quantity)
            units.initial = line.quantity
            self.fields[f"quantity_{line.order_item_id}"] = units
            self.fields[f"condition_{line.order_item_id}"] = forms.ChoiceField(
                label=f"Condition of {sku}", choices=ReturnLine.Condition.choices, initial=Condition.RESTOCK.value
            )
        self.order_fields([name for name in self.fields if name != "answer"])

    @property
    def words(self) -> dict[str, Any]:
        """What the service is told."""
        return super().words | {
            "warehouse": self.cleaned_data["warehouse"].code,
            "lines": {
                line_id: Received(
                    self.cleaned_data[f"quantity_{line_id}"], Condition(self.cleaned_data[f"condition_{line_id}"])
                )
                for line_id in self.line_ids
            },
        }
