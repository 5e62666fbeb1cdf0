"""The totals of a hundred baskets are those of a table that was worked out without the shop's code."""

import ast
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pricing.rules import Method, Promotion, Rules, Step, TaxRate, Zone
from pricing.tests import by_hand
from pricing.totals import Destination, PricedLine, Totals, totals

WRITTEN = json.loads(by_hand.TABLE.read_text())
MOMENTS = ("starts_at", "ends_at")
DAYS = ("valid_from", "valid_until")
AMOUNTS = ("rate", "value", "minimum", "free_above")


def read(kind: type, row: Mapping[str, Any]) -> Any:
    """A rule as the shop has it."""
    values: dict[str, Any] = {}
    for name in {field.name for field in fields(kind)} & row.keys():
        value = row[name]
        if name in MOMENTS:
            value = datetime.fromisoformat(value).replace(tzinfo=UTC)
        elif name in DAYS:
            value = date.fromisoformat(value)
        elif name in AMOUNTS:
            value = Decimal(value)
        elif isinstance(value, list):
            value = frozenset(value)
        values[name] = value
    return kind(**values)


def rules_of(shop: Mapping[str, Any]) -> Rules:
    """The shop's rules."""
    names = list(shop["zones"])
    methods = []
    for row in shop["methods"]:
        steps = tuple(Step(Decimal(value), None if price is None else Decimal(price)) for value, price in row["steps"])
        zone_id = None if row["zone"] is None else names.index(row["zone"]) + 1
        methods.append(read(Method, row | {"name": row["code"], "zone_id": zone_id, "steps": steps}))
    zones = [Zone(number, name, frozenset(map(tuple, shop["zones"][name]))) for number, name in enumerate(names, 1)]
    return Rules(
        revision=1,
        currency=shop["currency"],
        prices_include_tax=shop["prices_include_tax"],
        tax_rounding=shop["tax_rounding"],
        shop_country=shop["shop_country"],
        tax_rates=tuple(read(TaxRate, row) for row in shop["tax_rates"]),
        zones=tuple(zones),
        methods=tuple(methods),
        promotions=tuple(read(Promotion, row | {"name": str(row["id"])}) for row in shop["promotions"]),
        coupons={code: row["id"] for row in shop["promotions"] for code in row.get("codes", [])},
    )


def calculated(basket: Mapping[str, Any]) -> Totals:
    """What the shop says that a basket costs."""
    to = basket["to"]
    return totals(
        lines=[
            PricedLine(
                key=place,
                product_id=line["product"],
                category_ids=frozenset(line["categories"]),
                tax_class=line["tax_class"],
                unit_price=Decimal(line["unit_price"]),
                quantity=line["quantity"],
                weight_g=line["weight"],
            )
            for place, line in enumerate(basket["lines"])
        ],
        destination=Destination(
            to["country"], to.get("region", ""), to.get("postal_code", ""), to.get("city", ""), to.get("vat_id", "")
        ),
        method=basket["method"],
        coupons=basket["coupons"],
        rules=rules_of(WRITTEN["shops"][basket["shop"]]),
        at=datetime.fromisoformat(basket["day"]).replace(hour=12, tzinfo=UTC),
    )


def as_written(costs: Totals) -> dict[str, Any]:
    """The figures of the shop in the form of the table."""
    return {
        "lines": [
            [str(line.subtotal), str(line.discount), str(line.tax), str(float(line.tax_rate)), str(line.total)]
            for line in costs.lines
        ],
        "charges": [
            [str(charge.amount), str(charge.discount), str(charge.tax), str(float(charge.tax_rate))]
            for charge in costs.charges
        ],
        "discounts": [[each.promotion_id, each.code, str(each.amount)] for each in costs.discounts],
        "refused": {refusal.code: refusal.reason for refusal in costs.refused},
        "items": str(costs.items),
        "discount": str(costs.discount),
        "shipping": str(costs.shipping),
        "tax": str(costs.tax),
        "total": str(costs.total),
        "reverse_charge": costs.reverse_charge,
    }


@pytest.mark.parametrize("number", range(100))
def test_a_basket_costs_what_was_worked_out_by_hand(number: int) -> None:
    basket = WRITTEN["baskets"][number]
    assert as_written(calculated(basket)) == basket["figures"]


def test_the_table_is_what_the_long_way_comes_to() -> None:
    assert WRITTEN["shops"] == by_hand.SHOPS
    for basket in WRITTEN["baskets"]:
        assert by_hand.calculate(by_hand.SHOPS[basket["shop"]], basket) == basket["figures"]


def test_the_long_way_knows_nothing_of_the_shop() -> None:
    tree = ast.parse(Path(by_hand.__file__).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert imported == {"json", "random", "fractions", "math", "pathlib", "typing"}


def test_the_table_has_every_kind_of_figure() -> None:
    """Baskets of each kind of promotion, refusal and charge, so that no rule stands in the table without a figure."""
    figures = [basket["figures"] for basket in WRITTEN["baskets"]]
    assert {each[0] for row in figures for each in row["discounts"]} == set(range(1, 9))
    assert {reason for row in figures for reason in row["refused"].values()} == {
        *("unknown", "minimum_not_reached", "not_applicable", "not_combinable"),
    }
    assert {len(row["charges"]) for row in figures} == {0, 1, 2}
    assert sum(row["reverse_charge"] for row in figures) >= 5
