"""Which taxes a destination has, and how much they come to. Pure, in the whole numbers of `amounts`."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from pricing.amounts import MILLION, millionths, rounded
from pricing.rules import STANDARD, Rounding, Rules, TaxRate, folded_name, folded_postal_code

EU = frozenset(
    ["AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
     "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"]
)  # fmt: skip


class Place(NamedTuple):
    """A destination as rates are compared with it: without case, postal codes without blanks."""

    country: str
    region: str
    postal_code: str
    city: str
    day: date


class Tax(NamedTuple):
    """All taxes of one class in one place: the sum of the rates in millionths, and their names."""

    rate: int
    name: str


NO_TAX = Tax(0, "")
# As long as the name of a tax may be on an order, whose documents have a line for it.
NAME_LENGTH = 100


def reverse_charged(rules: Rules, country: str, vat_id: str) -> bool:
    """Whether the buyer accounts for the tax: a valid VAT id, and goods that cross a border within the EU."""
    return bool(vat_id) and country != rules.shop_country and country in EU and rules.shop_country in EU


def rates_in(rules: Rules, place: Place) -> list[TaxRate]:
    """The rates of all classes that hold in a place on its day."""
    near = rules.rates_near(place.country, place.region, place.postal_code)
    return [rate for rate in near if _holds(rate, place)]


def tax_of(there: Sequence[TaxRate], tax_class: str) -> Tax:
    """The tax on goods of a class, of the rates that hold there. A class without one is taxed like STANDARD."""
    ours = [rate for rate in there if rate.tax_class == tax_class]
    ours = ours or [rate for rate in there if rate.tax_class == STANDARD]
    if not ours:
        return NO_TAX
    narrowest = max((_narrowness(rate) for rate in ours if rate.replaces), default=0)
    counted = sorted(
        (rate for rate in ours if _narrowness(rate) >= narrowest), key=lambda rate: (_narrowness(rate), rate.name)
    )
    names = dict.fromkeys(rate.name for rate in counted)
    together = " + ".join(names)
    if len(together) > NAME_LENGTH:
        together = f"{together[: NAME_LENGTH - 1]}…"
    return Tax(sum(millionths(rate.rate) for rate in counted), together)


def _holds(rate: TaxRate, place: Place) -> bool:
    """Whether a rate of the place's country and region is valid there, on that day."""
    if rate.city and folded_name(rate.city) != place.city:
        return False
    if rate.valid_from and place.day < rate.valid_from:
        return False
    if rate.valid_until and place.day >= rate.valid_until:
        return False
    return not rate.postal_from or _in_range(place.postal_code, rate.postal_from, rate.postal_to or rate.postal_from)


def _in_range(postal_code: str, first: str, last: str) -> bool:
    """Whether a postal code lies between two others, which count. A longer one counts by its beginning: 90210-1234."""
    first, last = folded_postal_code(first), folded_postal_code(last)
    whole = len(postal_code) >= max(len(first), len(last))
    return whole and first <= postal_code[: len(first)] and postal_code[: len(last)] <= last


def _narrowness(rate: TaxRate) -> int:
    """How much of a country a rate is for: 0 all of it, 1 a region, 2 a part of it by postal code or city."""
    return 2 if rate.postal_from or rate.city else 1 if rate.region else 0


def tax_on(base: int, rate: int, included: bool) -> tuple[int, int]:
    """The exact tax on an amount as a fraction: added to it, or contained in it."""
    return base * rate, MILLION + rate if included else MILLION


def taxes_on(bases: Sequence[int], taxes: Sequence[Tax], included: bool, rounding: Rounding) -> list[int]:
    """The tax on each amount, in whole units.

    By line each is rounded by itself. By order the amounts of one tax are summed first, rounded once, and the tax is
    spread over them, so that the parts are its sum.
    """
    exact = [tax_on(base, tax.rate, included) for base, tax in zip(bases, taxes, strict=True)]
    if rounding == "line":
        return [rounded(*fraction) for fraction in exact]
    parts = [0] * len(bases)
    for tax in dict.fromkeys(taxes):
        places = [place for place, other in enumerate(taxes) if other == tax]
        denominator = exact[places[0]][1]
        whole = rounded(sum(exact[place][0] for place in places), denominator)
        for place in places:
            parts[place] = exact[place][0] // denominator
        by_loss = sorted(places, key=lambda place: (-(exact[place][0] % denominator), place))
        for place in by_loss[: whole - sum(parts[place] for place in places)]:
            parts[place] += 1
    return parts
