"""What a cart costs: its facts in terms of `pricing`, and the figures that the pure function gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from checkout.facts import Address, Facts, Line
from database.money import in_places
from pricing.figures import Destination, LineTotals, Offer, PricedLine, Totals
from pricing.limits import open_to
from pricing.rulebook import rules_of
from pricing.rules import Rules
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
    """What a cart costs at the moment of its facts, by the rules of then."""
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
    """The rules of now, without the promotions that are used up for everybody or for the cart's buyer."""
    return open_to(rules_of(cart.revision), cart.buyer.key if cart.buyer else "")


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

    The VAT id is that of whoever pays. It counts where it is a valid one of the country that the goods go to.
    """
    country = (shipping or {}).get("country_code", "")
    if not shipping or not country:
        return None
    vat_id = (billing or shipping).get("vat_id", "")
    return Destination(
        country_code=country,
        region=shipping.get("state", ""),
        postal_code=shipping.get("postal_code", ""),
        city=shipping.get("city", ""),
        vat_id=compact_vat_id(vat_id, country) if vat_id else "",
    )


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
