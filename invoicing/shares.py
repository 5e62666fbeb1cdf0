"""How a credit note is split over the lines of its invoice, so that its tax is that of the goods concerned.

Pure arithmetic with whole numbers of the smallest unit (pricing.amounts). Over any credit notes nothing is taken back
that the invoice does not have, and once all of a line is taken back, its net and its tax are exactly those of the line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pricing.amounts import rounded, spread


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a line of an invoice beside the credit notes so far."""

    key: str
    total: int
    tax: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a line is to be taken back, for how many units. Without `tax` it is the line's, in proportion."""

    total: int
    tax: int | None = None
    units: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What of a line is taken back."""

    key: str
    total: int
    tax: int
    units: int | None


def shares_of(amount: int, left: Sequence[Left], wishes: Mapping[str, Wish]) -> list[Share]:
    """The amount, split: as far as they go by what is wished of each line, and the rest by what is left of all lines.

    The amount is not above what is left of all lines. Lines of which nothing is taken back have no share.
    """
    wished = [min(wishes[line.key].total, line.total) if line.key in wishes else 0 for line in left]
    parts = wished if sum(wished) <= amount else spread(amount, wished)
    if rest := amount - sum(parts):
        more = spread(rest, [line.total - part for line, part in zip(left, parts, strict=True)])
        parts = [part + further for part, further in zip(parts, more, strict=True)]
    return [share_of(line, part, wishes.get(line.key)) for line, part in zip(left, parts, strict=True) if part]


def share_of(line: Left, part: int, wish: Wish | None) -> Share:
    """A part of a line with its tax: the wished one where all of the wish is met, else in proportion.

    Neither the tax nor the net is above what is left of it.
    """
    if wish is not None and wish.tax is not None and wish.total == part:
        tax = max(min(wish.tax, line.tax, part), part - (line.total - line.tax))
    else:
        tax = rounded(line.tax * part, line.total)
    return Share(line.key, part, tax, wish.units if wish else None)
