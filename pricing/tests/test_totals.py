"""What a basket costs: taxes, shipping and promotions in one calculation."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pricing.rules import Method, Promotion, Rules, Step, TaxRate, Zone
from pricing.totals import Destination, PricedLine, Totals, methods_for, totals

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
GERMANY = Destination("DE", postal_code="10115", city="Berlin")
SHOP = Rules(
    revision=1,
    currency="EUR",
    prices_include_tax=True,
    shop_country="DE",
    tax_rates=(
        TaxRate("MwSt.", Decimal(19), "DE"),
        TaxRate("MwSt.", Decimal(7), "DE", tax_class="reduced"),
        TaxRate("USt.", Decimal(20), "AT"),
    ),
    zones=(Zone(1, "Near", frozenset({("DE", ""), ("AT", "")})),),
    methods=(Method("parcel", "Parcel", 1, "total", (Step(Decimal(0), Decimal("4.90")),), 1, 3),),
    promotions=(Promotion(1, "Ten percent", "percent", Decimal(10)),),
    coupons={"TEN": 1},
)
BOOK = PricedLine(2, 20, frozenset({5}), "reduced", Decimal("10.70"), 1, 400)
SHIRT = PricedLine(1, 10, frozenset({4}), "", Decimal("11.90"), 3, 200)


def basket(*lines: PricedLine, to: Destination | None = GERMANY, method: str = "", coupons: tuple[str, ...] = (),
           rules: Rules = SHOP) -> Totals:  # fmt: skip
    """The totals of lines that go to Germany."""
    return totals(lines=lines or (SHIRT, BOOK), destination=to, method=method, coupons=coupons, rules=rules, at=NOW)


def test_prices_that_include_tax_say_how_much_it_is() -> None:
    costs = basket()
    assert [(line.subtotal, line.tax, line.tax_rate, line.total) for line in costs.lines] == [
        (Decimal("35.70"), Decimal("5.70"), Decimal(19), Decimal("35.70")),
        (Decimal("10.70"), Decimal("0.70"), Decimal(7), Decimal("10.70")),
    ]
    assert (costs.items, costs.tax, costs.total) == (Decimal("46.40"), Decimal("6.40"), Decimal("46.40"))


def test_prices_without_tax_get_it_added() -> None:
    costs = basket(replace(SHIRT, unit_price=Decimal("10.00")), rules=replace(SHOP, prices_include_tax=False))
    assert (costs.items, costs.tax, costs.total) == (Decimal("30.00"), Decimal("5.70"), Decimal("35.70"))


def test_an_empty_rulebook_leaves_prices_as_they_are() -> None:
    rules = Rules(revision=1, currency="EUR")
    assert rules.is_empty
    costs = basket(rules=rules, method="parcel")
    assert [costs.items, costs.discount, costs.shipping, costs.tax, costs.total] == [
        Decimal("46.40"), Decimal(0), Decimal(0), Decimal(0), Decimal("46.40"),
    ]  # fmt: skip
    assert costs.method == ""


def test_shipping_is_taxed_by_share_of_the_goods() -> None:
    costs = basket(method="parcel")
    assert [(charge.amount, charge.tax_rate, charge.tax) for charge in costs.charges] == [
        (Decimal("3.77"), Decimal(19), Decimal("0.60")),
        (Decimal("1.13"), Decimal(7), Decimal("0.07")),
    ]
    assert (costs.shipping, costs.total, costs.method) == (Decimal("4.90"), Decimal("51.30"), "parcel")


def test_a_method_that_does_not_lead_there_is_not_counted() -> None:
    costs = basket(to=Destination("US", "CA"), method="parcel")
    assert (costs.method, costs.charges, costs.total) == ("", (), Decimal("46.40"))


def test_methods_are_offered_with_their_price() -> None:
    offers = methods_for(lines=[SHIRT], destination=GERMANY, rules=SHOP, at=NOW)
    assert [(offer.code, offer.price, offer.days_from, offer.days_to) for offer in offers] == [
        ("parcel", Decimal("4.90"), 1, 3)
    ]


def test_a_coupon_is_spread_over_its_lines() -> None:
    costs = basket(coupons=("ten ", "summer"))
    assert [line.discount for line in costs.lines] == [Decimal("3.57"), Decimal("1.07")]
    assert [(discount.code, discount.amount) for discount in costs.discounts] == [("TEN", Decimal("4.64"))]
    assert [(refusal.code, refusal.reason) for refusal in costs.refused] == [("SUMMER", "unknown")]
    assert costs.total == Decimal("41.76")


def test_a_business_across_a_border_pays_the_price_without_its_tax() -> None:
    costs = basket(SHIRT, to=Destination("AT", vat_id="ATU13585627"))
    assert costs.reverse_charge
    assert [(line.unit_price, line.tax, line.total) for line in costs.lines] == [
        (Decimal("9.92"), Decimal(0), Decimal("29.76"))
    ]
    assert not basket(SHIRT, to=Destination("DE", vat_id="DE136695976")).reverse_charge


@pytest.mark.parametrize(
    ("shop", "to", "expected"),
    [
        ("DE", Destination("AT", vat_id="ATU13585627"), True),
        ("DE", Destination("AT"), False),
        ("DE", Destination("DE", vat_id="DE136695976"), False),
        ("DE", Destination("US", vat_id="94-1234567"), False),
        ("US", Destination("AT", vat_id="ATU13585627"), False),
        ("", Destination("AT", vat_id="ATU13585627"), False),
    ],
)
def test_a_reverse_charge_crosses_a_border_within_the_union(shop: str, to: Destination, expected: bool) -> None:
    assert basket(to=to, rules=replace(SHOP, shop_country=shop)).reverse_charge is expected


def test_shipping_of_a_reverse_charge_is_freed_of_its_taxes() -> None:
    rates = (*SHOP.tax_rates, TaxRate("USt.", Decimal(10), "AT", tax_class="reduced"))
    lines = (replace(SHIRT, unit_price=Decimal("12.00"), quantity=1), replace(BOOK, unit_price=Decimal("11.00")))
    costs = basket(*lines, to=Destination("AT", vat_id="ATU13585627"), method="parcel",
                   rules=replace(SHOP, tax_rates=rates))  # fmt: skip
    assert [line.unit_price for line in costs.lines] == [Decimal("10.00"), Decimal("10.00")]
    # Half of 4.90 without 20 % are 2.04, half without 10 % are 2.23.
    assert [(charge.amount, charge.tax, charge.tax_name) for charge in costs.charges] == [
        (Decimal("4.27"), Decimal(0), "")
    ]
    assert costs.total == Decimal("24.27")
