"""Exact arithmetic with money: whole numbers of the smallest unit, rounded half up, spread without loss.

An amount is an int of the currency's smallest unit (a cent, a yen, a fils). A rate is an int of millionths: 19 % is
190,000. Nothing is ever negative.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

MILLION = 1_000_000


def units(amount: Decimal, places: int) -> int:
    """An amount of money as its count of smallest units."""
    return int(amount.scaleb(places).to_integral_value(ROUND_HALF_UP))


def money(count: int, places: int) -> Decimal:
    """A count of smallest units as an amount with the decimals of the currency."""
    return Decimal(count).scaleb(-places)


def millionths(percent: Decimal) -> int:
    """A percentage with at most four decimals as a whole number of millionths."""
    return int(percent.scaleb(4))


def rounded(numerator: int, denominator: int) -> int:
    """The whole number next to a fraction that is not negative; a half goes up."""
    return (2 * numerator + denominator) // (2 * denominator)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """The amount in whole parts that are as near to the weights as they can be, and whose sum is the amount.

    By largest remainder: each has its share rounded down, and what is left goes, one unit each, to those that lost
    most; among equals to the earlier. No part is above its weight where the amount is not above all weights. Weights
    that are all 0 are taken for equal ones.
    """
    whole = sum(weights)
    if whole == 0:
        return spread(amount, [1] * len(weights)) if weights else []
    parts = [amount * weight // whole for weight in weights]
    left = amount - sum(parts)
    if left:
        by_loss = sorted(range(len(weights)), key=lambda place: (-(amount * weights[place] % whole), place))
        for place in by_loss[:left]:
            parts[place] += 1
    return parts
