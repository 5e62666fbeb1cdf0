"""What a basket would cost: the articles as they are priced at a moment, with the rules that are in force.

Staff try out with it what they have configured. It calculates by the same function as carts and orders, and writes
nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from catalog.services import prices_at
from database.rows import fetch_rows
from pricing.figures import Destination, LineTotals, Offer, PricedLine, Totals
from pricing.rulebook import current_rules
from pricing.totals import methods_for, totals

# The same sub-select of categories as for an order: the product's own and all above it.
ARTICLES = """
select v.id, p.id, i.sku, case when v.name = '' then p.name else p.name || ' (' || v.name || ')' end,
    coalesce(v.price, p.price), p.tax_class, coalesce(v.weight_g, 0), array(
    with recursive above as (
        select id, parent_id from catalog_category where id = p.category_id
        union all
        select c.id, c.parent_id from catalog_category c join above on c.id = above.parent_id
    ) select id from above)
from catalog_variant v
join catalog_product p on p.id = v.product_id
join inventory_stockitem i on i.id = v.stock_item_id
where v.id = any(%(ids)s::bigint[])
"""


class Article(NamedTuple):
    """An article with what decides about its taxes, its shipping and its promotions."""

    variant_id: int
    product_id: int
    sku: str
    name: str
    price: Decimal
    tax_class: str
    weight_g: int
    category_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class TriedLine:
    """A line of the basket with its figures."""

    article: Article
    quantity: int
    figures: LineTotals


@dataclass(frozen=True, slots=True)
class TryOut:
    """What the basket costs, and the methods of shipping that lead there with it."""

    lines: Sequence[TriedLine]
    totals: Totals
    offers: Sequence[Offer]


def try_out(
    *,
    quantities: Mapping[int, int],
    destination: Destination | None,
    method: str,
    coupons: Sequence[str],
    at: datetime,
) -> TryOut:
    """What these units of variants would cost at a moment, there, with this method and these coupons.

    Prices that are planned for that moment count. Limits of promotions do not: they are looked at when an order is
    placed.
    """
    articles = [Article(*row) for row in fetch_rows(ARTICLES, {"ids": list(quantities)})]
    prices = prices_at(variant_ids=list(quantities), at=at)
    lines = [
        PricedLine(
            key=article.variant_id,
            product_id=article.product_id,
            category_ids=frozenset(article.category_ids),
            tax_class=article.tax_class,
            unit_price=prices[article.variant_id],
            quantity=quantities[article.variant_id],
            weight_g=article.weight_g,
        )
        for article in sorted(articles, key=lambda article: list(quantities).index(article.variant_id))
    ]
    rules = current_rules()
    found = totals(lines=lines, destination=destination, method=method, coupons=coupons, rules=rules, at=at)
    by_id = {article.variant_id: article for article in articles}
    return TryOut(
        lines=[TriedLine(by_id[line.key], quantities[line.key], line) for line in found.lines],
        totals=found,
        offers=methods_for(lines=lines, destination=destination, coupons=coupons, rules=rules, at=at),
    )
