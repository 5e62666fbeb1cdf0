"""What the shop keeper has configured, as values that never change: taxes, shipping and promotions.

Nothing here knows Django or the database. `rulebook` reads the rows; `totals` calculates with them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from database.currencies import places_in

Rounding = Literal["line", "order"]
Basis = Literal["total", "weight"]
Kind = Literal["percent", "fixed", "free_shipping", "buy_x_get_y"]
STANDARD = ""
"""The code of the tax class that products have which name none."""


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A tax on one class of goods in one place, for a time. All rates of a place add up, but for `replaces`.

    `rate` is a percentage, with at most four decimals. An empty region, city or postal code stands for all of them.
    Texts are compared without case. `valid_until` is the first day on which the rate is no longer valid.
    """

    name: str
    rate: Decimal
    country: str
    region: str = ""
    postal_from: str = ""
    postal_to: str = ""
    city: str = ""
    tax_class: str = STANDARD
    valid_from: date | None = None
    valid_until: date | None = None
    replaces: bool = False
    """Whether it stands in for the broader rates of its place instead of being added to them."""


@dataclass(frozen=True, slots=True)
class Zone:
    """Where methods of shipping lead: pairs of a country and a region, "" for the whole country."""

    id: int
    name: str
    places: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Step:
    """A row of a method's prices: what it costs from a value on. A price of None: not offered from there on."""

    from_value: Decimal
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Method:
    """A way to the buyer. `zone_id` None: offered everywhere. Steps rise by `from_value`: grams, or an amount."""

    code: str
    name: str
    zone_id: int | None
    basis: Basis
    steps: tuple[Step, ...]
    days_from: int | None = None
    days_to: int | None = None
    tax_class: str = STANDARD
    """Empty: taxed as the goods are that it carries, by their share."""
    free_above: Decimal | None = None
    """Lines of this sum or more, after discounts, travel free."""
    pickup_warehouse_id: int | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Promotion:
    """Something off. `value` is a percentage (percent, buy_x_get_y) or an amount (fixed).

    Without products and categories it is for all lines. `minimum` is the least sum of all lines before discounts.
    """

    id: int
    name: str
    kind: Kind
    value: Decimal = Decimal(0)
    buy: int = 0
    get: int = 0
    product_ids: frozenset[int] = frozenset()
    category_ids: frozenset[int] = frozenset()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    minimum: Decimal | None = None
    limited: bool = False
    per_customer: int | None = None
    combinable: bool = True
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that totals follow from, beside the basket. The empty rulebook leaves prices as they are."""

    revision: int
    currency: str
    prices_include_tax: bool = False
    tax_rounding: Rounding = "line"
    shop_country: str = ""
    tax_rates: tuple[TaxRate, ...] = ()
    zones: tuple[Zone, ...] = ()
    methods: tuple[Method, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    coupons: Mapping[str, int] = field(default_factory=dict)
    """The promotion of each code. Codes stand here in capitals."""
    time_zone: str = "UTC"
    """Its days are the days for which tax rates are valid."""

    reached: Mapping[int, str] = field(default_factory=dict)
    """The promotions that have no uses left, each with the reason for which its coupons are refused."""
    rates_by_place: Mapping[tuple[str, str, str], Sequence[TaxRate]] = field(init=False, repr=False, compare=False)
    """The tax rates by country, region and single postal code, "" for all: thousands of rates are not gone through."""

    def __post_init__(self) -> None:
        by_place = defaultdict(list)
        for rate in self.tax_rates:
            single = folded_postal_code(rate.postal_from)
            if rate.postal_to and folded_postal_code(rate.postal_to) != single:
                single = ""
            by_place[rate.country, rate.region.upper(), single].append(rate)
        object.__setattr__(self, "rates_by_place", dict(by_place))

    def rates_near(self, country: str, region: str, postal_code: str) -> Iterator[TaxRate]:
        """The rates that may hold in a place. Region and postal code are folded; ranges are left to the caller."""
        for wide in dict.fromkeys(("", region)):
            for length in range(len(postal_code) + 1):
                yield from self.rates_by_place.get((country, wide, postal_code[:length]), ())

    def with_reached(self, reached: Mapping[int, str]) -> "Rules":
        """The same rules without the promotions that have no uses left. What was sorted is not sorted again."""
        rules = copy(self)
        object.__setattr__(rules, "reached", reached)
        return rules

    @property
    def is_empty(self) -> bool:
        """Whether nothing is configured: no taxes, no shipping, no promotions."""
        return not (self.tax_rates or self.methods or self.promotions)

    @property
    def places(self) -> int:
        """The decimals of the currency."""
        return places_in(self.currency)


def folded_postal_code(text: str) -> str:
    """A postal code as it is compared: capitals, and no blanks or hyphens."""
    return text.upper().replace(" ", "").replace("-", "")


def folded_name(text: str) -> str:
    """A city's name as it is compared: in capitals, with one space between its words and none around them."""
    return " ".join(text.upper().split())


def folded_code(code: str) -> str:
    """A coupon's code as it is compared: in capitals, without blanks around it."""
    return code.strip().upper()
