"""What a method of shipping costs for a basket, and where it leads. Pure."""

from decimal import Decimal

from pricing.rules import Method, Rules


def leads_to(method: Method, rules: Rules, country: str, region: str) -> bool:
    """Whether a method is offered in a place. A method without a zone is offered everywhere."""
    if method.zone_id is None:
        return True
    for zone in rules.zones:
        if zone.id == method.zone_id:
            return (country, "") in zone.places or (country, region) in zone.places
    return False


def price_of(method: Method, goods: Decimal, weight_g: int) -> Decimal | None:
    """The price for lines of this sum (after discounts) and weight, before a promotion; None when it is not offered.

    The last row whose value is not above the basket's counts.
    """
    value = Decimal(weight_g) if method.basis == "weight" else goods
    price: Decimal | None = None
    for step in method.steps:
        if step.from_value <= value:
            price = step.price
    if price is not None and method.free_above is not None and goods >= method.free_above:
        return Decimal(0)
    return price
