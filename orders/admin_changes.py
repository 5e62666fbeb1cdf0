"""Pages of one order that change it before it leaves: its addresses, the units of a line, and another article."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from rest_framework.serializers import ValidationError

from api.serializers import kept
from database.refusals import Refusal
from database.text import refuse_links
from events.actors import admin_actor
from inventory.admin_forms import items_by_code, nothing_alone
from orders import services
from orders.models import Order, OrderItem
from orders.serializers.bodies import MAX_LINE_QUANTITY, MAX_SKU
from orders.serializers.changes import ChangeOrderBody
from orders.services import Wanted
from staff.forms import Line, WholeField, show_refusal
from staff.frame import Page

CHANGE = "orders.change_order"
CHANGE_PAGES = (
    Page("<int:order_id>/address/", "address", "address_page", CHANGE),
    Page("<int:order_id>/articles/<int:order_item_id>/", "line", "line_page", CHANGE),
    Page("<int:order_id>/articles/<int:order_item_id>/replace/", "replace", "replace_page", CHANGE),
)
# The code of a country follows from its name, unless the order has one whose name is not known.
CODES = {"shipping_country": "country_code", "billing_country": "billing_country_code"}


class VersionForm(forms.Form):
    """A form over an order. `version` is the one that the page showed."""

    version = WholeField(widget=forms.HiddenInput)


class AddressForm(VersionForm):
    """Whom and where an order goes to, and where its invoice goes. Without an address the invoice goes along."""

    recipient_name = Line(label="Recipient", max_length=201, validators=[refuse_links])
    company = Line(max_length=200, required=False, validators=[refuse_links])
    shipping_address_line1 = Line(label="Address line 1", max_length=200)
    shipping_address_line2 = Line(label="Address line 2", max_length=200, required=False)
    shipping_postal_code = Line(label="Postal code", max_length=20, required=False)
    shipping_city = Line(label="City", max_length=100)
    shipping_state = Line(label="State or province", max_length=100, required=False)
    shipping_country = Line(label="Country", max_length=100)
    phone = Line(max_length=32, required=False)
    note = Line(label="Note of the buyer", max_length=1000, required=False)
    billing_name = Line(label="Invoice to", max_length=201, required=False, validators=[refuse_links])
    billing_company = Line(label="Company of the invoice", max_length=200, required=False, validators=[refuse_links])
    billing_address_line1 = Line(
        label="Invoice, address line 1", max_length=200, required=False, help_text="Without one the invoice goes along."
    )
    billing_address_line2 = Line(label="Invoice, address line 2", max_length=200, required=False)
    billing_postal_code = Line(label="Invoice, postal code", max_length=20, required=False)
    billing_city = Line(label="Invoice, city", max_length=100, required=False)
    billing_state = Line(label="Invoice, state or province", max_length=100, required=False)
    billing_country = Line(label="Invoice, country", max_length=100, required=False)

    def __init__(self, order: Order, data: Any = None) -> None:
        names = [name for name in self.base_fields if name != "version"]
        super().__init__(data, initial={"version": order.version} | {name: getattr(order, name) for name in names})
        self.order, self.names, self.changes = order, names, dict[str, str]()

    def clean(self) -> dict[str, Any]:
        """Refuses what the API refuses of an address, and keeps the changes as the service takes them."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        body = {name: data[name] for name in self.names}
        for name, code in CODES.items():
            if body[name] == getattr(self.order, name) and getattr(self.order, code):
                body[code] = getattr(self.order, code)
        try:
            self.changes = kept(ChangeOrderBody).run_validation(body)
        except ValidationError as refusal:
            details: Mapping[str, Any] = refusal.detail  # type: ignore[assignment]  # a body's errors are by field
            for name, detail in details.items():
                field = next((field for field, code in CODES.items() if code == name), name)
                self.add_error(field, str(detail[0] if isinstance(detail, list) else detail))
        return data


class WordsForm(VersionForm):
    """Why a line changes: for colleagues, and for the customer."""

    reason = Line(max_length=255, required=False, help_text="For staff: no customer reads it.")
    message = Line(
        label="Words for the customer",
        max_length=255,
        required=False,
        help_text="The customer reads this in the mail and in the history.",
    )

    @property
    def words(self) -> dict[str, Any]:
        """What was typed: the reason for staff, and the words for the customer."""
        return {name: self.cleaned_data[name] for name in ("reason", "message")}


class UnitsForm(WordsForm):
    """How many units a line is to have."""

    quantity = WholeField(label="Units", min_value=0, max_value=MAX_LINE_QUANTITY, help_text="0 takes the line off.")
    field_order = ("version", "quantity", "reason", "message")


class ReplaceForm(WordsForm):
    """What takes the place of units of a line."""

    sku = Line(label="SKU or barcode", max_length=MAX_SKU)
    quantity = WholeField(label="Units", min_value=1, max_value=MAX_LINE_QUANTITY)
    field_order = ("version", "sku", "quantity", "reason", "message")

    def clean_sku(self) -> str:
        """The SKU of the item. Staff may type its barcode instead."""
        item = items_by_code([self.cleaned_data["sku"]]).get(self.cleaned_data["sku"])
        if item is None:
            raise forms.ValidationError(nothing_alone(self.cleaned_data["sku"]))
        return item.sku


class Changeable:
    """Mixed in before the admin of orders: the pages that change one order."""

    def address_page(self: Any, request: HttpRequest, order_id: int) -> HttpResponseBase:
        """Change whom and where an order goes to."""
        order = self.one(order_id)
        form = AddressForm(order, request.POST if request.method == "POST" else None)
        return change_page(
            self,
            request,
            order,
            form,
            lambda **who: services.change_order(changes=form.changes, **who),
            title=f"Change order {order.number}",
            lead="The customer gets a mail that says what has changed, without what was typed. "
            "Where the order would have other taxes or other shipping, it has to be placed anew.",
        )

    def line_page(self: Any, request: HttpRequest, order_id: int, order_item_id: int) -> HttpResponseBase:
        """Let a line of an order have fewer units, or take it off."""
        order = self.one(order_id)
        line = line_of(order, order_item_id)
        form = UnitsForm(
            request.POST if request.method == "POST" else None,
            initial={"version": order.version, "quantity": line.quantity},
        )
        return change_page(
            self,
            request,
            order,
            form,
            lambda **who: services.change_line(
                line_id=order_item_id, quantity=form.cleaned_data["quantity"], **form.words, **who
            ),
            title=f"{line.sku} of order {order.number}",
            lead=f"The order has {line.quantity} of {line.product_name}. What is taken off goes back to stock, and its "
            "share of the total is owed to the customer. Units that have left stay on the order.",
        )

    def replace_page(self: Any, request: HttpRequest, order_id: int, order_item_id: int) -> HttpResponseBase:
        """Replace units of a line by another article."""
        order = self.one(order_id)
        line = line_of(order, order_item_id)
        form = ReplaceForm(
            request.POST if request.method == "POST" else None,
            initial={"version": order.version, "quantity": line.quantity},
        )

        def replace(**who: Any) -> int:
            wanted = Wanted(form.cleaned_data["quantity"], sku=form.cleaned_data["sku"])
            return services.replace_line(line_id=order_item_id, wanted=wanted, **form.words, **who)

        return change_page(
            self,
            request,
            order,
            form,
            replace,
            title=f"Replace {line.sku} of order {order.number}",
            lead=f"So many units of {line.product_name} become units of another article, at its price of today and "
            "with the discount of the line. The customer is told what the order costs then.",
        )


def change_page(
    admin: Any,
    request: HttpRequest,
    order: Order,
    form: VersionForm,
    verb: Callable[..., object],
    *,
    title: str,
    lead: str,
) -> HttpResponseBase:
    """A form that changes an order. What a service refuses stands on the form, with all that was typed."""
    if request.method == "POST" and form.is_valid():
        try:
            verb(order_id=order.pk, actor=admin_actor(request), expected_version=form.cleaned_data["version"])
        except Refusal as refusal:
            show_refusal(refusal, form)
            for issue in refusal.extra.get("stock_issues", []):
                form.add_error(None, f"{issue['available']} of {issue['sku']} can be had.")
        else:
            messages.success(request, f"Order {order.number} is changed.")
            return HttpResponseRedirect(admin.url("change", order.pk))
    shown: HttpResponseBase = admin.show(request, "admin/orders/change.html", title, form=form, order=order, lead=lead)
    return shown


def line_of(order: Order, line_id: int) -> OrderItem:
    """A line of an order. Raises Http404."""
    line = order.order_items.filter(pk=line_id).first()
    if line is None:
        raise Http404("The order has no such line.")
    return line
