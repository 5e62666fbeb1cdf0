"""The rules and the carts of W11 to W13, the same for both shops."""

import random
from collections.abc import Iterator
from typing import Any

from benchmarks import data
from benchmarks.data import FLASH_ARTICLES, FLASH_STOCK, Size

ADDRESS = {
    "recipient_name": "Ann Example",
    "address_line1": "1 Main Street",
    "city": "Springfield",
    "state": "IL",
    "postal_code": "62701",
    "country_code": "US",
}
METHOD = {"code": "standard", "name": "Standard", "price": "4.90"}
TAX = {"name": "Sales tax", "percent": "8.25"}
COUPON = {"percent": "10"}
# The coupon of W12 does not run out; those of W13 do, one in each measurement, together with the article.
PLENTY = "TENTH"
SLOTS = {PLENTY: 60_000} | {f"FLASH{place}": FLASH_STOCK for place in range(FLASH_ARTICLES)}
# How many carts a measurement has: those of W11 are filled and read again and again, the others are placed once.
CARTS = {"W11": 320, "W12": 1_500, "W13": 2 * FLASH_STOCK}


def codes() -> list[str]:
    """The codes of all coupons."""
    return list(SLOTS)


def flash_code(place: int) -> str:
    """The coupon of the flash sale of this place."""
    return f"FLASH{place % FLASH_ARTICLES}"


def planned(workload: str, size: Size, place: int) -> Iterator[dict[str, Any]]:
    """The carts of a measurement: email, coupon, and products with their quantities."""
    dice = random.Random(f"carts {workload} {place}")
    for number in range(CARTS[workload]):
        lines: dict[int, int] = {}
        while workload == "W12" and len(lines) < 3:
            lines[data.sellable(dice, size)] = dice.randint(1, 3)
        if workload == "W13":
            lines = {data.flash_article(size, place): 1}
        code = {"W11": "", "W12": PLENTY, "W13": flash_code(place)}[workload]
        email = f"{workload}-{place}-{number}@example.com".lower()
        yield {"email": email, "code": code, "lines": list(lines.items())}
