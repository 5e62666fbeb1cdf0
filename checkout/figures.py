"""What a cart costs: its facts in terms of `pricing`, and the figures that the pure function gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from checkout.facts import Address, Facts, Line
from pricing.figures import Destination, LineTotals, Offer, PricedLine, Totals
from pricing.rules import Rules
from pricing.totals import methods_for, totals
from pricing.vat import compact_vat_id


@dataclass(frozen=True, slots=True)
class Figures:
    """The totals of a cart by some rules. A line that is not for sale is in no figure."""

    totals: Totals
    rules: Rules
    by_variant: Mapping[int, LineTotals]


def rules_now() -> Rules:
    """The rules that hold now."""
    return Rules(revision=0, currency=settings.CURRENCY)


def figures_of(cart: Facts, rules: Rules) -> Figures:
    """What a cart costs at the moment of its facts."""
    found = totals(
        lines=priced(cart.lines),
        destination=destination_of(cart.shipping_address, cart.billing_address),
        method=cart.shipping_method,
        coupons=cart.coupons,
        rules=rules,
        at=cart.at,
    )
    return Figures(found, rules, {line.key: line for line in found.lines})


def offers_of(cart: Facts, rules: Rules) -> tuple[Offer, ...]:
    """The methods of shipping that lead to the cart's address with its lines."""
    return methods_for(
        lines=priced(cart.lines),
        destination=destination_of(cart.shipping_address, cart.billing_address),
        coupons=cart.coupons,
        rules=rules,
        at=cart.at,
    )


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
