"""Which promotions a basket gets, and what each takes off each line. Pure, in the whole numbers of `amounts`.

Those that can be combined count together; one that cannot counts alone. Of these sets the basket gets the one with
which the customer pays least; among equals the one with fewer coupons, then the one whose ids come first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pricing.amounts import MILLION, millionths, rounded, spread, units
from pricing.rules import Promotion, Rules, folded_code

# Gifts first, since they name the units; then shares of what is left; then amounts; shipping comes last.
SEQUENCE = {"buy_x_get_y": 0, "percent": 1, "fixed": 2, "free_shipping": 3}


class Wanted(NamedTuple):
    """A line as promotions see it. The price is in smallest units."""

    product_id: int
    category_ids: frozenset[int]
    price: int
    quantity: int


class Refused(NamedTuple):
    """A coupon that takes nothing off, and the code of the reason."""

    code: str
    reason: str


class Candidate(NamedTuple):
    """A promotion that may count, and the coupon that brought it, "" without one."""

    promotion: Promotion
    code: str


@dataclass(frozen=True, slots=True)
class Reduction:
    """What a promotion takes off each line. Free shipping takes nothing off lines."""

    promotion: Promotion
    code: str
    parts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Reductions:
    """The promotions that a basket gets, in sequence, what is left of each line, and the coupons that were refused."""

    counted: tuple[Reduction, ...]
    left: Sequence[int]
    refused: tuple[Refused, ...]

    @property
    def ships_free(self) -> bool:
        """Whether one of them takes the price of shipping off."""
        return any(reduction.promotion.kind == "free_shipping" for reduction in self.counted)


def reduce(
    lines: Sequence[Wanted],
    coupons: Sequence[str],
    rules: Rules,
    at: datetime,
    shipping_for: Callable[[int], int],
) -> Reductions:
    """The promotions of a basket. `shipping_for` is the price of shipping for lines that come to an amount."""
    candidates, refused = _candidates(lines, coupons, rules, at)
    together = [candidate for candidate in candidates if candidate.promotion.combinable]
    alone = [[candidate] for candidate in candidates if not candidate.promotion.combinable]

    def rank(outcome: Reductions) -> tuple[int, int, list[int]]:
        goods = sum(outcome.left)
        pays = goods if outcome.ships_free else goods + shipping_for(goods)
        coupons_used = sum(reduction.code != "" for reduction in outcome.counted)
        return pays, coupons_used, [reduction.promotion.id for reduction in outcome.counted]

    best = min((_apply(lines, chosen, rules) for chosen in [together, *alone]), key=rank)
    used = {reduction.code for reduction in best.counted}
    late = {code: "not_combinable" for _, code in candidates if code and code not in used}
    reasons = refused | late
    return Reductions(best.counted, best.left, tuple(Refused(code, reasons[code]) for code in reasons))


def _candidates(
    lines: Sequence[Wanted], coupons: Sequence[str], rules: Rules, at: datetime
) -> tuple[list[Candidate], dict[str, str]]:
    """The promotions that may count, in the sequence in which they do, and the reason for each coupon that may not."""
    by_id = {promotion.id: promotion for promotion in rules.promotions}
    asked = [(promotion, "") for promotion in rules.promotions if promotion.automatic]
    found: list[Candidate] = []
    refused: dict[str, str] = {}
    for code in dict.fromkeys(map(folded_code, coupons)):
        named = by_id.get(rules.coupons.get(code, 0))
        if named is None:
            refused[code] = "unknown"
        elif any(named is promotion for promotion, _ in asked):
            refused[code] = "already_applied"
        else:
            asked.append((named, code))
    for promotion, code in asked:
        reason = _reason_against(promotion, lines, rules, at)
        if not reason:
            found.append(Candidate(promotion, code))
        elif code:
            refused[code] = reason
    found.sort(key=lambda each: (SEQUENCE[each.promotion.kind], each.code != "", each.promotion.id))
    return found, refused


def _reason_against(promotion: Promotion, lines: Sequence[Wanted], rules: Rules, at: datetime) -> str:
    """Why a promotion cannot count for these lines now; "" when it can."""
    if promotion.starts_at and at < promotion.starts_at:
        return "not_yet"
    if promotion.ends_at and at >= promotion.ends_at:
        return "expired"
    if promotion.id in rules.reached:
        return rules.reached[promotion.id]
    full = [line.price * line.quantity for line in lines]
    if promotion.minimum is not None and sum(full) < units(promotion.minimum, rules.places):
        return "minimum_not_reached"
    if promotion.kind != "free_shipping" and not any(_parts(promotion, lines, full, rules)):
        return "not_applicable"
    return ""


def _apply(lines: Sequence[Wanted], chosen: Sequence[Candidate], rules: Rules) -> Reductions:
    """The outcome of promotions one after the other, each on what those before it have left."""
    left = [line.price * line.quantity for line in lines]
    counted = []
    for promotion, code in chosen:
        parts = _parts(promotion, lines, left, rules)
        left = [amount - part for amount, part in zip(left, parts, strict=True)]
        if code or promotion.kind == "free_shipping" or any(parts):
            counted.append(Reduction(promotion, code, parts))
    return Reductions(tuple(counted), left, ())


def _parts(promotion: Promotion, lines: Sequence[Wanted], left: Sequence[int], rules: Rules) -> list[int]:
    """What a promotion takes off each line of which so much is left."""
    scope = [left[place] if _is_for(promotion, line) else 0 for place, line in enumerate(lines)]
    whole = sum(scope)
    match promotion.kind:
        case "percent":
            return spread(rounded(whole * millionths(promotion.value), MILLION), scope) if whole else scope
        case "fixed":
            return spread(min(units(promotion.value, rules.places), whole), scope) if whole else scope
        case "buy_x_get_y":
            gifts = _gifts(promotion, lines)
            rate = millionths(promotion.value)
            return [
                min(scope[place], rounded(lines[place].price * gifts.get(place, 0) * rate, MILLION))
                for place in range(len(lines))
            ]
        case "free_shipping":
            return [0] * len(lines)


def _gifts(promotion: Promotion, lines: Sequence[Wanted]) -> Mapping[int, int]:
    """How many units of each line are gifts: of every `buy + get` units in scope the `get` cheapest of all of them."""
    scope = [place for place, line in enumerate(lines) if _is_for(promotion, line)]
    free = sum(lines[place].quantity for place in scope) // (promotion.buy + promotion.get) * promotion.get
    gifts = {}
    for place in sorted(scope, key=lambda place: (lines[place].price, place)):
        gifts[place] = min(free, lines[place].quantity)
        free -= gifts[place]
    return gifts


def _is_for(promotion: Promotion, line: Wanted) -> bool:
    """Whether a line is in the scope of a promotion."""
    if not (promotion.product_ids or promotion.category_ids):
        return True
    return line.product_id in promotion.product_ids or not promotion.category_ids.isdisjoint(line.category_ids)
