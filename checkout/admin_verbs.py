"""What the order desk does with the cart of whoever calls: each button is one verb of the services, a unit of its own.

Each leads back to the page of the cart. The journal tells who did what (checkout.services.serving).
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.forms.utils import pretty_name
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.models import Address
from checkout import desk, services
from checkout.admin_forms import (
    AddForm,
    AddressForm,
    BookForm,
    ContactForm,
    CouponForm,
    CustomerForm,
    GuestForm,
    LineForm,
    MethodForm,
    PlaceForm,
    QuantityForm,
)
from checkout.admin_page import ADDRESS_PARTS
from checkout.callers import Caller
from checkout.facts import Facts, read_cart
from checkout.models import Cart
from database.refusals import NotFound, Refusal
from events.actors import admin_actor
from staff.forms import show_refusal
from staff.frame import Page, ReadOnly, StaffAdmin

CHANGE = "checkout.change_cart"
POST = ("POST",)
CHANGED = "Somebody has changed the cart meanwhile; look at it again."


class DeskPages(ReadOnly, StaffAdmin[Cart]):
    """The pages of the order desk's verbs."""

    pages = (
        Page("phone/", "phone", "phone_page", CHANGE, menu="Order by phone", section="orders"),
        Page("<uuid:cart_id>/lines/", "lines", "lines_page", CHANGE, methods=POST),
        Page("<uuid:cart_id>/quantity/", "quantity", "quantity_page", CHANGE, methods=POST),
        Page("<uuid:cart_id>/remove/", "remove", "remove_page", CHANGE, methods=POST),
        Page("<uuid:cart_id>/contact/", "contact", "contact_page", CHANGE),
        Page("<uuid:cart_id>/shipping-address/", "shipping_address", "shipping_address_page", CHANGE),
        Page("<uuid:cart_id>/billing-address/", "billing_address", "billing_address_page", CHANGE),
        Page("<uuid:cart_id>/same-address/", "same_address", "same_address_page", CHANGE, methods=POST),
        Page("<uuid:cart_id>/address-book/", "address_book", "address_book_page", CHANGE, methods=POST),
        Page("<uuid:cart_id>/method/", "method", "method_page", CHANGE, methods=POST),
        Page("<uuid:cart_id>/coupons/", "coupons", "coupons_page", CHANGE, methods=POST),
        Page("<uuid:cart_id>/remove-coupon/", "remove_coupon", "remove_coupon_page", CHANGE, methods=POST),
        Page("<uuid:cart_id>/place/", "place", "place_page", CHANGE, methods=POST),
    )

    def phone_page(self, request: HttpRequest) -> HttpResponseBase:
        """Who calls: a customer who is looked up, or a guest. Leads to the page of the caller's cart."""
        guest = GuestForm(request.POST if "email" in request.POST else None)
        customer = CustomerForm(request.POST if "customer" in request.POST else None)
        try:
            if customer.is_valid():
                number = customer.cleaned_data["customer"]
                return self.to(services.open_for_customer(user_id=number, caller=self.caller(request)).id)
            if guest.is_valid():
                email = guest.cleaned_data["email"]
                return self.to(services.open_for_guest(email=email, caller=self.caller(request)).id)
        except Refusal as refusal:
            messages.error(request, refusal.detail)
        words = request.GET.get("customers", "")[:100]
        found = desk.customers_like(words)
        return self.show(
            request,
            "admin/checkout/phone.html",
            "Order by phone",
            guest=guest,
            words=words,
            found=[(user, CustomerForm(initial={"customer": user.pk}, auto_id=False)) for user in found],
            most=desk.MOST_FOUND,
        )

    def lines_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """Put an article into the cart."""
        return self.verb(
            request,
            cart_id,
            AddForm,
            services.add_line,
            "added an article",
            lambda data: {"named_by": "sku", "article": data["sku"], "quantity": data["quantity"]},
        )

    def quantity_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """Let a line have so many units."""
        return self.verb(
            request,
            cart_id,
            QuantityForm,
            services.set_quantity,
            "changed a quantity",
            lambda data: {
                "line_id": data["line"],
                "quantity": data["quantity"],
                "expected_version": data["version"],
            },
        )

    def remove_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """Take a line off."""
        return self.verb(
            request,
            cart_id,
            LineForm,
            services.remove_line,
            "took an article off",
            lambda data: {"line_id": data["line"], "expected_version": data["version"]},
        )

    def coupons_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """Put a coupon on the cart."""
        return self.verb(
            request, cart_id, CouponForm, services.add_coupon, "added a coupon", lambda data: {"code": data["code"]}
        )

    def remove_coupon_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """Take a coupon off."""
        return self.verb(
            request,
            cart_id,
            CouponForm,
            services.remove_coupon,
            "took a coupon off",
            lambda data: {"code": data["code"]},
        )

    def method_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """Choose how the parcel goes."""
        return self.verb(
            request,
            cart_id,
            MethodForm,
            services.change_cart,
            "chose the shipping",
            lambda data: {"changes": {"shipping_method": data["method"]}},
        )

    def same_address_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """Let the invoice go where the parcel goes."""
        return self.verb(
            request,
            cart_id,
            forms.Form,
            services.change_cart,
            "took the billing address off",
            lambda data: {"changes": {"billing_address": None}},
        )

    def address_book_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """Send the parcel to an address of the customer's address book."""
        cart = self.one(request, cart_id)

        def chosen(data: dict[str, Any]) -> dict[str, Any]:
            address = Address.objects.filter(user=cart.user_id, pk=data["address"]).first()
            if address is None:
                raise NotFound("The customer has no such address any more.")
            shipping = {part: getattr(address, part) for part in ADDRESS_PARTS}
            return {"changes": {"shipping_address": shipping} | ({"phone": address.phone} if address.phone else {})}

        return self.verb(request, cart_id, BookForm, services.change_cart, "chose an address", chosen)

    def contact_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """How the shop reaches the caller, and what is to be noted."""
        cart = Cart.objects.filter(pk=cart_id).first()
        shown = {"email": cart.email, "phone": cart.phone, "note": cart.note} if cart else {}
        return self.form_page(request, cart_id, ContactForm, shown, "Contact and note", lambda data: data)

    def shipping_address_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """Where the parcel goes."""
        shown = self.one(request, cart_id).shipping_address or {}
        return self.form_page(
            request, cart_id, AddressForm, shown, "Where the parcel goes", lambda data: {"shipping_address": data}
        )

    def billing_address_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """Where the invoice goes, if that is elsewhere."""
        shown = self.one(request, cart_id).billing_address or {}
        return self.form_page(
            request, cart_id, AddressForm, shown, "Where the invoice goes", lambda data: {"billing_address": data}
        )

    def place_page(self, request: HttpRequest, cart_id: UUID) -> HttpResponseBase:
        """Order what is in the cart for the total that was shown, and lead to the order."""
        form = PlaceForm(request.POST)
        if not form.is_valid():
            messages.error(request, "The page does not say which total was shown. Nothing was ordered.")
            return self.to(cart_id)
        try:
            placed = services.place_cart(
                cart_id=cart_id,
                caller=self.caller(request),
                expected_total=form.cleaned_data["expected_total"],
            )
        except Refusal as refusal:
            messages.error(request, reason_of(refusal))
            return self.to(cart_id)
        messages.success(request, f"Order {placed.order.number} is placed.")
        if not self.may(request, "orders.view_order"):
            return self.to(cart_id)
        return HttpResponseRedirect(reverse("admin:orders_order_change", args=[placed.order.id]))

    def verb(
        self,
        request: HttpRequest,
        cart_id: UUID,
        form_class: type[forms.Form],
        verb: Callable[..., Facts],
        did: str,
        read: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> HttpResponseBase:
        """Carry out a verb with what a small form says, and lead back to the cart. A refusal becomes a message."""
        form = form_class(request.POST)
        if not form.is_valid():
            for field, errors in form.errors.get_json_data().items():
                label = form.fields[field].label or pretty_name(field) if field in form.fields else "The form"
                messages.error(request, f"{label}: {' '.join(error['message'] for error in errors)}")
            return self.to(cart_id)
        try:
            what = read(form.cleaned_data)
            services.serve(verb, cart_id=cart_id, caller=self.caller(request), did=did, **what)
        except Refusal as refusal:
            messages.error(request, reason_of(refusal))
        return self.to(cart_id)

    def form_page(
        self,
        request: HttpRequest,
        cart_id: UUID,
        form_class: type[forms.Form],
        shown: dict[str, Any],
        title: str,
        changes: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> HttpResponseBase:
        """A page with one form about a cart, which is shown again with what is wrong with it."""
        cart = self.one(request, cart_id)
        form = form_class(request.POST if request.method == "POST" else None, initial=shown)
        if form.is_valid():
            try:
                services.serve(
                    services.change_cart,
                    cart_id=cart.id,
                    caller=self.caller(request),
                    did=f"filled in: {title.lower()}",
                    changes=changes(form.cleaned_data),
                )
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                return self.to(cart.id)
        back = self.url("change", cart.id)
        return self.show(request, "admin/form_page.html", title, form=form, verb="Save", back=back, place="Cart")

    def caller(self, request: HttpRequest) -> Caller:
        """The member of staff, as the services know who reaches which carts. The page's permission was asked before."""
        return Caller(actor=admin_actor(request), serves=True)

    def one(self, request: HttpRequest, cart_id: UUID | None) -> Facts:
        """A cart as it is now. Raises Http404."""
        try:
            if cart_id is not None:
                return read_cart(cart_id, self.caller(request))
        except NotFound:
            pass
        raise Http404("There is no such cart.")

    def to(self, cart_id: UUID) -> HttpResponseRedirect:
        """The way back to the page of a cart."""
        return HttpResponseRedirect(self.url("change", cart_id))


def reason_of(refusal: Refusal) -> str:
    """A refusal in words for the order desk, with what is missing or short."""
    if refusal.status == 412:
        return CHANGED
    short = ", ".join(
        f"{issue['sku']} ({issue['available']} of {issue['requested']} there)"
        for issue in refusal.extra.get("stock_issues", [])
    )
    missing = " ".join(requirement["message"] for requirement in refusal.extra.get("requirements", []))
    return f"{refusal.title}: {short or missing}" if short or missing else refusal.detail
