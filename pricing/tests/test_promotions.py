"""What promotions take off, and which of them count."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from pricing.rules import Method, Promotion, Rules, Step
from pricing.totals import Destination, PricedLine, Totals, totals

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
PARCEL = Method("parcel", "Parcel", None, "total", (Step(Decimal(0), Decimal("4.90")),))


def line(key: int, price: str, quantity: int = 1, category: int = 1) -> PricedLine:
    return PricedLine(key, key, frozenset({category, 100}), "", Decimal(price), quantity, 0)


def offer(id: int, kind: Any, value: str = "0", **columns: Any) -> Promotion:
    return Promotion(id, f"Offer {id}", kind, Decimal(value), **columns)


def costs(
    lines: list[PricedLine], *promotions: Promotion, coupons: tuple[str, ...] | None = None, at: datetime = NOON
) -> Totals:
    """The totals with these promotions, each with a coupon C and its id; by default all coupons are given."""
    codes = {f"C{each.id}": each.id for each in promotions if not each.automatic}
    rules = Rules(1, "EUR", methods=(PARCEL,), promotions=promotions, coupons=codes)
    return totals(
        lines=lines,
        destination=Destination("DE"),
        method="parcel",
        coupons=tuple(codes) if coupons is None else coupons,
        rules=rules,
        at=at,
    )


def off(found: Totals) -> list[str]:
    """What each line has off."""
    return [str(each.discount) for each in found.lines]


def counted(found: Totals) -> list[tuple[str, str]]:
    """The coupon and amount of each promotion that counts."""
    return [(each.code, str(each.amount)) for each in found.discounts]


def refused(found: Totals) -> dict[str, str]:
    return {each.code: each.reason for each in found.refused}


def test_a_percentage_is_rounded_once_and_spread_by_largest_remainder() -> None:
    found = costs([line(1, "0.05"), line(2, "0.05"), line(3, "0.05")], offer(1, "percent", "50"))
    assert off(found) == ["0.03", "0.03", "0.02"]
    assert counted(found) == [("C1", "0.08")]


def test_an_amount_is_spread_and_takes_no_more_than_there_is() -> None:
    assert off(costs([line(1, "10.00"), line(2, "20.00")], offer(1, "fixed", "10"))) == ["3.33", "6.67"]
    assert off(costs([line(1, "1.00"), line(2, "2.00")], offer(1, "fixed", "10"))) == ["1.00", "2.00"]


def test_of_what_is_bought_the_cheapest_units_are_the_gifts() -> None:
    lines = [line(1, "9.00", 2), line(2, "5.00", 3), line(3, "1.00", 1, category=2)]
    two_and_one = offer(1, "buy_x_get_y", "100", buy=2, get=1, category_ids=frozenset({1}))
    assert off(costs(lines, two_and_one)) == ["0.00", "5.00", "0.00"]
    one_and_two = replace(two_and_one, buy=1, get=2)
    assert off(costs(lines, one_and_two)) == ["0.00", "10.00", "0.00"]
    assert off(costs(lines, replace(two_and_one, category_ids=frozenset()))) == ["0.00", "5.00", "1.00"]
    assert off(costs(lines, replace(two_and_one, value=Decimal(50)))) == ["0.00", "2.50", "0.00"]


def test_gifts_of_several_offers_never_take_more_than_there_is() -> None:
    offers = [offer(id, "buy_x_get_y", "100", buy=1, get=1) for id in (1, 2, 3)]
    found = costs([line(1, "10.00", 2)], *offers)
    assert counted(found) == [("C1", "10.00"), ("C2", "10.00"), ("C3", "0.00")]
    assert off(found) == ["20.00"]


def test_a_scope_is_products_or_categories() -> None:
    lines = [line(1, "10.00"), line(2, "10.00", category=2), line(3, "10.00", category=3)]
    some = offer(1, "percent", "10", product_ids=frozenset({1}), category_ids=frozenset({3}))
    assert off(costs(lines, some)) == ["1.00", "0.00", "1.00"]


def test_promotions_work_on_what_those_before_have_left() -> None:
    found = costs([line(1, "100.00")], offer(1, "fixed", "10"), offer(2, "percent", "10"), offer(3, "percent", "20"))
    assert counted(found) == [("C2", "10.00"), ("C3", "18.00"), ("C1", "10.00")]
    assert str(found.total) == "66.90"


def test_what_cannot_be_combined_counts_alone_if_it_takes_more_off() -> None:
    alone = offer(1, "percent", "30", combinable=False)
    lines = [line(1, "100.00")]
    found = costs(lines, alone, offer(2, "percent", "10"), offer(3, "percent", "10"))
    assert (counted(found), refused(found)) == (
        [("C1", "30.00")],
        {"C2": "not_combinable", "C3": "not_combinable"},
    )
    found = costs(lines, alone, offer(2, "percent", "20"), offer(3, "percent", "20"))
    assert (counted(found), refused(found)) == ([("C2", "20.00"), ("C3", "16.00")], {"C1": "not_combinable"})


def test_among_equals_no_coupon_is_spent() -> None:
    gift = offer(2, "percent", "10", automatic=True, combinable=False)
    found = costs([line(1, "100.00")], offer(1, "percent", "10", combinable=False), gift)
    assert (counted(found), refused(found)) == ([("", "10.00")], {"C1": "not_combinable"})


def test_free_shipping_takes_off_the_price_of_the_method() -> None:
    found = costs([line(1, "100.00")], offer(1, "free_shipping"))
    assert [(str(each.amount), str(each.discount)) for each in found.charges] == [("4.90", "4.90")]
    assert (counted(found), str(found.total)) == ([("C1", "4.90")], "100.00")


def test_a_coupon_for_shipping_that_is_free_already_is_kept_for_nothing() -> None:
    found = costs([line(1, "100.00")], offer(1, "free_shipping", automatic=True), offer(2, "free_shipping"))
    assert (counted(found), refused(found)) == ([("", "4.90"), ("C2", "0.00")], {})


def test_shipping_counts_when_the_best_set_is_chosen() -> None:
    found = costs([line(1, "40.00")], offer(1, "free_shipping", combinable=False),
                  offer(2, "percent", "12", combinable=False))  # fmt: skip
    assert (counted(found), refused(found)) == ([("C1", "4.90")], {"C2": "not_combinable"})


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"starts_at": datetime(2026, 11, 30, 12, 0, 1, tzinfo=UTC)}, "not_yet"),
        ({"starts_at": NOON}, ""),
        ({"ends_at": datetime(2026, 11, 30, 12, 0, 1, tzinfo=UTC)}, ""),
        ({"ends_at": NOON}, "expired"),
        ({"minimum": Decimal("100.01")}, "minimum_not_reached"),
        ({"minimum": Decimal("100.00")}, ""),
        ({"product_ids": frozenset({9})}, "not_applicable"),
        ({"kind": "buy_x_get_y", "buy": 1, "get": 1}, "not_applicable"),
    ],
    ids=str,
)
def test_a_coupon_that_does_not_count_says_why(columns: dict[str, Any], reason: str) -> None:
    found = costs([line(1, "100.00")], replace(offer(1, "percent", "10"), **columns))
    assert refused(found) == ({"C1": reason} if reason else {})
    assert str(found.discount) == ("0.00" if reason else "10.00")


def test_a_coupon_counts_once_however_it_is_spelt() -> None:
    found = costs([line(1, "100.00")], offer(1, "percent", "10"), coupons=("c1", " C1 "))
    assert (counted(found), refused(found)) == ([("C1", "10.00")], {})


def test_two_coupons_of_one_promotion_count_once() -> None:
    promotion = offer(1, "percent", "10")
    rules = Rules(1, "EUR", promotions=(promotion,), coupons={"A": 1, "B": 1})
    found = totals(lines=[line(1, "10.00")], destination=None, method="", coupons=["B", "A"], rules=rules, at=NOON)
    assert (counted(found), refused(found)) == ([("B", "1.00")], {"A": "already_applied"})


def test_limits_are_told_with_the_discount() -> None:
    found = costs([line(1, "100.00")], offer(1, "percent", "10", limited=True, per_customer=2))
    assert [(each.promotion_id, each.limited, each.per_customer) for each in found.discounts] == [(1, True, 2)]
