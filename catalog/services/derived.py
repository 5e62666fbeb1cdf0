"""Columns of a product that follow from its other columns and from its variants.

Lists are filtered and sorted by them, so they are kept with an index and not asked for at each reading.
"""

from collections.abc import Iterable

from django.db import connection

# A product without a live variant has its own price.
REFRESH = """
update catalog_product p
set price_from = charged.lowest, price_to = charged.highest
from (
    select p.id, coalesce(min(coalesce(v.price, p.price)), p.price) as lowest,
           coalesce(max(coalesce(v.price, p.price)), p.price) as highest
    from catalog_product p
    left join catalog_variant v on v.product_id = p.id and v.archived_at is null
    where p.id = any(%s::bigint[])
    group by p.id
) charged
where p.id = charged.id and (p.price_from, p.price_to) is distinct from (charged.lowest, charged.highest)
"""


def refresh(product_ids: Iterable[int]) -> None:
    """Make the derived columns of these products right: `price_from` and `price_to`, of what is charged.

    Each verb that changes a price, or which variants there are, ends with it. The caller has locked the products, or
    made them.
    """
    with connection.cursor() as cursor:
        cursor.execute(REFRESH, [list(product_ids)])
