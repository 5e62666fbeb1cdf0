"""A hundred baskets, calculated without the shop's code: exact fractions, one rule of docs/pricing.md at a time.

    python pricing/tests/by_hand.py        writes pricing/tests/baskets.json anew

Everything is worked out the long way: money is a Fraction of a whole unit, a gift is one unit in a list of all units, a
tax is looked for in the list of all rates, and a share is handed out cent by cent. The shop counts whole cents and uses
none of these ways. The table is committed, and tests compare the shop with it.
"""

import json
import random
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("baskets.json")
SEQUENCE = ["buy_x_get_y", "percent", "fixed", "free_shipping"]
EU = {"DE", "AT", "FR", "DK", "ES"}

EUROPE: dict[str, Any] = {
    "currency": "EUR",
    "decimals": 2,
    "prices_include_tax": True,
    "tax_rounding": "line",
    "shop_country": "DE",
    "tax_rates": [
        {"name": "MwSt.", "rate": "19", "country": "DE", "valid_until": "2020-07-01"},
        {"name": "MwSt.", "rate": "16", "country": "DE", "valid_from": "2020-07-01", "valid_until": "2021-01-01"},
        {"name": "MwSt.", "rate": "19", "country": "DE", "valid_from": "2021-01-01"},
        {"name": "MwSt.", "rate": "7", "country": "DE", "tax_class": "reduced"},
        {"name": "USt.", "rate": "20", "country": "AT"},
        {"name": "USt.", "rate": "10", "country": "AT", "tax_class": "reduced"},
        {"name": "TVA", "rate": "20", "country": "FR"},
        {"name": "TVA", "rate": "5.5", "country": "FR", "tax_class": "reduced"},
        {"name": "Moms", "rate": "25", "country": "DK"},
        {"name": "IVA", "rate": "21", "country": "ES"},
        {"name": "IGIC", "rate": "7", "country": "ES", "region": "GC", "replaces": True},
    ],
    "zones": {"near": [["DE", ""], ["AT", ""]], "far": [["FR", ""], ["DK", ""], ["ES", ""]]},
    "methods": [
        {"code": "parcel", "zone": "near", "basis": "total", "steps": [["0", "4.90"], ["50", "2.90"]],
         "free_above": "100"},
        {"code": "freight", "zone": "near", "basis": "weight", "tax_class": "reduced",
         "steps": [["0", "6.49"], ["2000", "9.99"], ["31500", None]]},
        {"code": "abroad", "zone": "far", "basis": "weight", "steps": [["0", "12.95"], ["1000", "17.35"]]},
        {"code": "pickup", "zone": None, "basis": "total", "steps": [["0", "0"]]},
    ],
    "promotions": [
        {"id": 1, "kind": "percent", "value": "10", "codes": ["TEN"]},
        {"id": 2, "kind": "fixed", "value": "7.77", "codes": ["SEVEN"], "minimum": "20"},
        {"id": 3, "kind": "buy_x_get_y", "value": "100", "buy": 2, "get": 1, "category_ids": [7], "automatic": True},
        {"id": 4, "kind": "free_shipping", "codes": ["SHIP"]},
        {"id": 5, "kind": "percent", "value": "33.3333", "product_ids": [2, 4], "codes": ["THIRD"],
         "combinable": False},
        {"id": 6, "kind": "buy_x_get_y", "value": "50", "buy": 1, "get": 1, "codes": ["HALF"], "product_ids": [1, 3]},
        {"id": 7, "kind": "fixed", "value": "500", "codes": ["GIFT"], "combinable": False},
        {"id": 8, "kind": "percent", "value": "5", "automatic": True, "ends_at": "2021-01-01"},
    ],
}  # fmt: skip
AMERICA: dict[str, Any] = {
    "currency": "USD",
    "decimals": 2,
    "prices_include_tax": False,
    "tax_rounding": "line",
    "shop_country": "US",
    "tax_rates": [
        {"name": "CA state", "rate": "7.25", "country": "US", "region": "CA"},
        {"name": "Los Angeles county", "rate": "0.25", "country": "US", "region": "CA", "postal_from": "90001",
         "postal_to": "91899"},
        {"name": "Districts", "rate": "2.0625", "country": "US", "region": "CA", "postal_from": "90210"},
        {"name": "City of Santa Monica", "rate": "0.75", "country": "US", "region": "CA", "city": "Santa Monica"},
        {"name": "NY state", "rate": "4", "country": "US", "region": "NY"},
        {"name": "NY city", "rate": "4.5", "country": "US", "region": "NY", "city": "New York"},
        {"name": "MCTD", "rate": "0.375", "country": "US", "region": "NY", "postal_from": "10001",
         "postal_to": "11697"},
        {"name": "No tax on food", "rate": "0", "country": "US", "region": "NY", "tax_class": "reduced"},
        {"name": "No tax on shipping", "rate": "0", "country": "US", "region": "CA", "tax_class": "shipping"},
    ],
    "zones": {"near": [["US", "CA"], ["US", "NY"]], "far": [["US", ""]]},
    "methods": [
        {"code": "parcel", "zone": "near", "basis": "total", "tax_class": "shipping", "steps": [["0", "5.99"]],
         "free_above": "75"},
        {"code": "freight", "zone": "far", "basis": "weight", "steps": [["0", "8.25"], ["1500", "13.10"]]},
        {"code": "pickup", "zone": None, "basis": "total", "steps": [["0", "0"]]},
    ],
    "promotions": EUROPE["promotions"],
}  # fmt: skip
SHOPS: dict[str, dict[str, Any]] = {
    "europe by line": EUROPE,
    "europe by order": EUROPE | {"tax_rounding": "order"},
    "europe without tax": EUROPE | {"prices_include_tax": False, "tax_rounding": "order"},
    "america by line": AMERICA,
    "america by order": AMERICA | {"tax_rounding": "order"},
    "japan": EUROPE | {"currency": "JPY", "decimals": 0},
    "kuwait": AMERICA | {"currency": "KWD", "decimals": 3, "prices_include_tax": True},
}
PLACES = {
    "EUR": [{"country": "DE"}, {"country": "AT"}, {"country": "AT", "vat_id": "ATU13585627"}, {"country": "FR"},
            {"country": "DK"}, {"country": "ES", "region": "GC"}, {"country": "ES"},
            {"country": "DE", "vat_id": "DE136695976"}, {"country": "CH"},
            {"country": "FR", "vat_id": "FR40303265045"}],
    "USD": [{"country": "US", "region": "CA", "postal_code": "90210", "city": "Beverly Hills"},
            {"country": "US", "region": "ca", "postal_code": "90401-1234", "city": "santa monica"},
            {"country": "US", "region": "NY", "postal_code": "10001", "city": "New York"},
            {"country": "US", "region": "NY", "postal_code": "12207", "city": "Albany"},
            {"country": "US", "region": "OR", "postal_code": "97201", "city": "Portland"},
            {"country": "US", "region": "CA", "postal_code": "94105", "city": "San Francisco"}],
}  # fmt: skip
PLACES |= {"JPY": PLACES["EUR"], "KWD": PLACES["USD"]}
PRICES = ["9.99", "19.95", "0.01", "4.49", "33.33", "119.00", "7.77", "2.50", "12.34", "64.99"]
DAYS = ["2019-03-01", "2020-12-24", "2026-11-30"]
CODES = ["TEN", "SEVEN", "SHIP", "THIRD", "HALF", "GIFT", "NOPE"]


def half_up(amount: Fraction, decimals: int) -> Fraction:
    """Rounded to a number of decimals; a half goes up."""
    return Fraction(floor(amount * 10**decimals + Fraction(1, 2)), 10**decimals)


def hand_out(amount: Fraction, weights: list[Fraction], decimals: int) -> list[Fraction]:
    """The amount in parts by weight: each share rounded down, then a cent at a time to whoever lacks most of theirs."""
    cent = Fraction(1, 10**decimals)
    if sum(weights) == 0:
        weights = [Fraction(1)] * len(weights)
    due = [amount * weight / sum(weights) for weight in weights]
    parts = [floor(share / cent) * cent for share in due]
    while sum(parts) < amount:
        lacking = [share - part for share, part in zip(due, parts, strict=True)]
        parts[lacking.index(max(lacking))] += cent
    return parts


def rates_of(shop: dict[str, Any], tax_class: str, to: dict[str, str], day: str) -> list[dict[str, Any]]:
    """Every rate of a class that holds in a place on a day."""
    found = []
    for rate in shop["tax_rates"]:
        code = to.get("postal_code", "").replace("-", "")
        first = rate.get("postal_from", "")
        last = rate.get("postal_to", "") or first
        if (
            rate["country"] == to["country"]
            and rate.get("tax_class", "") == tax_class
            and rate.get("region", "") in ("", to.get("region", "").upper())
            and rate.get("city", "").lower() in ("", to.get("city", "").lower())
            and (not first or int(first) <= int(code[:5] or "0") <= int(last))
            and rate.get("valid_from", "0000") <= day < rate.get("valid_until", "9999")
        ):
            found.append(rate)
    replacing = [rate for rate in found if rate.get("replaces")]
    return replacing or found


def tax_of(shop: dict[str, Any], tax_class: str, to: dict[str, str], day: str) -> Fraction:
    """The percentage of all taxes on a class in a place. A class that has no rate there is standard."""
    rates = rates_of(shop, tax_class, to, day) or rates_of(shop, "", to, day)
    return sum((Fraction(rate["rate"]) for rate in rates), Fraction(0))


def is_for(promotion: dict[str, Any], line: dict[str, Any]) -> bool:
    """Whether a line is in the scope of a promotion."""
    products, categories = promotion.get("product_ids"), promotion.get("category_ids")
    if products is None and categories is None:
        return True
    return line["product"] in (products or []) or bool(set(line["categories"]) & set(categories or []))


def taken_off(
    promotion: dict[str, Any], lines: list[dict[str, Any]], left: list[Fraction], decimals: int
) -> list[Fraction]:
    """What a promotion takes off each line, of which so much is left."""
    scope = [rest if is_for(promotion, line) else Fraction(0) for line, rest in zip(lines, left, strict=True)]
    kind, nothing = promotion["kind"], [Fraction(0)] * len(lines)
    if kind == "free_shipping" or (kind != "buy_x_get_y" and sum(scope) == 0):
        return nothing
    if kind == "percent":
        return hand_out(half_up(sum(scope) * Fraction(promotion["value"]) / 100, decimals), scope, decimals)
    if kind == "fixed":
        return hand_out(min(half_up(Fraction(promotion["value"]), decimals), sum(scope, Fraction(0))), scope, decimals)
    units = [
        (line["price"], place)
        for place, line in enumerate(lines)
        if is_for(promotion, line)
        for _ in range(line["quantity"])
    ]
    units.sort()
    gifts = units[: len(units) // (promotion["buy"] + promotion["get"]) * promotion["get"]]
    parts = nothing
    for place in range(len(lines)):
        worth = sum((price for price, where in gifts if where == place), Fraction(0))
        parts[place] = min(half_up(worth * Fraction(promotion["value"]) / 100, decimals), scope[place])
    return parts


def reason_against(promotion: dict[str, Any], lines: list[dict[str, Any]], day: str, decimals: int) -> str:
    """Why a promotion cannot count, "" when it can."""
    full = [line["price"] * line["quantity"] for line in lines]
    if day >= promotion.get("ends_at", "9999"):
        return "expired"
    if sum(full) < Fraction(promotion.get("minimum", "0")):
        return "minimum_not_reached"
    if promotion["kind"] != "free_shipping" and sum(taken_off(promotion, lines, full, decimals)) == 0:
        return "not_applicable"
    return ""


def shipping_price(
    shop: dict[str, Any], method: dict[str, Any] | None, goods: Fraction, lines: list[dict[str, Any]]
) -> Fraction | None:
    """What a method costs for these lines, None where it is not offered for them."""
    if method is None:
        return None
    weight = sum(line["weight"] * line["quantity"] for line in lines)
    value = Fraction(weight) if method["basis"] == "weight" else goods
    price = [step[1] for step in method["steps"] if Fraction(step[0]) <= value][-1]
    if price is None:
        return None
    if "free_above" in method and goods >= Fraction(method["free_above"]):
        return Fraction(0)
    return half_up(Fraction(price), shop["decimals"])


def method_of(shop: dict[str, Any], code: str, to: dict[str, str]) -> dict[str, Any] | None:
    """The method of a code if it leads there."""
    for method in shop["methods"]:
        places = [["", ""]] if method["zone"] is None else shop["zones"][method["zone"]]
        for country, region in places:
            if (
                method["code"] == code
                and country in ("", to["country"])
                and region in ("", to.get("region", "").upper())
            ):
                return dict(method)
    return None


def best_of(
    shop: dict[str, Any], basket: dict[str, Any], lines: list[dict[str, Any]], method: dict[str, Any] | None
) -> tuple[list[tuple[dict[str, Any], str, Fraction]], list[Fraction], dict[str, str], bool]:
    """The promotions of a basket with their amounts, what they leave of each line, the refusals, and free shipping."""
    decimals, refused, offers = shop["decimals"], {}, []
    for code in basket["coupons"]:
        named = [promotion for promotion in shop["promotions"] if code in promotion.get("codes", [])]
        reason = reason_against(named[0], lines, basket["day"], decimals) if named else "unknown"
        if reason:
            refused[code] = reason
        else:
            offers.append((named[0], code))
    offers += [
        (promotion, "")
        for promotion in shop["promotions"]
        if promotion.get("automatic") and not reason_against(promotion, lines, basket["day"], decimals)
    ]
    offers.sort(key=lambda offer: (SEQUENCE.index(offer[0]["kind"]), offer[1] != "", offer[0]["id"]))
    sets = [[offer for offer in offers if offer[0].get("combinable", True)]]
    sets += [[offer] for offer in offers if not offer[0].get("combinable", True)]
    outcomes = []
    for chosen in sets:
        left, counted = [line["price"] * line["quantity"] for line in lines], []
        for promotion, code in chosen:
            off = taken_off(promotion, lines, left, decimals)
            left = [rest - part for rest, part in zip(left, off, strict=True)]
            if code or promotion["kind"] == "free_shipping" or sum(off):
                counted.append((promotion, code, sum(off, Fraction(0))))
        free = any(promotion["kind"] == "free_shipping" for promotion, _, _ in counted)
        goods = sum(left, Fraction(0))
        pays = goods if free else goods + (shipping_price(shop, method, goods, lines) or 0)
        coupons = sum(code != "" for _, code, _ in counted)
        outcomes.append(((pays, coupons, [promotion["id"] for promotion, _, _ in counted]), counted, left, free))
    _, counted, left, free = min(outcomes, key=lambda outcome: outcome[0])
    used = [code for _, code, _ in counted]
    refused |= {code: "not_combinable" for _, code in offers if code and code not in used}
    return counted, left, refused, free


def calculate(shop: dict[str, Any], basket: dict[str, Any]) -> dict[str, Any]:
    """Every figure of a basket."""
    decimals, to, included = shop["decimals"], basket["to"], shop["prices_include_tax"]
    reverse = bool(to.get("vat_id")) and to["country"] in EU and to["country"] != shop["shop_country"]
    reverse = reverse and shop["shop_country"] in EU
    rates = [tax_of(shop, line["tax_class"], to, basket["day"]) for line in basket["lines"]]
    lines = []
    for line, rate in zip(basket["lines"], rates, strict=True):
        price = Fraction(line["unit_price"])
        if reverse and included:
            price = half_up(price / (1 + rate / 100), decimals)
        lines.append(line | {"price": price})
    method = method_of(shop, basket["method"], to)
    counted, left, refused, free = best_of(shop, basket, lines, method)
    shipping = shipping_price(shop, method, sum(left, Fraction(0)), lines)
    charges: list[list[Fraction]] = []  # rate and amount
    if method is not None and shipping is not None:
        if method.get("tax_class"):
            charges = [[tax_of(shop, method["tax_class"], to, basket["day"]), shipping]]
        else:
            groups = sorted(set(rates), reverse=True)
            weights = [sum((rest for rest, rate in zip(left, rates, strict=True) if rate == group), Fraction(0))
                       for group in groups]  # fmt: skip
            shares = hand_out(shipping, weights, decimals)
            charges = [[rate, share] for rate, share in zip(groups, shares, strict=True) if share]
            charges = charges or [[groups[0], Fraction(0)]]
        if reverse and included:
            freed = [half_up(share / (1 + rate / 100), decimals) for rate, share in charges]
            charges = [[Fraction(0), sum(freed, Fraction(0))]]
        elif reverse:
            charges = [[Fraction(0), shipping]]
    if reverse:
        rates = [Fraction(0)] * len(rates)
    bases = left + [Fraction(0) if free else share for _, share in charges]
    all_rates = rates + [rate for rate, _ in charges]
    taxes = tax_parts(bases, all_rates, included, shop["tax_rounding"] == "order", decimals)
    return written(shop, lines, left, charges, taxes, all_rates, counted, refused, free, reverse)


def tax_parts(
    bases: list[Fraction], rates: list[Fraction], included: bool, by_order: bool, decimals: int
) -> list[Fraction]:
    """The tax on each amount, rounded for itself or once for all that have the same rate."""
    exact = [base * rate / (100 + rate if included else 100) for base, rate in zip(bases, rates, strict=True)]
    if not by_order:
        return [half_up(tax, decimals) for tax in exact]
    parts = list(exact)
    for rate in set(rates):
        places = [place for place in range(len(rates)) if rates[place] == rate]
        whole = half_up(sum((exact[place] for place in places), Fraction(0)), decimals)
        shares = hand_out_exact(whole, [exact[place] for place in places], decimals)
        for place, share in zip(places, shares, strict=True):
            parts[place] = share
    return parts


def hand_out_exact(whole: Fraction, due: list[Fraction], decimals: int) -> list[Fraction]:
    """Each due amount rounded down, then a cent at a time to whoever lacks most, until they are the whole."""
    cent = Fraction(1, 10**decimals)
    parts = [floor(share / cent) * cent for share in due]
    lacking = [share - part for share, part in zip(due, parts, strict=True)]
    while sum(parts, Fraction(0)) < whole:
        place = lacking.index(max(lacking))
        parts[place] += cent
        lacking[place] -= cent
    return parts


def written(
    shop: dict[str, Any],
    lines: list[dict[str, Any]],
    left: list[Fraction],
    charges: list[list[Fraction]],
    taxes: list[Fraction],
    rates: list[Fraction],
    counted: list[tuple[dict[str, Any], str, Fraction]],
    refused: dict[str, str],
    free: bool,
    reverse: bool,
) -> dict[str, Any]:
    """The figures as text."""
    decimals, included = shop["decimals"], shop["prices_include_tax"]

    def text(amount: Fraction) -> str:
        cents = amount * 10**decimals
        assert cents.denominator == 1, amount
        digits = str(cents.numerator).rjust(decimals + 1, "0")
        return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits

    off_shipping = sum((share for _, share in charges), Fraction(0)) if free else Fraction(0)
    discounts = []
    rest = off_shipping
    for promotion, code, amount in counted:
        if promotion["kind"] == "free_shipping":
            amount, rest = rest, Fraction(0)
        if amount or code:
            discounts.append([promotion["id"], code, text(amount)])
    items = sum((line["price"] * line["quantity"] for line in lines), Fraction(0))
    shipping, tax = sum((share for _, share in charges), Fraction(0)), sum(taxes, Fraction(0))
    discount = items - sum(left, Fraction(0)) + off_shipping
    return {
        "lines": [
            [text(line["price"] * line["quantity"]), text(line["price"] * line["quantity"] - rest), text(due),
             str(float(rate)), text(rest if included else rest + due)]
            for line, rest, due, rate in zip(lines, left, taxes, rates, strict=False)
        ],
        "charges": [
            [text(share), text(share if free else Fraction(0)), text(due), str(float(rate))]
            for (rate, share), due in zip(charges, taxes[len(lines) :], strict=True)
        ],
        "discounts": discounts,
        "refused": refused,
        "items": text(items),
        "discount": text(discount),
        "shipping": text(shipping),
        "tax": text(tax),
        "total": text(items - discount + shipping + (0 if included else tax)),
        "reverse_charge": reverse,
    }  # fmt: skip


def baskets() -> list[dict[str, Any]]:
    """A hundred baskets, the same ones every time."""
    dice = random.Random(2026)  # noqa: S311  # baskets, not secrets
    made = []
    for number in range(100):
        name = list(SHOPS)[number % len(SHOPS)]
        shop = SHOPS[name]
        lines = []
        for product in dice.sample(range(1, 7), dice.choice([1, 1, 2, 3, 4, 6])):
            price = dice.choice(PRICES)
            if shop["decimals"] == 0:
                price = str(int(Fraction(price) * 100))
            if shop["decimals"] == 3:
                price += str(dice.randrange(10))
            lines.append(
                {
                    "product": product,
                    "categories": [product % 3 + 5, 1],
                    "tax_class": "reduced" if product % 2 == 0 else "",
                    "unit_price": price,
                    "quantity": dice.choice([1, 1, 2, 3, 7]),
                    "weight": dice.choice([0, 150, 400, 999]),
                }
            )
        made.append(
            {
                "shop": name,
                "day": dice.choice(DAYS),
                "to": dice.choice(PLACES[shop["currency"]]),
                "method": dice.choice(["", "parcel", "parcel", "freight", "abroad", "pickup"]),
                "coupons": dice.sample(CODES, dice.choice([0, 0, 1, 1, 2, 3])),
                "lines": lines,
            }
        )
    return made


def main() -> None:
    """Write the table: the shops, and each basket with its figures."""
    rows = [basket | {"figures": calculate(SHOPS[basket["shop"]], basket)} for basket in baskets()]
    lines = ",\n".join(json.dumps(row) for row in rows)
    shops = ",\n".join(f"{json.dumps(name)}: {json.dumps(shop)}" for name, shop in SHOPS.items())
    TABLE.write_text(f'{{"shops": {{\n{shops}\n}},\n"baskets": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
