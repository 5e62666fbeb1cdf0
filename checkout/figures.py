"""What a cart costs: its facts in terms of `pricing`, and the figures that the pure function gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from checkout.facts import Address, Facts, Line
from database.money import in_places
from orders.models import Order, OrderItem
from orders.services import Buyer
from pricing.figures import Charge, Destination, Discount, LineTotals, Offer, PricedLine, Totals
from pricing.limits import open_to
from pricing.rulebook import rules_of
from pricing.rules import Rounding, Rules
from pricing.totals import methods_for, totals
from pricing.vat import compact_vat_id


@dataclass(frozen=True, slots=True)
class Figures:
    """The totals of a cart. A line that is not for sale is in no figure.

    `needs_method` says whether the shop has methods of shipping, of which one must be chosen.
    """

    totals: Totals
    needs_method: bool
    by_variant: Mapping[int, LineTotals]


def figures_of(cart: Facts) -> Figures:
    """What a cart costs at the moment of its facts, by the rules of then. A placed one costs what its order does."""
    if cart.order_id is not None:
        return figures_of_order(Order.objects.with_lines().get(pk=cart.order_id))
    rules = rules_for(cart)
    found = totals(
        lines=priced(cart.lines),
        destination=destination_of(cart.shipping_address, cart.billing_address),
        method=cart.shipping_method,
        coupons=cart.coupons,
        rules=rules,
        at=cart.at,
    )
    return Figures(found, bool(rules.methods), {line.key: line for line in found.lines})


def figures_of_order(order: Order) -> Figures:
    """The figures that an order has kept. Prices, rules and uses of coupons may have changed since."""
    by_variant = {line.variant_id: totals_of_line(line, order) for line in order.order_items.all()}
    kept = Totals(
        lines=tuple(by_variant.values()),
        charges=tuple(
            Charge(
                kind=charge.kind,
                code=charge.code,
                name=charge.name,
                amount=in_places(charge.amount),
                discount=in_places(charge.discount),
                tax=in_places(charge.tax),
                tax_rate=charge.tax_rate,
                tax_name=charge.tax_name,
            )
            for charge in order.charges.all()
        ),
        discounts=tuple(
            Discount(discount.promotion_id, discount.code, discount.name, in_places(discount.amount), False, None)
            for discount in order.discounts.all()
        ),
        refused=(),
        items=in_places(order.items_total),
        discount=in_places(order.discount_total),
        shipping=in_places(order.shipping_total),
        tax=in_places(order.tax_total),
        total=in_places(order.total_amount),
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
        tax_rounding=cast(Rounding, order.tax_rounding or "line"),
        reverse_charge=order.reverse_charge,
        method="",
        pickup_warehouse_id=None,
    )
    return Figures(kept, needs_method=False, by_variant=by_variant)


def totals_of_line(line: OrderItem, order: Order) -> LineTotals:
    """The figures of an order's line."""
    added_tax = Decimal(0) if order.prices_include_tax else line.tax
    return LineTotals(
        key=line.variant_id,
        unit_price=in_places(line.unit_price),
        subtotal=in_places(line.subtotal),
        discount=in_places(line.discount),
        tax=in_places(line.tax),
        tax_rate=line.tax_rate,
        tax_name=line.tax_name,
        total=in_places(line.subtotal - line.discount + added_tax),
    )


def offers_of(cart: Facts) -> tuple[Offer, ...]:
    """The methods of shipping that lead to the cart's address with its lines."""
    return methods_for(
        lines=priced(cart.lines),
        destination=destination_of(cart.shipping_address, cart.billing_address),
        coupons=cart.coupons,
        rules=rules_for(cart),
        at=cart.at,
    )


def rules_for(cart: Facts) -> Rules:
    """The rules of now, without the promotions that are used up for everybody or for the cart's customer.

    What a guest has used is decided when the cart is placed: a cart takes any email, and would tell
    who has bought here.
    """
    return open_to(rules_of(cart.revision), Buyer(cart.user_id).key if cart.user_id else "")


def priced(lines: Sequence[Line]) -> list[PricedLine]:
    """The lines that are for sale, as `pricing` takes them."""
    return [
        PricedLine(
            key=line.variant_id,
            product_id=line.product_id,
            category_ids=line.category_ids,
            tax_class=line.tax_class,
            unit_price=line.unit_price,
            quantity=line.quantity,
            weight_g=line.weight_g,
        )
        for line in lines
        if line.on_sale
    ]


def destination_of(shipping: Address | None, billing: Address | None) -> Destination | None:
    """Where a cart goes, None as long as its country is not known.

    The VAT id counts where it is a valid one of the country that the goods go to.
    """
    country = (shipping or {}).get("country_code", "")
    if not shipping or not country:
        return None
    vat_id = vat_id_of(shipping, billing)
    return Destination(
        country_code=country,
        region=shipping.get("state", ""),
        postal_code=shipping.get("postal_code", ""),
        city=shipping.get("city", ""),
        vat_id=compact_vat_id(vat_id, country) if vat_id else "",
    )


def vat_id_of(shipping: Address, billing: Address | None) -> str:
    """The VAT id of whoever pays: that of the billing address, or of the shipping address where none is given."""
    return (billing or {}).get("vat_id") or shipping.get("vat_id", "")


def changed_from(line: Line) -> Decimal | None:
    """What a line cost when it was last changed, None where it costs the same now."""
    return None if line.seen_price == line.unit_price else in_places(line.seen_price)


def price_changes(cart: Facts, figures: Figures) -> list[dict[str, Any]]:
    """The lines that cost something else than they did when they were last changed, for a problem document."""
    return [
        {
            "line_id": line.id,
            "sku": line.sku,
            "unit_price": str(figures.by_variant[line.variant_id].unit_price),
            "price_changed_from": str(was),
        }
        for line in cart.lines
        if line.variant_id in figures.by_variant and (was := changed_from(line)) is not None
    ]
