"""The one writer of what prices leave behind: their history, and the lowest price before a reduction.

The law of the EU asks for the latter: whoever announces a reduction says the lowest price of the 30 days before it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from catalog.exceptions import NoReduction
from catalog.models import PriceHistory
from database.rows import fetch_rows, texts_of
from events.actors import Actor

CHARGED = """
    select v.id, coalesce(v.price, p.price),
           case when v.compare_at_price > coalesce(v.price, p.price) then v.compare_at_price end
    from catalog_variant v join catalog_product p on p.id = v.product_id
    where p.id = %(id)s::bigint order by v.id
"""
# The price of a reduction that has just begun is not looked at, but that which it has replaced.
KEEP_LOWEST = """
    update catalog_variant v
    set lowest_price_30d = case when v.id = any(%(reduced)s::bigint[]) then (
        select min(h.price_before) from catalog_pricehistory h
        where h.variant_id = v.id and h.at > clock_timestamp() - interval '30 days'
    ) end
    where v.id = any(%(touched)s::bigint[])
        and (v.lowest_price_30d is not null or v.id = any(%(reduced)s::bigint[]))
"""


class Charged(NamedTuple):
    """What is charged for a variant, and what that is reduced from, if it is."""

    price: Decimal
    reduced_from: Decimal | None


def charged_of(product_id: int) -> dict[int, Charged]:
    """What is charged for each variant of a product, archived ones too."""
    return {id: Charged(price, before) for id, price, before in fetch_rows(CHARGED, {"id": product_id})}


@contextmanager
def prices_kept(product_id: int, actor: Actor, *, written: bool = True) -> Iterator[None]:
    """Write prices of a product inside the block. What has changed then gets its lines in the history.

    A reduction begins when a price is reduced that was not, or when a reduced price changes: then the lowest price of
    the 30 days before is kept with the variant. The caller has locked the product. Without `written` nothing is looked
    at.
    """
    if not written:
        yield
        return
    before = charged_of(product_id)
    yield
    after = charged_of(product_id)
    changed = {id: now for id, now in after.items() if before.get(id) != now}
    if not changed:
        return
    PriceHistory.objects.bulk_create(
        PriceHistory(
            variant_id=id,
            price_before=before[id].price if id in before else None,
            price=now.price,
            compare_at_price=now.reduced_from,
            actor=str(actor),
        )
        for id, now in changed.items()
    )
    begun = [id for id, now in changed.items() if is_new_reduction(before.get(id), now)]
    ended = [id for id, now in changed.items() if now.reduced_from is None]
    with connection.cursor() as cursor:
        cursor.execute(KEEP_LOWEST, texts_of({"reduced": begun, "touched": begun + ended}))


def is_new_reduction(before: Charged | None, now: Charged) -> bool:
    """Whether a reduction begins now. Another amount that the same price is reduced from does not begin one."""
    return now.reduced_from is not None and (before is None or before.reduced_from is None or before.price != now.price)


def refuse_no_reduction(compare_at_price: Decimal | None, price: Decimal, path: str = "") -> None:
    """Refuse (NoReduction) a price that another one is said to be reduced from, but is not."""
    if compare_at_price is not None and compare_at_price <= price:
        raise NoReduction(f"{path}compare_at_price", price)
