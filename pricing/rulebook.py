"""The rules that are in force, read from the tables once in each process and revision.

Every edit gives the rules another revision, so one cheap statement tells whether what was read is still true. A caller
that asks the database something anyway reads REVISION along, and then calls `rules_of`.
"""

from dataclasses import replace
from typing import NamedTuple, cast

from django.conf import settings

from database.rows import fetch_rows
from pricing.models import Coupon, Promotion, ShippingMethod, TaxRate, Zone
from pricing.rules import STANDARD, Basis, Kind, Method, Rounding, Rules, Step
from pricing.rules import Promotion as PromotionRule
from pricing.rules import TaxRate as TaxRateRule
from pricing.rules import Zone as ZoneRule

REVISION = "coalesce((select number from pricing_revision), 0)"
"""An expression for somebody else's statement; 0 while nothing was ever configured."""


class Edition(NamedTuple):
    """What the rules that a process keeps were made of: the rows of a revision, and the settings."""

    revision: int
    currency: str
    prices_include_tax: bool
    tax_rounding: str
    shop_country: str
    time_zone: str


_kept: tuple[Edition, Rules] | None = None


def current_rules() -> Rules:
    """The rules that are in force now. One statement, and all tables when there was an edit since."""
    return rules_of(fetch_rows(f"select {REVISION}", {})[0][0])


def rules_of(revision: int) -> Rules:
    """The rules of a revision that was just read; newer ones if there was an edit since."""
    global _kept
    kept = _kept
    if kept is not None and kept[0] == _edition(revision):
        return kept[1]
    rules = _read(revision)
    _kept = (_edition(rules.revision), rules)
    return rules


def _edition(revision: int) -> Edition:
    return Edition(
        revision,
        settings.CURRENCY,
        settings.PRICES_INCLUDE_TAX,
        settings.TAX_ROUNDING,
        settings.SHOP_COUNTRY,
        settings.SHOP_TIME_ZONE,
    )


def _read(revision: int) -> Rules:
    """The rules as the tables have them, read again when an edit came between: all of them are of one time."""
    while True:
        rules = _assembled(revision)
        after = fetch_rows(f"select {REVISION}", {})[0][0]
        if after == revision:
            return rules
        revision = after


def _assembled(revision: int) -> Rules:
    empty = Rules(
        revision=revision,
        currency=settings.CURRENCY,
        prices_include_tax=settings.PRICES_INCLUDE_TAX,
        tax_rounding=cast(Rounding, settings.TAX_ROUNDING),
        shop_country=settings.SHOP_COUNTRY,
        time_zone=settings.SHOP_TIME_ZONE,
    )
    if not revision:
        return empty
    coupons = Coupon.objects.filter(promotion__is_active=True).values_list("code", "promotion_id")
    return replace(
        empty,
        tax_rates=tuple(map(_tax_rate, TaxRate.objects.select_related("tax_class").order_by("pk"))),
        zones=tuple(map(_zone, Zone.objects.order_by("pk"))),
        methods=tuple(
            map(
                _method,
                ShippingMethod.objects.filter(is_active=True).select_related("tax_class").prefetch_related("rates"),
            )
        ),
        promotions=tuple(map(_promotion, Promotion.objects.filter(is_active=True).order_by("pk"))),
        coupons=dict(coupons),
    )


def _tax_rate(row: TaxRate) -> TaxRateRule:
    return TaxRateRule(
        name=row.name,
        rate=row.rate,
        country=row.country,
        region=row.region,
        postal_from=row.postal_from,
        postal_to=row.postal_to,
        city=row.city,
        tax_class=row.tax_class.code if row.tax_class else STANDARD,
        valid_from=row.valid.lower,
        valid_until=row.valid.upper,
        replaces=row.replaces,
    )


def _zone(row: Zone) -> ZoneRule:
    regions = (region.split("-", 1) for region in row.regions)
    places = [*((country, "") for country in row.countries), *((country, name.upper()) for country, name in regions)]
    return ZoneRule(row.pk, row.name, frozenset(places))


def _method(row: ShippingMethod) -> Method:
    return Method(
        code=row.code,
        name=row.name,
        zone_id=row.zone_id,
        basis=cast(Basis, row.basis),
        steps=tuple(Step(step.from_value, step.price) for step in row.rates.all()),
        days_from=row.days_from,
        days_to=row.days_to,
        tax_class=row.tax_class.code if row.tax_class else STANDARD,
        free_above=row.free_above,
        pickup_warehouse_id=row.pickup_warehouse_id,
        position=row.position,
    )


def _promotion(row: Promotion) -> PromotionRule:
    return PromotionRule(
        id=row.pk,
        name=row.name,
        kind=cast(Kind, row.kind),
        value=row.value,
        buy=row.buy,
        get=row.get,
        product_ids=frozenset(row.product_ids),
        category_ids=frozenset(row.category_ids),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        minimum=row.minimum,
        limited=row.total_limit is not None,
        per_customer=row.per_customer,
        combinable=row.combinable,
        automatic=row.automatic,
    )
