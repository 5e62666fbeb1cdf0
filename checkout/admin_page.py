"""What the page of a cart shows: lines with their problems, totals, what is missing, and the forms of staff."""

from typing import Any

from accounts.country_names import NAMES
from accounts.models import Address
from checkout import desk
from checkout.admin_forms import AddForm, BookForm, CouponForm, LineForm, MethodForm, PlaceForm, QuantityForm
from checkout.facts import Address as CartAddress
from checkout.facts import Facts
from checkout.figures import Figures, figures_of, offers_of
from checkout.requirements import problems_of, requirements
from pricing.rules import folded_code

ADDRESS_PARTS = (
    *("recipient_name", "company", "vat_id", "address_line1", "address_line2", "city", "state", "postal_code"),
    "country_code",
)


def page_of_cart(cart: Facts, *, words: str, may_serve: bool) -> dict[str, Any]:
    """The context of a cart's page. `words` look articles up; forms are there where staff `may_serve` it."""
    figures = figures_of(cart)
    missing = requirements(cart, figures, needs_method=figures.needs_method) if cart.is_live else []
    context = {
        "cart": cart,
        "lines": [line_of(cart, line, figures, may_serve=may_serve) for line in cart.lines],
        "totals": figures.totals,
        "coupons": coupons_of(cart, figures),
        "missing": missing,
        "parcel": written(cart.shipping_address, cart.name),
        "invoice": written(cart.billing_address, cart.name),
        "may_serve": may_serve,
        "words": words,
        "most": desk.MOST_FOUND,
    }
    if not may_serve:
        return context
    return context | {
        "add": AddForm(),
        "found": [
            (variant, AddForm(initial={"sku": variant.stock_item.sku, "quantity": 1}, auto_id=f"id_{variant.pk}_%s"))
            for variant in desk.articles_like(words)
        ],
        "add_coupon": CouponForm(),
        "offers": offers_of(cart),
        "method_form": MethodForm(),
        "book": [
            (address, BookForm(initial={"address": address.pk}, auto_id=False))
            for address in Address.objects.filter(user=cart.user_id).order_by("-is_default_shipping", "-pk")
        ]
        if cart.user_id is not None
        else [],
        "place": PlaceForm(initial={"expected_total": figures.totals.total}, auto_id=False) if not missing else None,
    }


def line_of(cart: Facts, line: Any, figures: Figures, *, may_serve: bool) -> dict[str, Any]:
    """A line with its figures, its problems, and the forms that change it."""
    shown = {
        "line": line,
        "figures": figures.by_variant.get(line.variant_id),
        "problems": list(problems_of(line)) if cart.is_live else [],
    }
    if not may_serve:
        return shown
    initial = {"line": line.id, "version": cart.version, "quantity": line.quantity}
    return shown | {
        "quantity": QuantityForm(initial=initial, auto_id=f"id_{line.id}_%s"),
        "remove": LineForm(initial=initial, auto_id=False),
    }


def coupons_of(cart: Facts, figures: Figures) -> list[dict[str, Any]]:
    """The coupons of a cart, with what each takes off, or why it does not count."""
    counted = {discount.code: discount for discount in figures.totals.discounts if discount.code}
    refused = {refusal.code: refusal.reason for refusal in figures.totals.refused}
    return [
        {
            "code": code,
            "discount": counted.get(code),
            "problem": refused.get(code, "").replace("_", " "),
            "remove": CouponForm(initial={"code": code}, auto_id=False),
        }
        for code in map(folded_code, cart.coupons)
    ]


def written(address: CartAddress | None, name: str) -> list[str]:
    """The lines of an address; none where there is no address."""
    if address is None:
        return []
    known = {part: address.get(part, "") for part in ADDRESS_PARTS}
    lines = [
        known["recipient_name"] or name,
        known["company"],
        known["address_line1"],
        known["address_line2"],
        " ".join(filter(None, (known["postal_code"], known["city"], known["state"]))),
        NAMES.get(known["country_code"], ""),
        f"VAT id {known['vat_id']}" if known["vat_id"] else "",
    ]
    return [line for line in lines if line]
