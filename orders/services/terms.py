"""What a checkout has settled beside lines and address, and what an order then costs (pricing.totals)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import cast

from accounts.countries import code_of, normalised_postal_code, normalised_region, validate_address
from database.refusals import Invalid
from database.rows import array, fetch_rows
from orders.articles import ABOVE
from orders.exceptions import OtherTotal, ShippingNotAvailable
from orders.models import Charge, Order, OrderItem
from orders.services.drafts import Basket, Line, Shipping
from pricing.exceptions import CouponNotValid
from pricing.figures import Destination, PricedLine, Totals
from pricing.rulebook import current_rules
from pricing.rules import Rules
from pricing.totals import totals
from pricing.vat import compact_vat_id

# What of an article decides about taxes, shipping and promotions.
FACTS = f"""
select v.id, {ABOVE}, p.tax_class, coalesce(v.weight_g, 0)
from unnest(%(variant_ids)s::bigint[]) as asked (id)
join catalog_variant v on v.id = asked.id
join catalog_product p on p.id = v.product_id
"""  # noqa: S608  # no value goes in, only a piece of SQL


NO_CHANGES: Mapping[str, str] = MappingProxyType({})
# What of an order its taxes and its shipping follow from.
PLACE = ("shipping_city", "shipping_state", "shipping_postal_code", "shipping_country", "country_code", "vat_id")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a checkout has settled. By default nothing: no shipping, no coupons, and whatever the total is.

    `method` is the code of a method of shipping, and `expected_total` what the buyer was shown. `hold` is the reference
    of a hold on the stock, which becomes the order's promise.
    """

    method: str = ""
    coupons: tuple[str, ...] = ()
    expected_total: Decimal | None = None
    hold: str = ""


NO_TERMS = Terms()


def priced(basket: Basket, *, shipping: Shipping, terms: Terms, rules: Rules, at: datetime) -> Totals | None:
    """What a basket costs on these terms; None where nothing is configured that could change the prices of the catalog.

    The lines get their figures. Refuses CouponNotValid for a coupon that does not count, ShippingNotAvailable for a
    method that does not lead there, and (Invalid) a place of which the taxes cannot be known.
    """
    if rules.is_empty and not (terms.method or terms.coupons):
        return None
    if rules.tax_rates:
        refuse_unknown_place(shipping)
    found = totals(
        lines=priced_lines(basket.values()),
        destination=destination_of(shipping),
        method=terms.method,
        coupons=terms.coupons,
        rules=rules,
        at=at,
    )
    for refusal in found.refused:
        raise CouponNotValid(refusal.code, refusal.reason)
    if terms.method and not found.method:
        raise ShippingNotAvailable(terms.method)
    for line in found.lines:
        basket[line.key].take(line)
    return found


def refuse_unknown_place(shipping: Shipping) -> None:
    """Refuse (Invalid) a country or a region that nobody knows: whoever misspells one would pay no tax."""
    state = shipping["shipping_state"]
    unknown = [
        replace(error, field=error.field.replace("country_code", "country"))
        for error in validate_address(country_of(shipping), state=state, prefix="shipping_")
        if error.code in ("unknown_country", "unknown_region")
    ]
    if unknown:
        raise Invalid("The taxes of this place are not known.", errors=unknown)


def priced_lines(lines: Collection[Line | OrderItem]) -> list[PricedLine]:
    """The lines with what decides about taxes, shipping and promotions, in one statement."""
    rows = fetch_rows(FACTS, {"variant_ids": array(line.variant_id for line in lines)})
    facts = {variant_id: others for variant_id, *others in rows}
    return [
        PricedLine(
            key=line.variant_id,
            product_id=line.product_id,
            category_ids=frozenset(facts[line.variant_id][0]),
            tax_class=facts[line.variant_id][1],
            unit_price=line.unit_price,
            quantity=line.quantity,
            weight_g=facts[line.variant_id][2],
        )
        for line in lines
    ]


def country_of(shipping: Shipping) -> str:
    """The code of the country that an order goes to, also where only its name was given; empty for an unknown one."""
    return shipping.get("country_code") or code_of(shipping["shipping_country"]) or ""


def destination_of(shipping: Shipping) -> Destination:
    """Where an order goes. Its VAT id counts where it is a valid one of the country that the goods go to."""
    country, vat_id = country_of(shipping), shipping.get("vat_id", "")
    return Destination(
        country_code=country,
        region=normalised_region(country, shipping["shipping_state"]),
        postal_code=normalised_postal_code(country, shipping["shipping_postal_code"]),
        city=shipping["shipping_city"],
        vat_id=compact_vat_id(vat_id, country) if vat_id else "",
    )


def place_of(order: Order, changes: Mapping[str, str] = NO_CHANGES) -> Shipping:
    """The place that an order goes to, or would go to with these changes."""
    return cast(Shipping, {name: getattr(order, name) for name in PLACE} | dict(changes))


def refuse_other_total(order: Order, changes: Mapping[str, str]) -> None:
    """Refuse OtherTotal when the order would cost something else in another place, by the rules of today.

    Promotions do not follow from a place, so none is asked for. Refuses (Invalid) a place of which the taxes cannot be
    known.
    """
    rules = current_rules()
    if rules.is_empty:
        return
    if rules.tax_rates:
        refuse_unknown_place(place_of(order, changes))
    lines = priced_lines(list(order.order_items.all()))
    method = order.charges.filter(kind=Charge.Kind.SHIPPING).values_list("code", flat=True).first() or ""
    here, there = (
        totals(
            lines=lines,
            destination=destination_of(place),
            method=method,
            coupons=(),
            rules=replace(rules, promotions=()),
            at=order.order_date,
        )
        for place in (place_of(order), place_of(order, changes))
    )
    # A method that is offered no longer does not say where it leads: it does not leave the country.
    is_elsewhere = country_of(place_of(order)) != country_of(place_of(order, changes))
    if here != there or (method != here.method and is_elsewhere):
        raise OtherTotal
