"""What methods of shipping cost, where they lead, and how they are taxed."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pricing.rules import Method, Promotion, Rules, Step, TaxRate, Zone
from pricing.totals import Destination, PricedLine, Totals, methods_for, totals

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ZONES = (Zone(1, "Near", frozenset({("DE", ""), ("US", "CA")})),)
BY_TOTAL = Method("parcel", "Parcel", 1, "total", (Step(Decimal(10), Decimal("4.90")), Step(Decimal(50), Decimal(0))))
BY_WEIGHT = Method(
    "freight", "Freight", 1, "weight",
    (Step(Decimal(0), Decimal(5)), Step(Decimal(1000), Decimal(9)), Step(Decimal(31500), None)),
)  # fmt: skip
PICK_UP = Method("pickup", "Pick-up", None, "total", (Step(Decimal(0), Decimal(0)),), pickup_warehouse_id=7)
RULES = Rules(1, "EUR", zones=ZONES, methods=(PICK_UP, BY_TOTAL, BY_WEIGHT), shop_country="DE")
GERMANY = Destination("DE")


def line(price: str, weight_g: int = 0, quantity: int = 1, tax_class: str = "", key: int = 1) -> PricedLine:
    return PricedLine(key, key, frozenset(), tax_class, Decimal(price), quantity, weight_g)


def shipped(*lines: PricedLine, method: Method, to: Destination | None = GERMANY, rules: Rules = RULES) -> Totals:
    """The totals with that method."""
    rules = replace(rules, methods=(method,))
    return totals(lines=lines, destination=to, method=method.code, coupons=[], rules=rules, at=NOON)


def price(*lines: PricedLine, method: Method, to: Destination | None = GERMANY) -> str:
    """What the method costs, or nothing where it is not offered."""
    found = shipped(*lines, method=method, to=to)
    return str(found.shipping) if found.method else ""


@pytest.mark.parametrize(
    ("lines", "method", "expected"),
    [
        ([line("9.99")], BY_TOTAL, ""),
        ([line("10.00")], BY_TOTAL, "4.90"),
        ([line("49.99")], BY_TOTAL, "4.90"),
        ([line("25.00", quantity=2)], BY_TOTAL, "0.00"),
        ([line("1.00", 999)], BY_WEIGHT, "5.00"),
        ([line("1.00", 500, 2)], BY_WEIGHT, "9.00"),
        ([line("1.00", 31499)], BY_WEIGHT, "9.00"),
        ([line("1.00", 31500)], BY_WEIGHT, ""),
        ([line("1.00")], PICK_UP, "0.00"),
    ],
)
def test_the_last_row_that_is_not_above_the_basket_counts(
    lines: list[PricedLine], method: Method, expected: str
) -> None:
    assert price(*lines, method=method) == expected


def test_rows_go_by_what_is_left_after_promotions() -> None:
    half = Promotion(1, "Half", "percent", Decimal(50), automatic=True)
    rules = replace(RULES, promotions=(half,))
    assert str(shipped(line("60.00"), method=BY_TOTAL, rules=rules).shipping) == "4.90"
    free = replace(BY_WEIGHT, free_above=Decimal(30))
    assert str(shipped(line("60.00"), method=free, rules=rules).shipping) == "0.00"
    assert str(shipped(line("59.98"), method=free, rules=rules).shipping) == "5.00"


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (Destination("DE", "BE"), ["parcel", "pickup"]),
        (Destination("US", "ca"), ["parcel", "pickup"]),
        (Destination("US", "NY"), ["pickup"]),
        (Destination("FR"), ["pickup"]),
        (None, []),
    ],
)
def test_a_method_leads_to_its_zone(to: Destination | None, expected: list[str]) -> None:
    heavy = line("10.00", 50_000)
    assert [offer.code for offer in methods_for(lines=[heavy], destination=to, rules=RULES, at=NOON)] == expected


def test_nothing_to_send_has_no_method() -> None:
    assert methods_for(lines=[], destination=GERMANY, rules=RULES, at=NOON) == ()


def test_a_pick_up_says_where() -> None:
    assert shipped(line("1.00"), method=PICK_UP).pickup_warehouse_id == 7
    assert shipped(line("10.00"), method=BY_TOTAL).pickup_warehouse_id is None


TAXES = (
    TaxRate("VAT", Decimal(19), "DE"),
    TaxRate("VAT", Decimal(7), "DE", tax_class="books"),
    TaxRate("VAT", Decimal(3), "DE", tax_class="shipping"),
)


def charges(found: Totals) -> list[tuple[str, str, str]]:
    return [(str(each.amount), f"{each.tax_rate.normalize():f}", str(each.tax)) for each in found.charges]


def test_shipping_without_a_class_is_taxed_as_the_goods_are() -> None:
    rules = replace(RULES, tax_rates=TAXES)
    lines = [line("10.00", key=1), line("20.00", tax_class="books", key=2), line("0.01", tax_class="other", key=3)]
    found = shipped(*lines, method=BY_TOTAL, rules=rules)
    assert charges(found) == [("1.63", "19", "0.31"), ("3.27", "7", "0.23")]
    assert charges(shipped(lines[1], method=BY_TOTAL, rules=rules)) == [("4.90", "7", "0.34")]


def test_shipping_of_a_class_is_taxed_by_it() -> None:
    rules = replace(RULES, tax_rates=TAXES)
    found = shipped(line("10.00"), method=replace(BY_TOTAL, tax_class="shipping"), rules=rules)
    assert charges(found) == [("4.90", "3", "0.15")]


def test_shipping_for_nothing_is_one_charge() -> None:
    rules = replace(RULES, tax_rates=TAXES)
    lines = [line("10.00", key=1), line("20.00", tax_class="books", key=2)]
    assert charges(shipped(*lines, method=PICK_UP, rules=rules)) == [("0.00", "19", "0.00")]


def test_by_order_the_taxes_of_goods_and_shipping_are_rounded_once() -> None:
    rules = replace(RULES, tax_rates=TAXES, tax_rounding="order")
    lines = [line("5.03", key=1), line("5.03", key=2)]
    found = shipped(*lines, method=BY_TOTAL, rules=rules)
    # 19 % of 14.96 are 2.84. By line it would be 0.96 + 0.96 + 0.93.
    assert [str(each.tax) for each in found.lines] == ["0.96", "0.95"]
    assert charges(found) == [("4.90", "19", "0.93")]
    assert str(found.tax) == "2.84"
