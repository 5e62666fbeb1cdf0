"""The products of the demo shop, made from the tables below `tables/`, the same on every machine.

A table is one category. It has makers and kinds of things, and every maker makes every kind.
"""

import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import product as combinations
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parent / "tables"
# Categories that only hold others: (name, slug, parent). Parents come first.
BRANCHES = (
    ("Electronics", "electronics", None),
    ("Audio", "audio", "electronics"),
    ("Home & Living", "home-living", None),
    ("Clothing", "clothing", None),
)
LEAVES = ("headphones", "speakers", "computing", "kitchen", "lighting", "knitwear", "shoes", "outdoor")
# The places of the makers in a kind's price range, from its lower to its upper end.
POSITIONS = (0.45, 0.2, 0.7, 0.0, 1.0)
ENDINGS = (Decimal("0.00"), Decimal("-0.10"), Decimal("-0.05"), Decimal("-0.01"))
LARGER = ("2 TB", "6 l", "28 cm", "16 inch", "28 l", "0.75 l")


@dataclass(frozen=True, slots=True)
class DemoVariant:
    """A variant to be created. `price` is None where the product's price holds."""

    sku: str
    options: dict[str, str]
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """A product to be created. `shape` names the drawing, `colour` the first colour if there are several."""

    name: str
    category: str
    description: str
    price: Decimal
    attributes: dict[str, Any]
    variants: tuple[DemoVariant, ...]
    shape: str
    colour: str | None


def read_tables() -> list[dict[str, Any]]:
    """The tables of all categories that hold products."""
    return [tomllib.loads((TABLES / f"{name}.toml").read_text(encoding="utf-8")) for name in LEAVES]


def categories() -> list[tuple[str, str, str | None]]:
    """All categories as (name, slug, slug of the parent), parents first."""
    return [*BRANCHES, *((table["name"], table["slug"], table["parent"] or None) for table in read_tables())]


def products() -> Iterator[DemoProduct]:
    """All products, those of one category together."""
    dice = random.Random(20_260)  # noqa: S311  # a seed that makes every demo shop the same, no secret
    number = 1000
    for table in read_tables():
        for position, (maker, story) in zip(POSITIONS, table["makers"].items(), strict=True):
            for kind in table["kinds"]:
                number += 1
                yield make_product(
                    table, kind, maker.replace("_and_", " & ").replace("_", " "), story, position, number, dice
                )


def make_product(
    table: dict[str, Any],
    kind: dict[str, Any],
    maker: str,
    story: str,
    position: float,
    number: int,
    dice: random.Random,
) -> DemoProduct:
    """One maker's product of a kind. `position` is the maker's place in the kind's price range, from 0 to 1."""
    low, high = kind["price"]
    price = round(Decimal(low) + (high - low) * Decimal(str(position)) * Decimal(dice.randint(85, 100)) / 100)
    features = dice.sample(kind["features"], 2)
    colours = kind.get("colour", [])
    start = dice.randrange(len(colours)) if colours else 0
    colours = (colours[start:] + colours[:start])[: 1 if len(kind.get("size", ())) > 2 and position < 0.3 else 2]
    # The code is made of the maker's capitals and a number: "HAL-1001". Variants append options: "HAL-1001-BLACK-M".
    code = f"{re.sub('[^A-Z]', '', maker.upper())[:3]}-{number}"
    return DemoProduct(
        name=f"{maker} {kind['name']}",
        category=table["slug"],
        description="\n\n".join([kind["intro"], " ".join(features), f"{story} {table['closing']}"]),
        price=Decimal(price) + dice.choice(ENDINGS),
        attributes={"brand": maker, **kind["attributes"]},
        variants=tuple(make_variants(code, colours, kind.get("size", []), Decimal(price))),
        shape=kind["picture"],
        colour=colours[0] if colours else None,
    )


def make_variants(code: str, colours: list[str], sizes: list[str], price: Decimal) -> Iterator[DemoVariant]:
    """The variants of a product: each colour in each size."""
    for colour, size in combinations(colours or [""], sizes or [""]):
        options = {name: value for name, value in (("colour", colour), ("size", size)) if value}
        sku = "-".join([code, *(value.upper().replace(" ", "") for value in options.values())])
        dearer = (price * Decimal("1.3")).quantize(Decimal(1)) - Decimal("0.10") if size in LARGER else None
        yield DemoVariant(sku, options, dearer)
