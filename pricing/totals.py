"""What a basket costs: one pure function, for carts, orders and the try-out of staff. It knows no database.

docs/pricing.md says the same in words: the sequence of the steps, both roundings, and who owes which tax.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from pricing.amounts import MILLION, money, rounded, spread, units
from pricing.discounts import Reductions, Wanted, reduce
from pricing.figures import Charge as Charge
from pricing.figures import CouponRefusal as CouponRefusal
from pricing.figures import Destination as Destination
from pricing.figures import Discount as Discount
from pricing.figures import LineTotals as LineTotals
from pricing.figures import Offer as Offer
from pricing.figures import PricedLine as PricedLine
from pricing.figures import Totals as Totals
from pricing.rules import STANDARD, Method, Rules, folded_name, folded_postal_code
from pricing.shipping import leads_to, price_of
from pricing.taxes import NO_TAX, Place, Tax, rates_in, reverse_charged, tax_of, taxes_on


def methods_for(
    *,
    lines: Sequence[PricedLine],
    destination: Destination | None,
    coupons: Sequence[str] = (),
    rules: Rules,
    at: datetime,
) -> tuple[Offer, ...]:
    """The methods of shipping that lead there with these lines, in the shop keeper's sequence."""
    offers = []
    for method in sorted(rules.methods, key=lambda method: (method.position, method.code)):
        there = totals(lines=lines, destination=destination, method=method.code, coupons=coupons, rules=rules, at=at)
        if there.method:
            price = sum((charge.amount - charge.discount for charge in there.charges), money(0, rules.places))
            offers.append(
                Offer(method.code, method.name, price, method.days_from, method.days_to, method.pickup_warehouse_id)
            )
    return tuple(offers)


def totals(
    *,
    lines: Sequence[PricedLine],
    destination: Destination | None,
    method: str,
    coupons: Sequence[str],
    rules: Rules,
    at: datetime,
) -> Totals:
    """What these lines cost there, at that time, by these rules.

    Without a destination there is neither shipping nor tax: both are unknown. `method` is a code, or empty.
    """
    return _Basket(lines, destination, rules, at).totals(method, coupons)


class _Basket:
    """The lines of a basket in whole numbers, with the tax on each."""

    def __init__(
        self, lines: Sequence[PricedLine], destination: Destination | None, rules: Rules, at: datetime
    ) -> None:
        self.lines, self.rules, self.at, self.places = lines, rules, at, rules.places
        self.country = destination.country_code if destination else ""
        self.region = destination.region.upper() if destination else ""
        self.reverse = destination is not None and reverse_charged(rules, self.country, destination.vat_id)
        self.there = rates_in(rules, self._place(destination)) if destination else []
        # The tax that a consumer pays there. In a reverse charge it is what listed prices are freed of.
        self.taxes = [tax_of(self.there, line.tax_class) for line in lines]
        self.wanted = [
            Wanted(line.product_id, line.category_ids, self._price(line.unit_price, tax), line.quantity)
            for line, tax in zip(lines, self.taxes, strict=True)
        ]
        self.weight_g = sum(line.weight_g * line.quantity for line in lines)

    def _place(self, destination: Destination) -> Place:
        day = self.at.astimezone(ZoneInfo(self.rules.time_zone)).date() if self.rules.tax_rates else self.at.date()
        postal_code = folded_postal_code(destination.postal_code)
        return Place(self.country, self.region, postal_code, folded_name(destination.city), day)

    def _price(self, listed: Decimal, tax: Tax) -> int:
        return self._freed(units(listed, self.places), tax)

    def _freed(self, amount: int, tax: Tax) -> int:
        """An amount as it is charged: in a reverse charge without the tax that it contains."""
        if not (self.reverse and self.rules.prices_include_tax):
            return amount
        return rounded(amount * MILLION, MILLION + tax.rate)

    def totals(self, code: str, coupons: Sequence[str]) -> Totals:
        """The totals with one method of shipping, "" for none."""
        method = self._method(code)
        reductions = reduce(self.wanted, coupons, self.rules, self.at, lambda goods: self._shipping(method, goods) or 0)
        price = self._shipping(method, sum(reductions.left))
        if price is None:
            method = None
        shares = self._shares(method, price or 0, reductions.left)
        return self._written(method, shares, reductions)

    def _method(self, code: str) -> Method | None:
        """The method of a code, where it leads there."""
        if not (code and self.country and self.lines):
            return None
        found = next((method for method in self.rules.methods if method.code == code), None)
        return found if found and leads_to(found, self.rules, self.country, self.region) else None

    def _shipping(self, method: Method | None, goods: int) -> int | None:
        """The listed price of a method for lines that come to an amount; None when it is not offered for them."""
        price = price_of(method, money(goods, self.places), self.weight_g) if method else None
        return None if price is None else units(price, self.places)

    def _shares(self, method: Method | None, price: int, left: Sequence[int]) -> list[tuple[int, Tax]]:
        """The price of shipping once for each tax on it: that of the method's class, or by share of the goods."""
        if method is None:
            return []
        if method.tax_class != STANDARD:
            by_tax = {tax_of(self.there, method.tax_class): 1}
        else:
            by_tax = dict.fromkeys(sorted(set(self.taxes), key=lambda tax: (-tax.rate, tax.name)), 0)
            for amount, tax in zip(left, self.taxes, strict=True):
                by_tax[tax] += amount
        parts = zip(spread(price, list(by_tax.values())), by_tax, strict=True)
        shares = [(part, tax) for part, tax in parts if part] or [(0, next(iter(by_tax)))]
        if self.reverse:
            return [(sum(self._freed(part, tax) for part, tax in shares), NO_TAX)]
        return shares

    def _written(self, method: Method | None, shares: Sequence[tuple[int, Tax]], reductions: Reductions) -> Totals:
        """All figures, from what is left of each line and from the price of shipping."""
        included = self.rules.prices_include_tax
        off = [amount if reductions.ships_free else 0 for amount, _ in shares]
        bases = [*reductions.left, *(amount - less for (amount, _), less in zip(shares, off, strict=True))]
        rates = [*([NO_TAX] * len(self.lines) if self.reverse else self.taxes), *(tax for _, tax in shares)]
        taxes = taxes_on(bases, rates, included, self.rules.tax_rounding)
        count = len(self.lines)
        items = sum(line.price * line.quantity for line in self.wanted)
        discount = items - sum(reductions.left) + sum(off)
        shipping = sum(amount for amount, _ in shares)
        return Totals(
            lines=tuple(map(self._line, range(count), reductions.left, taxes[:count], rates[:count])),
            charges=tuple(
                self._charge(method, amount, less, due, tax)
                for (amount, tax), less, due in zip(shares, off, taxes[count:], strict=True)
                if method
            ),
            discounts=self._discounts(reductions, sum(off)),
            refused=tuple(CouponRefusal(code, reason) for code, reason in reductions.refused),
            items=self._money(items),
            discount=self._money(discount),
            shipping=self._money(shipping),
            tax=self._money(sum(taxes)),
            total=self._money(items - discount + shipping + (0 if included else sum(taxes))),
            currency=self.rules.currency,
            prices_include_tax=included,
            tax_rounding=self.rules.tax_rounding,
            reverse_charge=self.reverse,
            method=method.code if method else "",
            pickup_warehouse_id=method.pickup_warehouse_id if method else None,
        )

    def _line(self, place: int, left: int, due: int, tax: Tax) -> LineTotals:
        price = self.wanted[place].price
        subtotal = price * self.wanted[place].quantity
        return LineTotals(
            key=self.lines[place].key,
            unit_price=self._money(price),
            subtotal=self._money(subtotal),
            discount=self._money(subtotal - left),
            tax=self._money(due),
            tax_rate=_percent(tax),
            tax_name=tax.name,
            total=self._money(left if self.rules.prices_include_tax else left + due),
        )

    def _charge(self, method: Method, amount: int, less: int, due: int, tax: Tax) -> Charge:
        return Charge(
            kind="shipping",
            code=method.code,
            name=method.name,
            amount=self._money(amount),
            discount=self._money(less),
            tax=self._money(due),
            tax_rate=_percent(tax),
            tax_name=tax.name,
        )

    def _discounts(self, reductions: Reductions, off_shipping: int) -> tuple[Discount, ...]:
        """What each promotion took off. The first that ships for nothing takes off the price of shipping."""
        written = []
        for reduction in reductions.counted:
            promotion, amount = reduction.promotion, sum(reduction.parts)
            if promotion.kind == "free_shipping":
                amount, off_shipping = off_shipping, 0
            if amount or reduction.code:
                written.append(
                    Discount(promotion.id, reduction.code, promotion.name, self._money(amount), promotion.limited,
                             promotion.per_customer)
                )  # fmt: skip
        return tuple(written)

    def _money(self, count: int) -> Decimal:
        return money(count, self.places)


def _percent(tax: Tax) -> Decimal:
    """The rate of a tax as a percentage with four decimals."""
    return Decimal(tax.rate).scaleb(-4)
