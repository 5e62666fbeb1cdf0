"""The content of an article, and what a unit of it costs: 750 ml for 12.00 are 16.00 per litre.

A measure is a JSON object: `{"quantity": "750", "unit": "ml", "base_quantity": "1", "base_unit": "l"}`. Without a base
the price is that of one kilogram, litre, metre, square metre or piece.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError

from database.money import in_places


class Unit(NamedTuple):
    """What a unit measures, and how many of the smallest unit of that kind it is."""

    kind: str
    size: Decimal


UNITS = {
    name: Unit(kind, Decimal(size))
    for kind, sizes in {
        "mass": {"mg": "1", "g": "1000", "kg": "1000000", "oz": "28349.523125", "lb": "453592.37"},
        "volume": {"ml": "1", "cl": "10", "l": "1000", "m3": "1000000", "fl_oz": "29.5735295625", "gal": "3785.411784"},
        "length": {"mm": "1", "cm": "10", "m": "1000"},
        "area": {"cm2": "1", "m2": "10000"},
        "count": {"piece": "1"},
    }.items()
    for name, size in sizes.items()
}
# The unit that the price is said for when a measure names none.
BASES = {"mass": "kg", "volume": "l", "length": "m", "area": "m2", "count": "piece"}
SAID = ("quantity", "unit", "base_quantity", "base_unit")
MEMBERS = frozenset(SAID)
# 750 ml, or 750 ml per 100 ml.
TEXT = re.compile(r"\s*([0-9.]+)\s*(\w+)(?:\s+per\s+(?:([0-9.]+)\s*)?(\w+))?\s*\Z")
QUANTITY = re.compile(r"(0\.[1-9][0-9]{0,2}|0\.0[1-9][0-9]?|0\.00[1-9]|[1-9][0-9]{0,6}(\.[0-9]{1,3})?)\Z")


def validate_measure(value: object) -> None:
    """Refuse (ValidationError) what is no measure: quantities are texts of at most 7 digits and 3 decimals, above 0."""
    if not isinstance(value, dict) or not {"quantity", "unit"} <= value.keys() <= MEMBERS:
        raise ValidationError("A measure has quantity and unit, and may have base_quantity and base_unit.", "invalid")
    for name in ("quantity", "base_quantity"):
        if name in value and not (isinstance(value[name], str) and QUANTITY.match(value[name])):
            raise ValidationError(f'{name} must be text such as "750" or "0.5".', "invalid_quantity")
    for name in ("unit", "base_unit"):
        if name in value and not (isinstance(value[name], str) and value[name] in UNITS):
            raise ValidationError(f"{name} must be one of {', '.join(UNITS)}.", "invalid_unit")
    if UNITS[value["unit"]].kind != UNITS[base_of(value)].kind:
        raise ValidationError(f"{value['unit']} cannot be said in {value['base_unit']}.", "invalid_unit")


def base_of(measure: Mapping[str, str]) -> str:
    """The unit that the price is said for."""
    return measure.get("base_unit") or BASES[UNITS[measure["unit"]].kind]


def unit_price(price: str | Decimal, measure: Mapping[str, str] | None) -> dict[str, str] | None:
    """What a unit of an article costs: `{"amount": "16.00", "per": "1", "unit": "l"}`; None without a measure."""
    if measure is None:
        return None
    per, unit = measure.get("base_quantity", "1"), base_of(measure)
    share = Decimal(per) * UNITS[unit].size / (Decimal(measure["quantity"]) * UNITS[measure["unit"]].size)
    return {"amount": str(in_places(Decimal(price) * share)), "per": per, "unit": unit}


def measure_of(text: str) -> dict[str, str] | None:
    """The measure that a text says: `750 ml`, or `750 ml per 100 ml`. None for an empty one.

    Refuses (ValidationError) what is no measure.
    """
    if not text.strip():
        return None
    said = TEXT.match(text)
    if said is None:
        raise ValidationError("Write a quantity and its unit, such as 750 ml.", "invalid")
    measure = {name: value for name, value in zip(SAID, said.groups(), strict=True) if value is not None}
    validate_measure(measure)
    return measure


def text_of_measure(measure: Mapping[str, str] | None) -> str:
    """A measure as `measure_of` reads it."""
    if measure is None:
        return ""
    base = [measure[name] for name in SAID[2:] if name in measure]
    return " ".join([measure["quantity"], measure["unit"], *(["per", *base] if base else [])])
