"""How the total of an order came about, row by row, for mails and for the page of the order."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from orders.models import Charge, Order, OrderItem


@dataclass(frozen=True, slots=True)
class Row:
    """An amount and what it is for. What is off has a minus."""

    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The rows that add up to the total, and the taxes that the total contains already.

    An order that was placed where nothing was configured has none.
    """

    rows: list[Row]
    contained: list[Row]


def breakdown_of(order: Order, lines: Iterable[OrderItem]) -> Breakdown:
    """The rows of an order with these lines. Charges and discounts are read where there can be any."""
    if not order.tax_rounding:
        return Breakdown([], [])
    charges = list(order.charges.all())
    rows = [Row("Articles", order.items_total)]
    rows += discounts_of(order)
    # Shipping of goods of several tax rates is a charge for each.
    shipping: dict[str, Decimal] = {}
    for charge in charges:
        shipping[charge.name] = shipping.get(charge.name, Decimal(0)) + charge.amount
    rows += [Row(name, amount) for name, amount in shipping.items()]
    taxes = taxes_of([*lines, *charges])
    if order.prices_include_tax:
        return Breakdown(rows, taxes)
    return Breakdown(rows + taxes, [])


def discounts_of(order: Order) -> list[Row]:
    """What each promotion took off. Once a line was lost its share is lost too, and only the sum is known."""
    discounts = [Row(discount.name, -discount.amount) for discount in order.discounts.all()]
    if sum((row.amount for row in discounts), Decimal(0)) == -order.discount_total:
        return discounts
    return [Row("Discounts", -order.discount_total)]


def taxes_of(taxed: Iterable[OrderItem | Charge]) -> list[Row]:
    """The taxes on lines and charges, each once, the highest rate first. What is free of tax is left out."""
    taxes: dict[tuple[Decimal, str], Decimal] = {}
    for each in taxed:
        if each.tax_rate or each.tax:
            key = (each.tax_rate, each.tax_name)
            taxes[key] = taxes.get(key, Decimal(0)) + each.tax
    return [
        Row(f"{name} {rate.normalize():f} %".strip(), amount)
        for (rate, name), amount in sorted(taxes.items(), key=lambda tax: (-tax[0][0], tax[0][1]))
    ]
