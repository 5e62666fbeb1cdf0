"""The values of an order to be: its buyer, what is wanted, whom it is for, and how it will stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypedDict

from database.text import email_key
from orders.models import Order, billing_address_of
from pricing.figures import Charge, Discount, LineTotals

NOTHING, NO_RATE = Decimal(0), Decimal("0.0000")


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer, or a guest (`user_id` None) with an email that may be written to. Guests of one email are one buyer.

    What one buyer may have at once is counted by the account, else by the email.
    """

    user_id: int | None
    email: str = ""

    def __post_init__(self) -> None:
        if self.user_id is None:
            object.__setattr__(self, "email", email_key(self.email))

    @property
    def is_guest(self) -> bool:
        """Whether the buyer has no account."""
        return self.user_id is None

    @property
    def key(self) -> str:
        """The name under which coupons are counted: "user:7", or "email:ann@example.com"."""
        return f"email:{self.email}" if self.user_id is None else f"user:{self.user_id}"

    @property
    def params(self) -> dict[str, object]:
        """The parameters by which statements find what is the buyer's."""
        return {"user_id": self.user_id, "email": self.email}


class Address(TypedDict):
    """Whom and where an order goes to. The name is there; the phone may be empty, and what a country does not have."""

    recipient_name: str
    phone: str
    shipping_address_line1: str
    shipping_address_line2: str
    shipping_city: str
    shipping_state: str
    shipping_postal_code: str
    shipping_country: str


class Shipping(Address, total=False):
    """Whom and where an order goes to, and what the buyer says besides. What is left out is empty.

    `country_code` is that of `shipping_country`. `company` is where the goods go, and `vat_id` is that of whoever pays.
    Without a billing address the invoice goes where the goods go. The terms are accepted at the moment of the order.
    """

    country_code: str
    email: str
    company: str
    vat_id: str
    note: str
    billing_name: str
    billing_company: str
    billing_address_line1: str
    billing_address_line2: str
    billing_city: str
    billing_state: str
    billing_postal_code: str
    billing_country: str
    billing_country_code: str
    terms_version: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as a customer asks for it: one of the three names of an article."""

    quantity: int
    product_id: int = 0
    variant_id: int = 0
    sku: str = ""

    @property
    def named_by(self) -> str:
        """The member of a request's line that names the article."""
        return "product_id" if self.product_id else "variant_id" if self.variant_id else "sku"


@dataclass(slots=True)
class Line:
    """An article and how much of it is ordered, with the attributes of an OrderItem. The fields are those of RESOLVE.

    `place` is where the customer named the article. `available` was read without a lock: it may refuse, and never
    grants. `most` is how many units a customer may have in open orders, None for any number. The id, the number and the
    time of the order to be come with each line, and the revision of the rules; `locked` says nothing.
    """

    place: int
    product_id: int
    variant_id: int
    item_id: int
    sku: str
    product_name: str
    unit_price: Decimal
    available: int
    most: int | None
    id: int
    order_id: int
    number: str
    order_date: datetime
    locked: str | None
    revision: int
    quantity: int = 0
    discount: Decimal = NOTHING
    tax: Decimal = NOTHING
    tax_rate: Decimal = NO_RATE
    tax_name: str = ""

    @property
    def subtotal(self) -> Decimal:
        """The price of all units of the line."""
        return self.unit_price * self.quantity

    def take(self, figures: LineTotals) -> None:
        """Take the figures of the line, and the price that was calculated with."""
        self.unit_price, self.discount, self.tax = figures.unit_price, figures.discount, figures.tax
        self.tax_rate, self.tax_name = figures.tax_rate, figures.tax_name


Basket = dict[int, Line]
"""The lines of an order by variant, in the order in which the customer first named them."""


class PlacedOrder(NamedTuple):
    """An order as it is written, with the attributes of an Order: nothing is read again for the answer."""

    id: int
    number: str
    user_id: int | None
    order_date: datetime
    updated_at: datetime
    total_amount: Decimal
    currency: str
    order_items: Sequence[Line]
    recipient_name: str
    phone: str
    shipping_address_line1: str
    shipping_address_line2: str
    shipping_city: str
    shipping_state: str
    shipping_postal_code: str
    shipping_country: str
    country_code: str = ""
    email: str = ""
    company: str = ""
    vat_id: str = ""
    note: str = ""
    billing_name: str = ""
    billing_company: str = ""
    billing_address_line1: str = ""
    billing_address_line2: str = ""
    billing_city: str = ""
    billing_state: str = ""
    billing_postal_code: str = ""
    billing_country: str = ""
    billing_country_code: str = ""
    terms_version: str = ""
    discount_total: Decimal = NOTHING
    shipping_total: Decimal = NOTHING
    tax_total: Decimal = NOTHING
    prices_include_tax: bool = False
    reverse_charge: bool = False
    tax_rounding: str = ""
    charges: Sequence[Charge] = ()
    discounts: Sequence[Discount] = ()
    status: str = Order.Status.PENDING
    payment_status: str = "unpaid"
    fulfilment_status: str = "none"
    fulfilments: tuple[()] = ()
    version: int = 1

    @property
    def reference(self) -> str:
        """The name by which inventory knows the order."""
        return f"order:{self.number}"

    @property
    def billing_address(self) -> dict[str, str] | None:
        """Where the invoice goes; None where it goes where the goods go."""
        return billing_address_of(self)

    @property
    def items_total(self) -> Decimal:
        """The sum of the lines, before discounts."""
        added_tax = NOTHING if self.prices_include_tax else self.tax_total
        return self.total_amount - added_tax + self.discount_total - self.shipping_total


class UnitsLeft(NamedTuple):
    """What can be promised of an item. `overdue_holds` says whether any item of the basket has some to give back."""

    item_id: int
    available: int
    overdue_holds: bool
