"""How the demo shop sells: its taxes, ways to the customer and promotions, and what its articles say for these.

It sells to the European Union and to the United States. The rates are those of 2026; a shop of one's own looks them up.
Loading it again changes nothing: what is there already stays.
"""

import random
from decimal import Decimal

from catalog.models import Category, Product, Variant
from catalog.services import update_variant
from database.money import in_places
from events.actors import BACKFILL
from inventory.models import Warehouse
from pricing import services
from pricing.models import Promotion, ShippingMethod, TaxClass, TaxRate, Zone

CLOTHING = "clothing"
# Percent, of the whole country.
EU = {
    "AT": "20", "BE": "21", "BG": "20", "CY": "19", "CZ": "21", "DE": "19", "DK": "25", "EE": "24", "ES": "21",
    "FI": "25.5", "FR": "20", "GR": "24", "HR": "25", "HU": "27", "IE": "23", "IT": "22", "LT": "21", "LU": "17",
    "LV": "21", "MT": "18", "NL": "21", "PL": "23", "PT": "23", "RO": "21", "SE": "25", "SI": "22", "SK": "23",
}  # fmt: skip
# Percent, of the state alone: counties and cities add their own, which a shop imports as a table.
US = {"CA": "7.25", "FL": "6", "IL": "6.25", "NJ": "6.625", "NY": "4", "PA": "6", "TX": "6.25", "WA": "6.5"}
NO_TAX_ON_CLOTHING = ("NJ", "PA")
# Grams of an article, by the slug of its category.
WEIGHTS = {
    "headphones": (180, 420), "speakers": (600, 4_200), "computing": (120, 1_800), "kitchen": (250, 3_600),
    "lighting": (700, 3_200), "shirts-knitwear": (180, 640), "shoes": (650, 1_400), "outdoor": (300, 2_600),
}  # fmt: skip
# Every so many products one is reduced, by this much.
EVERY, REDUCED_TO = 25, Decimal("0.8")


def create_selling(dice: random.Random) -> None:
    """Configure taxes, shipping and promotions, and say for each article what they go by."""
    if not TaxClass.objects.exists():
        services.create_tax_class(code=CLOTHING, name="Clothing and shoes", actor=BACKFILL)
    if not TaxRate.objects.exists():
        create_rates()
    if not Zone.objects.exists() and not ShippingMethod.objects.exists():
        create_shipping()
    if not Promotion.objects.exists():
        create_promotions()
    describe_articles(dice)
    reduce_some()


def create_rates() -> None:
    """VAT of the countries of the European Union, and sales taxes of some states."""
    rates: list[services.RateInput] = [
        {"name": "VAT", "rate": Decimal(rate), "country": country} for country, rate in EU.items()
    ]
    rates += [
        {"name": "State tax", "rate": Decimal(rate), "country": "US", "region": state} for state, rate in US.items()
    ]
    rates += [
        {"name": "State tax", "rate": Decimal(0), "country": "US", "region": state, "tax_class": CLOTHING}
        for state in NO_TAX_ON_CLOTHING
    ]
    rates.append({"name": "City tax", "rate": Decimal("4.5"), "country": "US", "region": "NY", "city": "New York"})
    services.create_tax_rates(rates=rates, actor=BACKFILL)


def create_shipping() -> None:
    """Two zones and four methods: by post and by express, and one to fetch the order oneself."""
    europe = services.create_zone(name="European Union", countries=sorted(EU), actor=BACKFILL)
    states = services.create_zone(name="United States", countries=["US"], actor=BACKFILL)
    services.create_shipping_method(
        code="standard-eu",
        name="Standard",
        zone_id=europe.pk,
        steps=[(Decimal(0), amount("6.90"))],
        free_above=amount("100.00"),
        days_from=3,
        days_to=5,
        position=1,
        actor=BACKFILL,
    )
    services.create_shipping_method(
        code="express-eu",
        name="Express",
        zone_id=europe.pk,
        steps=[(Decimal(0), amount("14.90")), (Decimal(5_000), amount("24.90")), (Decimal(20_000), None)],
        days_from=1,
        days_to=2,
        basis="weight",
        position=2,
        actor=BACKFILL,
    )
    services.create_shipping_method(
        code="ground-us",
        name="Ground",
        zone_id=states.pk,
        steps=[(Decimal(0), amount("7.50")), (Decimal(2_000), amount("12.50")), (Decimal(10_000), amount("29.00"))],
        days_from=4,
        days_to=7,
        basis="weight",
        position=1,
        actor=BACKFILL,
    )
    services.create_shipping_method(
        code="pickup",
        name="Fetch it at our main warehouse",
        steps=[(Decimal(0), Decimal(0))],
        pickup_warehouse_id=Warehouse.objects.get(code="main").pk,
        position=3,
        actor=BACKFILL,
    )


def create_promotions() -> None:
    """A coupon for the first order, of which there are 500; one that ships for nothing; and one for large orders."""
    services.create_promotion(
        name="Welcome: 10 % off",
        kind="percent",
        value=Decimal(10),
        codes=["WELCOME10"],
        total_limit=500,
        per_customer=1,
        actor=BACKFILL,
    )
    services.create_promotion(
        name="Free shipping", kind="free_shipping", codes=["SHIPFREE"], minimum=amount("40.00"), actor=BACKFILL
    )
    knitwear = Category.objects.get(slug="shirts-knitwear")
    services.create_promotion(
        name="Three shirts for two",
        kind="buy_x_get_y",
        value=Decimal(100),
        buy=2,
        get=1,
        category_ids=[knitwear.pk],
        codes=["SHIRTS3FOR2"],
        actor=BACKFILL,
    )


def describe_articles(dice: random.Random) -> None:
    """Give each article a weight, and clothing and shoes their tax class."""
    Product.objects.filter(category__slug__in=("shirts-knitwear", "shoes")).update(tax_class=CLOTHING)
    variants = list(Variant.objects.filter(weight_g=None).select_related("product__category").order_by("pk"))
    for variant in variants:
        category = variant.product.category
        low, high = WEIGHTS[category.slug] if category else (200, 2_000)
        variant.weight_g = dice.randrange(low, high, 10)
    Variant.objects.bulk_update(variants, ["weight_g"], batch_size=500)


def reduce_some() -> None:
    """Reduce all variants of a few products."""
    if Variant.objects.exclude(compare_at_price=None).exists():
        return
    for product in Product.objects.order_by("pk")[::EVERY]:
        for variant in product.variants.live():
            before = variant.effective_price
            update_variant(
                product_id=product.pk,
                variant_id=variant.pk,
                price=in_places(before * REDUCED_TO),
                compare_at_price=before,
                actor=BACKFILL,
            )


def amount(text: str) -> Decimal:
    """An amount with the decimals of the shop's currency."""
    return in_places(Decimal(text))
