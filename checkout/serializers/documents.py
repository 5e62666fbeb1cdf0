"""What clients read about a cart."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any
from urllib.parse import urljoin

from django.core.files.storage import default_storage
from rest_framework import serializers

from api.fields import Amount
from catalog.models import file_of
from checkout.facts import Facts, Line
from checkout.figures import Figures, changed_from
from checkout.models import Cart
from checkout.requirements import problems_of, requirements
from database.money import in_places
from orders.serializers.documents import OrderSerializer
from pricing.figures import LineTotals, Offer
from pricing.rules import folded_code


class ProblemSerializer(serializers.Serializer[Any]):
    """What keeps a line from being ordered."""

    code = serializers.CharField(help_text="`unavailable`, `insufficient_stock` or `quantity_limit_exceeded`.")
    message = serializers.CharField()


class CartLineSerializer(serializers.Serializer[Any]):
    """A line of a cart, with the price and the stock of now. A line that is not for sale is in no total."""

    line_id = serializers.IntegerField()
    product_id = serializers.IntegerField()
    variant_id = serializers.IntegerField()
    sku = serializers.CharField()
    product_name = serializers.CharField()
    image = serializers.URLField(allow_null=True, help_text="A small picture.")
    quantity = serializers.IntegerField()
    available = serializers.IntegerField(help_text="Units that the cart could have now, with those that it holds.")
    unit_price = Amount()
    price_changed_from = Amount(
        allow_null=True, help_text="What it cost when the line was last changed, if it costs something else now."
    )
    subtotal = Amount()
    discount = Amount()
    tax = Amount()
    total = Amount(help_text="What is paid for the line, with its tax.")
    problems = ProblemSerializer(many=True)


class CartCouponSerializer(serializers.Serializer[Any]):
    """A coupon of a cart."""

    code = serializers.CharField()
    name = serializers.CharField(help_text="Of its promotion; empty while it does not count.")
    amount = Amount(help_text="What it takes off.")
    problem = serializers.CharField(allow_null=True, help_text="Why it does not count; null when it does.")


class CartAddressSerializer(serializers.Serializer[Any]):
    """An address of a cart, which may be unfinished."""

    recipient_name = serializers.CharField(allow_blank=True)
    company = serializers.CharField(allow_blank=True)
    vat_id = serializers.CharField(allow_blank=True)
    address_line1 = serializers.CharField(allow_blank=True)
    address_line2 = serializers.CharField(allow_blank=True)
    city = serializers.CharField(allow_blank=True)
    state = serializers.CharField(allow_blank=True)
    postal_code = serializers.CharField(allow_blank=True)
    country_code = serializers.CharField(allow_blank=True)


class CartTotalsSerializer(serializers.Serializer[Any]):
    """What a cart costs. Taxes and shipping are 0 as long as the address has no country."""

    items = Amount()
    discount = Amount()
    shipping = Amount()
    tax = Amount()
    total = Amount()
    prices_include_tax = serializers.BooleanField()
    reverse_charge = serializers.BooleanField(help_text="The buyer owes the tax, and prices are without it.")


class RequirementSerializer(serializers.Serializer[Any]):
    """Something that the cart lacks to become an order."""

    step = serializers.CharField(help_text="`lines`, `contact`, `shipping`, `billing` or `coupons`.")
    field = serializers.CharField(help_text="What is to be filled in or changed: `shipping_address.city`.")
    code = serializers.CharField()
    message = serializers.CharField()


class CartSerializer(serializers.Serializer[Any]):
    """A cart, with everything that is true of it now."""

    cart_id = serializers.UUIDField()
    user_id = serializers.IntegerField(allow_null=True, help_text="Null for a guest.")
    state = serializers.ChoiceField(choices=Cart.State.choices)
    version = serializers.IntegerField()
    currency = serializers.CharField()
    lines = CartLineSerializer(many=True)
    coupons = CartCouponSerializer(many=True)
    shipping_address = CartAddressSerializer(allow_null=True)
    billing_address = CartAddressSerializer(allow_null=True, help_text="Null: the shipping address.")
    email = serializers.CharField(allow_blank=True, help_text="Without one, the customer's own.")
    phone = serializers.CharField(allow_blank=True, help_text="Without one, the customer's own.")
    shipping_method = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    totals = CartTotalsSerializer()
    requirements = RequirementSerializer(many=True)
    held_until = serializers.DateTimeField(allow_null=True, help_text="The end of the hold on the stock.")
    order_id = serializers.IntegerField(allow_null=True, help_text="Of a cart that was placed.")


class NewCartSerializer(CartSerializer):
    """A cart that was opened."""

    token = serializers.CharField(required=False, help_text="For guests: opens the cart, as `X-Cart-Token`.")


class CartOrderSerializer(OrderSerializer):
    """The order that a cart became."""

    order_token = serializers.CharField(required=False, help_text="For guests: opens the order, as `X-Order-Token`.")

    class Meta(OrderSerializer.Meta):
        fields = [*OrderSerializer.Meta.fields, "order_token"]
        read_only_fields = fields


class OfferSerializer(serializers.Serializer[Any]):
    """A way to ship the cart."""

    code = serializers.CharField()
    name = serializers.CharField()
    price = Amount(help_text="After promotions; with its tax where prices include it.")
    days_from = serializers.IntegerField(allow_null=True)
    days_to = serializers.IntegerField(allow_null=True)
    is_pickup = serializers.BooleanField(help_text="Whether the customer comes for it.")


def cart_document(cart: Facts, figures: Figures, origin: str) -> dict[str, Any]:
    """The document of a cart. The addresses of its pictures begin with `origin`: a scheme and a host."""
    totals = figures.totals
    missing = requirements(cart, figures, needs_method=figures.needs_method) if cart.is_live else []
    return {
        "cart_id": cart.id,
        "user_id": cart.user_id,
        "state": cart.state,
        "version": cart.version,
        "currency": cart.currency,
        "lines": [
            line_document(line, figures.by_variant.get(line.variant_id), origin, is_live=cart.is_live)
            for line in cart.lines
        ],
        "coupons": coupon_documents(cart, figures),
        "shipping_address": cart.shipping_address,
        "billing_address": cart.billing_address,
        "email": cart.email,
        "phone": cart.phone,
        "shipping_method": cart.shipping_method,
        "note": cart.note,
        "totals": {
            "items": totals.items,
            "discount": totals.discount,
            "shipping": totals.shipping,
            "tax": totals.tax,
            "total": totals.total,
            "prices_include_tax": totals.prices_include_tax,
            "reverse_charge": totals.reverse_charge,
        },
        "requirements": [asdict(requirement) for requirement in missing],
        "held_until": cart.held_until if cart.is_held else None,
        "order_id": cart.order_id,
    }


def line_document(line: Line, figures: LineTotals | None, origin: str, *, is_live: bool) -> dict[str, Any]:
    """The document of a line. Without figures it is not for sale. Nothing stands against one that cannot be ordered."""
    nothing = in_places(Decimal(0))
    was = changed_from(line) if is_live else None
    return {
        "line_id": line.id,
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "sku": line.sku,
        "product_name": line.product_name,
        "image": urljoin(origin, default_storage.url(file_of(line.image, "small"))) if line.image else None,
        "quantity": line.quantity,
        "available": line.available,
        "unit_price": figures.unit_price if figures else in_places(line.unit_price),
        "price_changed_from": was,
        "subtotal": figures.subtotal if figures else nothing,
        "discount": figures.discount if figures else nothing,
        "tax": figures.tax if figures else nothing,
        "total": figures.total if figures else nothing,
        "problems": [asdict(problem) for problem in problems_of(line)] if is_live else [],
    }


def coupon_documents(cart: Facts, figures: Figures) -> list[dict[str, Any]]:
    """The coupons of a cart, in the sequence in which they came to it."""
    counted = {discount.code: discount for discount in figures.totals.discounts if discount.code}
    refused = {refusal.code: refusal.reason for refusal in figures.totals.refused}
    documents = []
    for code in map(folded_code, cart.coupons):
        discount = counted.get(code)
        documents.append(
            {
                "code": code,
                "name": discount.name if discount else "",
                "amount": discount.amount if discount else in_places(Decimal(0)),
                "problem": refused.get(code),
            }
        )
    return documents


def offer_document(offer: Offer) -> dict[str, Any]:
    """The document of a method of shipping."""
    return {
        "code": offer.code,
        "name": offer.name,
        "price": offer.price,
        "days_from": offer.days_from,
        "days_to": offer.days_to,
        "is_pickup": offer.pickup_warehouse_id is not None,
    }
