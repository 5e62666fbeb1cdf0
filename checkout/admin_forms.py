"""The forms of the order desk's carts."""

from typing import Any
from uuid import UUID

from django import forms

from accounts.countries import normalised_postal_code, normalised_region, validate_address
from accounts.country_names import NAMES
from checkout.models import MAX_LINE_QUANTITY
from database.money import places_of
from database.text import normalised_email, refuse_hidden, refuse_links
from staff.forms import AmountField, Line, WholeField

PARTS = ("address_line1", "city", "state", "postal_code")


def units_field(**options: Any) -> WholeField:
    """So many units of an article as a line may have."""
    return WholeField(label="Units", min_value=1, max_value=MAX_LINE_QUANTITY, **options)


class GuestForm(forms.Form):
    """Somebody who calls and has no account."""

    email = forms.EmailField(max_length=254, validators=[refuse_hidden], help_text="The confirmation goes there.")

    def clean_email(self) -> str:
        """The email in the one form in which it is kept."""
        return normalised_email(self.cleaned_data["email"])


class CustomerForm(forms.Form):
    """A customer who was found."""

    customer = WholeField(widget=forms.HiddenInput)


class AddForm(forms.Form):
    """An article that comes to a cart."""

    sku = Line(label="SKU", max_length=64)
    quantity = units_field(initial=1)


class QuantityForm(forms.Form):
    """How many units a line is to have. `version` is the cart's version that the page showed, here as below."""

    line = WholeField(widget=forms.HiddenInput)
    version = WholeField(widget=forms.HiddenInput)
    quantity = units_field()


class LineForm(forms.Form):
    """A line that goes."""

    line = WholeField(widget=forms.HiddenInput)
    version = WholeField(widget=forms.HiddenInput)


class CouponForm(forms.Form):
    """A coupon that the caller reads out, or one that goes again."""

    code = Line(label="Code", max_length=64)


class MethodForm(forms.Form):
    """How the parcel goes."""

    method = Line(max_length=64)


class PlaceForm(forms.Form):
    """The total that staff have read to the caller."""

    expected_total = AmountField(decimal_places=places_of(), widget=forms.HiddenInput)


class ContactForm(forms.Form):
    """How the shop reaches whoever orders."""

    email = forms.EmailField(
        max_length=254, required=False, validators=[refuse_hidden], help_text="Without one, the customer's own."
    )
    phone = Line(max_length=32, required=False)
    note = Line(label="Note for the order", max_length=1000, required=False)

    def clean_email(self) -> str:
        """The email in the one form in which it is kept."""
        email: str = self.cleaned_data["email"]
        return normalised_email(email) if email else ""


class AddressForm(forms.Form):
    """An address, written as its country writes addresses."""

    recipient_name = Line(max_length=201, required=False, validators=[refuse_links], help_text="Or the customer's own.")
    company = Line(max_length=200, required=False)
    vat_id = Line(label="VAT id", max_length=32, required=False)
    address_line1 = Line(label="Address line 1", max_length=200, required=False)
    address_line2 = Line(label="Address line 2", max_length=200, required=False)
    postal_code = Line(max_length=20, required=False)
    city = Line(max_length=100, required=False)
    state = Line(label="State or province", max_length=100, required=False)
    country_code = forms.ChoiceField(
        label="Country", choices=[("", ""), *sorted(NAMES.items(), key=lambda entry: entry[1])]
    )

    def clean(self) -> dict[str, Any]:
        """The address as the country writes it. Refuses what the country would not take."""
        address = dict(self.cleaned_data)
        if code := address.get("country_code"):
            parts = {part: address.get(part, "") for part in PARTS}
            for error in validate_address(code, **parts):
                self.add_error(error.field, error.message)
            address["state"] = normalised_region(code, parts["state"])
            address["postal_code"] = normalised_postal_code(code, parts["postal_code"])
        return address


class BookForm(forms.Form):
    """An address of the customer's address book."""

    address = WholeField(widget=forms.HiddenInput)


def cart_id_of(text: str) -> UUID | None:
    """The id of a cart that somebody may have typed into an address, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None
