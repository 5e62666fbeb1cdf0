"""What is true of the totals of every basket, by any rules."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.amounts import spread
from pricing.rules import Kind, Method, Promotion, Rules, Step, TaxRate, Zone
from pricing.totals import Destination, PricedLine, Totals, methods_for, totals

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3}
PLACES = [Destination("DE"), Destination("AT", vat_id="ATU13585627"), Destination("US", "CA", "90210", "Los Angeles"),
          Destination("FR"), Destination("CH"), None]  # fmt: skip


# Whatever else the machine does meanwhile.
MANY, FEW = settings(max_examples=100), settings(max_examples=40)


def amounts(places: int, least: int = 0, most: int = 200_000) -> st.SearchStrategy[Decimal]:
    return st.integers(least, most).map(lambda count: Decimal(count).scaleb(-places))


percents = st.integers(0, 999_999).map(lambda count: Decimal(count).scaleb(-4))


@st.composite
def lines_of(draw: st.DrawFn, places: int) -> list[PricedLine]:
    count = draw(st.integers(1, 4))
    return [
        PricedLine(
            key=key,
            product_id=draw(st.integers(1, 4)),
            category_ids=draw(st.frozensets(st.integers(1, 3))),
            tax_class=draw(st.sampled_from(["", "reduced", "unknown"])),
            unit_price=draw(amounts(places, 1)),
            quantity=draw(st.integers(1, 1000)),
            weight_g=draw(st.integers(0, 5000)),
        )
        for key in range(count)
    ]


@st.composite
def rates(draw: st.DrawFn) -> TaxRate:
    return TaxRate(
        name=draw(st.sampled_from(["VAT", "State", "County"])),
        rate=draw(percents),
        country=draw(st.sampled_from(["DE", "AT", "US"])),
        region=draw(st.sampled_from(["", "", "CA"])),
        postal_from=draw(st.sampled_from(["", "", "90210"])),
        city=draw(st.sampled_from(["", "", "los angeles"])),
        tax_class=draw(st.sampled_from(["", "reduced", "shipping"])),
        replaces=draw(st.booleans()),
    )


@st.composite
def methods(draw: st.DrawFn, places: int, code: str) -> Method:
    values = sorted(draw(st.sets(st.integers(0, 5000), min_size=1, max_size=3)))
    prices = st.one_of(st.none(), amounts(places, 0, 5000))
    return Method(
        code=code,
        name=code,
        zone_id=draw(st.sampled_from([None, 1])),
        basis=draw(st.sampled_from(["total", "weight"])),
        steps=tuple(Step(Decimal(value), draw(prices)) for value in values),
        tax_class=draw(st.sampled_from(["", "shipping", "reduced"])),
        free_above=draw(st.one_of(st.none(), amounts(places))),
    )


@st.composite
def promotions(draw: st.DrawFn, places: int, id: int) -> Promotion:
    kind: Kind = draw(st.sampled_from(["percent", "fixed", "free_shipping", "buy_x_get_y"]))
    hundredths = st.integers(1, 1_000_000).map(lambda count: Decimal(count).scaleb(-4))
    return Promotion(
        id=id,
        name=str(id),
        kind=kind,
        value=draw(amounts(places, 1) if kind == "fixed" else hundredths),
        buy=draw(st.integers(1, 3)),
        get=draw(st.integers(1, 3)),
        product_ids=draw(st.frozensets(st.integers(1, 4), max_size=2)),
        category_ids=draw(st.frozensets(st.integers(1, 3), max_size=2)),
        minimum=draw(st.one_of(st.none(), amounts(places, 1))),
        combinable=draw(st.booleans()),
        automatic=draw(st.booleans()),
    )


@st.composite
def baskets(draw: st.DrawFn) -> tuple[Rules, list[PricedLine], Destination | None, str, list[str]]:
    currency = draw(st.sampled_from(sorted(CURRENCIES)))
    places = CURRENCIES[currency]
    offers = [draw(promotions(places, id)) for id in range(1, draw(st.integers(0, 3)) + 1)]
    rules = Rules(
        revision=1,
        currency=currency,
        prices_include_tax=draw(st.booleans()),
        tax_rounding=draw(st.sampled_from(["line", "order"])),
        shop_country=draw(st.sampled_from(["DE", "US", ""])),
        tax_rates=tuple(draw(st.lists(rates(), max_size=4))),
        zones=(Zone(1, "Near", frozenset({("DE", ""), ("US", "CA"), ("AT", "")})),),
        methods=(draw(methods(places, "one")), draw(methods(places, "two"))),
        promotions=tuple(offers),
        coupons={f"CODE{offer.id}": offer.id for offer in offers if not offer.automatic},
    )
    lines = draw(lines_of(places))
    coupons = draw(st.lists(st.sampled_from(["CODE1", "CODE2", "code3", "CODE4", "NONE"]), max_size=3))
    return rules, lines, draw(st.sampled_from(PLACES)), draw(st.sampled_from(["", "one", "two"])), coupons


Basket = tuple[Rules, list[PricedLine], Destination | None, str, list[str]]


def cost(basket: Basket) -> Totals:
    rules, lines, to, method, coupons = basket
    return totals(lines=lines, destination=to, method=method, coupons=coupons, rules=rules, at=NOW)


def sums_agree(basket: Basket, costs: Totals) -> None:
    """Totals are the sum of lines and charges."""
    assert costs.items == sum(line.subtotal for line in costs.lines)
    assert costs.discount == sum(line.discount for line in costs.lines) + sum(each.discount for each in costs.charges)
    assert costs.shipping == sum(charge.amount for charge in costs.charges)
    assert costs.tax == sum(line.tax for line in costs.lines) + sum(charge.tax for charge in costs.charges)
    included = costs.prices_include_tax
    assert costs.total == costs.items - costs.discount + costs.shipping + (0 if included else costs.tax)
    charged = sum(charge.amount - charge.discount + (0 if included else charge.tax) for charge in costs.charges)
    assert costs.total == sum(line.total for line in costs.lines) + charged
    for line, wanted in zip(costs.lines, basket[1], strict=True):
        assert line.key == wanted.key
        assert line.subtotal == line.unit_price * wanted.quantity


def discounts_lose_nothing(basket: Basket, costs: Totals) -> None:
    """Discounts are spread without loss, and every coupon is either counted or refused."""
    assert costs.discount == sum(discount.amount for discount in costs.discounts)
    accepted = {discount.code for discount in costs.discounts if discount.code}
    refused = {refusal.code for refusal in costs.refused}
    assert accepted | refused == {code.upper() for code in basket[4]}
    assert not accepted & refused


def nothing_is_negative(costs: Totals) -> None:
    """Nothing is below 0, and everything has the decimals of the currency."""
    figures = [costs.items, costs.discount, costs.shipping, costs.tax, costs.total]
    for line in costs.lines:
        figures += [line.unit_price, line.subtotal, line.discount, line.tax, line.total]
        assert line.discount <= line.subtotal
    for charge in costs.charges:
        figures += [charge.amount, charge.discount, charge.tax]
        assert charge.discount <= charge.amount
    assert min(figures) >= 0
    assert {figure.as_tuple().exponent for figure in figures} == {-CURRENCIES[costs.currency]}


def taxes_are_their_rates(costs: Totals) -> None:
    """By line each tax is at most half a unit beside the exact one; by order the sum of each rate is."""
    unit = Fraction(1, 10 ** CURRENCIES[costs.currency])
    beside: dict[tuple[Decimal, str], Fraction] = {}
    parts = [(line.subtotal - line.discount, line.tax, line.tax_rate, line.tax_name) for line in costs.lines]
    parts += [(part.amount - part.discount, part.tax, part.tax_rate, part.tax_name) for part in costs.charges]
    for base, tax, rate, name in parts:
        exact = Fraction(base) * Fraction(rate) / (100 + Fraction(rate) if costs.prices_include_tax else 100)
        assert abs(Fraction(tax) - exact) <= (unit / 2 if costs.tax_rounding == "line" else unit)
        beside[rate, name] = beside.get((rate, name), Fraction(0)) + Fraction(tax) - exact
    if costs.tax_rounding == "order":
        assert all(abs(difference) <= unit / 2 for difference in beside.values())


@MANY
@given(baskets())
def test_totals_add_up_and_nothing_is_lost_or_negative(basket: Basket) -> None:
    costs = cost(basket)
    sums_agree(basket, costs)
    discounts_lose_nothing(basket, costs)
    nothing_is_negative(costs)
    taxes_are_their_rates(costs)


@FEW
@given(baskets())
def test_prices_with_and_without_tax_agree(basket: Basket) -> None:
    """What an exclusive shop adds up to is the inclusive price in which an inclusive shop finds the same tax."""
    rules, lines, to, _, _ = basket
    rules = replace(rules, promotions=(), coupons={}, prices_include_tax=False)
    lines = [replace(line, quantity=1) for line in lines]
    added = totals(lines=lines, destination=to, method="", coupons=[], rules=rules, at=NOW)
    with_tax = [replace(line, unit_price=each.total) for line, each in zip(lines, added.lines, strict=True)]
    rules = replace(rules, prices_include_tax=True)
    found = totals(lines=with_tax, destination=to, method="", coupons=[], rules=rules, at=NOW)
    if added.reverse_charge:
        return
    assert found.total == added.total
    if rules.tax_rounding == "line":
        assert [line.tax for line in found.lines] == [line.tax for line in added.lines]


@FEW
@given(baskets())
def test_what_a_method_is_offered_for_is_what_it_costs(basket: Basket) -> None:
    rules, lines, to, _, coupons = basket
    offers = methods_for(lines=lines, destination=to, coupons=coupons, rules=rules, at=NOW)
    for method in rules.methods:
        costs = cost((rules, lines, to, method.code, coupons))
        price = sum((charge.amount - charge.discount for charge in costs.charges), Decimal(0))
        assert [offer.price for offer in offers if offer.code == method.code] == ([price] if costs.method else [])


@FEW
@given(baskets(), st.randoms())
def test_the_sequence_of_lines_changes_no_total_by_line(basket: Basket, dice: random.Random) -> None:
    rules, lines, to, method, coupons = basket
    rules = replace(rules, tax_rounding="line", promotions=(), coupons={})
    shuffled = lines.copy()
    dice.shuffle(shuffled)
    assert cost((rules, lines, to, method, coupons)).total == cost((rules, shuffled, to, method, coupons)).total


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_a_spread_loses_nothing_and_is_near_to_its_weights(amount: int, weights: Sequence[int]) -> None:
    parts = spread(amount, weights)
    assert sum(parts) == amount
    whole = sum(weights)
    if whole:
        assert all(
            abs(part - Fraction(amount * weight, whole)) < 1 for part, weight in zip(parts, weights, strict=True)
        )
        if amount <= whole:
            assert all(part <= weight for part, weight in zip(parts, weights, strict=True))
