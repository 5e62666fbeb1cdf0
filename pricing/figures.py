"""The values that `totals` takes and gives: lines, a destination, and every figure that led to a total."""

from dataclasses import dataclass
from decimal import Decimal

from pricing.rules import Rounding


@dataclass(frozen=True, slots=True)
class PricedLine:
    """An article in a basket. `category_ids` are those of its category and of all above it; the weight is a unit's."""

    key: int
    product_id: int
    category_ids: frozenset[int]
    tax_class: str
    unit_price: Decimal
    quantity: int
    weight_g: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a basket goes. `vat_id` is a valid one of that country, in compact form, or empty."""

    country_code: str
    region: str = ""
    postal_code: str = ""
    city: str = ""
    vat_id: str = ""


@dataclass(frozen=True, slots=True)
class LineTotals:
    """The figures of a line. `total` is what the customer pays for it, with its tax.

    `unit_price` is the price that was calculated with; in a reverse charge it is the listed one without its tax.
    """

    key: int
    unit_price: Decimal
    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    tax_rate: Decimal
    tax_name: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Charge:
    """What is paid beside the lines: shipping, once for each tax on it. `amount` is before its discount."""

    kind: str
    code: str
    name: str
    amount: Decimal
    discount: Decimal
    tax: Decimal
    tax_rate: Decimal
    tax_name: str


@dataclass(frozen=True, slots=True)
class Discount:
    """What a promotion took off lines and charges. A coupon for free shipping stays with 0 while shipping is free."""

    promotion_id: int
    code: str
    name: str
    amount: Decimal
    limited: bool
    per_customer: int | None


@dataclass(frozen=True, slots=True)
class CouponRefusal:
    """A coupon that does not count, and why.

    unknown, not_yet, expired, used_up, used_by_customer, minimum_not_reached, not_applicable, already_applied or
    not_combinable.
    """

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What a basket costs, with every figure that led there.

    total = items - discount + shipping, and + tax where prices do not include it. `method` is empty where none was
    asked for, and where the one that was asked for does not lead there.
    """

    lines: tuple[LineTotals, ...]
    charges: tuple[Charge, ...]
    discounts: tuple[Discount, ...]
    refused: tuple[CouponRefusal, ...]
    items: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal
    currency: str
    prices_include_tax: bool
    tax_rounding: Rounding
    reverse_charge: bool
    method: str
    pickup_warehouse_id: int | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A method that leads there. `price` is what it would cost now, after promotions."""

    code: str
    name: str
    price: Decimal
    days_from: int | None
    days_to: int | None
    pickup_warehouse_id: int | None
