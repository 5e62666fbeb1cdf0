"""What W11 to W13 need in our database: `python -m benchmarks.fill_carts rules`, or a plan of carts on standard input.

The rules are made by the verbs of `pricing`, as staff would. Carts are rows of guests; their tokens are printed.
"""

import json
import os
import sys
from decimal import Decimal
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from benchmarks.cart_data import ADDRESS, COUPON, METHOD, SLOTS, TAX, codes  # noqa: E402  # after the settings
from catalog.models import Variant  # noqa: E402
from checkout.models import Cart, CartLine  # noqa: E402
from checkout.tokens import token_of  # noqa: E402
from events.actors import BACKFILL  # noqa: E402
from pricing import services  # noqa: E402


def make_rules() -> None:
    """A zone, a way to ship, a tax, and coupons of which there are few."""
    country = ADDRESS["country_code"]
    zone = services.create_zone(name="Home", countries=[country], actor=BACKFILL)
    steps = [(Decimal(0), Decimal(METHOD["price"]))]
    services.create_shipping_method(
        code=METHOD["code"], name=METHOD["name"], steps=steps, zone_id=zone.pk, actor=BACKFILL
    )
    services.create_tax_rate(name=TAX["name"], rate=Decimal(TAX["percent"]), country=country, actor=BACKFILL)
    for code in codes():
        services.create_promotion(
            name=code,
            kind="percent",
            value=Decimal(COUPON["percent"]),
            codes=[code],
            total_limit=SLOTS[code],
            per_customer=1,
            actor=BACKFILL,
        )


def make_carts(plan: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Carts of guests. Answers the id and the token of each."""
    wanted = {product for cart in plan for product, _ in cart["lines"]}
    variants = {variant.product_id: variant for variant in Variant.objects.filter(product_id__in=wanted)}
    prices = dict(Variant.objects.filter(product_id__in=wanted).values_list("product_id", "product__price"))
    carts = [
        Cart(
            currency="USD",
            email=cart["email"],
            shipping_address=dict.fromkeys(("company", "vat_id", "address_line2"), "") | ADDRESS,
            shipping_method=METHOD["code"],
            coupons=[cart["code"]] if cart["code"] else [],
        )
        for cart in plan
    ]
    Cart.objects.bulk_create(carts, batch_size=500)
    CartLine.objects.bulk_create(
        (
            CartLine(cart=cart, variant=variants[product], quantity=units, seen_price=prices[product])
            for cart, planned in zip(carts, plan, strict=True)
            for product, units in planned["lines"]
        ),
        batch_size=500,
    )
    return [(str(cart.pk), token_of(cart.pk)) for cart in carts]


if __name__ == "__main__":
    if "rules" in sys.argv:
        make_rules()
    else:
        json.dump(make_carts(json.load(sys.stdin)), sys.stdout)
