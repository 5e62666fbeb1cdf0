"""Rules for tests, made by the services as staff make them."""

from decimal import Decimal
from typing import Any

from django.db import transaction

from events.actors import COMMAND
from pricing import services
from pricing.figures import Discount
from pricing.models import Promotion, ShippingMethod, TaxRate, Zone


def make_tax_rate(**columns: Any) -> TaxRate:
    """19 % in Germany, or another rate."""
    given: dict[str, Any] = {"name": "VAT", "rate": Decimal(19), "country": "DE", "actor": COMMAND}
    return services.create_tax_rate(**given | columns)


def make_zone(**columns: Any) -> Zone:
    """Germany and Austria, or other places."""
    given: dict[str, Any] = {"name": "Near", "countries": ["DE", "AT"], "actor": COMMAND}
    return services.create_zone(**given | columns)


def make_method(**columns: Any) -> ShippingMethod:
    """A parcel for 4.90 to everywhere, or another method."""
    steps = [(Decimal(0), Decimal("4.90"))]
    given: dict[str, Any] = {"code": "parcel", "name": "Parcel", "steps": steps, "actor": COMMAND}
    return services.create_shipping_method(**given | columns)


def make_promotion(**columns: Any) -> Promotion:
    """Ten percent with the coupon TEN, or another promotion."""
    given: dict[str, Any] = {
        "name": "Ten percent",
        "kind": "percent",
        "value": Decimal(10),
        "codes": ["TEN"],
        "actor": COMMAND,
    }
    return services.create_promotion(**given | columns)


def make_rules() -> None:
    """One row of everything that staff edit, but for promotions."""
    services.create_tax_class(code="books", name="Books", actor=COMMAND)
    make_tax_rate()
    make_zone()
    make_method()


def discount_of(promotion: Promotion, code: str = "TEN") -> Discount:
    """What totals say about this promotion in a basket."""
    return Discount(
        promotion.pk, code, promotion.name, Decimal(1), promotion.total_limit is not None, promotion.per_customer
    )


def use(promotion: Promotion, reference: str, customer: str = "user:1") -> None:
    """Use a promotion once."""
    with transaction.atomic():
        services.redeem(reference=reference, discounts=[discount_of(promotion)], customer=customer)
