"""What a cart still lacks to become an order: one pure function, shown by GET, and the gate of placing.

Placing knows what was typed in, and leaves stock, prices and coupons to the order, which decides them under its locks.
So both groups of requirements stand in functions of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.countries import validate_address
from checkout.facts import Facts, Line
from checkout.figures import Figures

CHECKED_PARTS = ("address_line1", "city", "state", "postal_code")


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that is missing. `step` is the page of a checkout where it belongs, `field` the member to fill in."""

    step: str
    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps a line from being ordered."""

    code: str
    message: str


def requirements(cart: Facts, figures: Figures | None, *, needs_method: bool) -> list[Requirement]:
    """Everything that the cart lacks, in the sequence of a checkout. Without figures: of what was typed in alone.

    `needs_method` says whether the shop has methods of shipping, of which one must be chosen.
    """
    return [
        *of_lines(cart),
        *of_contact(cart),
        *of_addresses(cart),
        *of_shipping(cart, figures, needs_method=needs_method),
        *of_coupons(figures),
    ]


def of_lines(cart: Facts) -> Iterator[Requirement]:
    """A cart has lines, and all of them can be ordered."""
    if not cart.contents:
        yield Requirement("lines", "lines", "empty", "There is nothing in the cart.")
    for line in cart.lines:
        for problem in problems_of(line):
            yield Requirement("lines", f"lines.{line.id}", problem.code, f"{line.product_name}: {problem.message}")


def problems_of(line: Line) -> Iterator[Problem]:
    """What keeps a line from being ordered now."""
    if not line.on_sale:
        yield Problem("unavailable", "This is not for sale any more.")
    elif line.quantity > line.available:
        left = f"Only {line.available} can be ordered now." if line.available else "This is sold out."
        yield Problem("insufficient_stock", left)
    if line.on_sale and line.most is not None and line.quantity > line.most:
        yield Problem("quantity_limit_exceeded", f"One customer may order {line.most}.")


def of_contact(cart: Facts) -> Iterator[Requirement]:
    """The shop can write to whoever orders."""
    if not cart.email:
        yield Requirement("contact", "email", "required", "The confirmation needs an email address.")


def of_addresses(cart: Facts) -> Iterator[Requirement]:
    """The parcel has an address that its country knows, with a name; so has the invoice, if its address is another."""
    if cart.shipping_address is None:
        yield Requirement("shipping", "shipping_address", "required", "Say where the parcel is to go.")
    else:
        yield from of_address("shipping", "shipping_address", cart.shipping_address, cart.name)
    if cart.billing_address is not None:
        yield from of_address("billing", "billing_address", cart.billing_address, cart.name)


def of_address(step: str, field: str, address: dict[str, str], name: str) -> Iterator[Requirement]:
    """What an address lacks in the words of its country. `name` stands in for a recipient that it does not name."""
    if not (address["recipient_name"] or name):
        yield Requirement(step, f"{field}.recipient_name", "required", "Say whom it is for.")
    country_code = address["country_code"]
    if not country_code:
        yield Requirement(step, f"{field}.country_code", "required", "Say in which country it is.")
        return
    parts = {part: address[part] for part in CHECKED_PARTS}
    for error in validate_address(country_code, prefix=f"{field}.", **parts):
        yield Requirement(step, error.field, error.code, error.message)


def of_shipping(cart: Facts, figures: Figures | None, *, needs_method: bool) -> Iterator[Requirement]:
    """A method of shipping is chosen that leads there, where the shop has methods."""
    if not needs_method:
        return
    if not cart.shipping_method:
        yield Requirement("shipping", "shipping_method", "required", "Choose how it is to be shipped.")
    elif figures is not None and not figures.totals.method and (cart.shipping_address or {}).get("country_code"):
        yield Requirement("shipping", "shipping_method", "not_available", "This cannot be shipped there that way.")


def of_coupons(figures: Figures | None) -> Iterator[Requirement]:
    """All coupons count."""
    for refused in figures.totals.refused if figures is not None else ():
        yield Requirement("coupons", f"coupons.{refused.code}", refused.reason, "This coupon does not count here.")
