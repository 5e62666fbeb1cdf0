"""A customer's own orders by one statement: the page that every customer opens.

PostgreSQL makes the JSON of the lines, which then travels untouched into the answer. The plain way of saying the same
is OrderSerializer over a prefetched queryset, and a test compares the bytes of the two.
"""

from datetime import datetime
from typing import Any, NamedTuple

import orjson

from api.pagination import Cursor, Keyset, Page, cut_page, decode_cursor, page_size_of
from database.rows import fetch_rows, hidden

COLUMNS = """
    o.id, o.number, o.user_id, o.order_date, o.status, o.total_amount::text, o.currency, o.recipient_name, o.phone,
    o.shipping_address_line1, o.shipping_address_line2, o.shipping_city, o.shipping_state,
    o.shipping_postal_code, o.shipping_country,
    coalesce((select array_to_json(array_agg(line order by order_item_id))::text from (
        select id as order_item_id, product_id, variant_id, sku, product_name, quantity,
               unit_price::text, subtotal::text
        from orders_orderitem where order_id = o.id) line), '[]'),
    o.version, o.updated_at
"""
# Values are hidden from the planner. Otherwise the general plan looks dearer, since it expects the orders of a busier
# customer, and PostgreSQL plans anew for each page (0.2 ms).
PAGE = f"""
select {COLUMNS}
from orders_order o
where o.user_id = {hidden("user_id", "bigint")} and o.deleted_at is null {{place}}
order by o.order_date {{direction}}, o.id {{direction}}
limit {hidden("rows", "int")}
"""  # noqa: S608  # no value goes in, only the text above
KEY = "(%(order_date)s::timestamptz, %(id)s::bigint)"
NEWEST = PAGE.format(place="", direction="desc")
OLDER = PAGE.format(place=f"and (o.order_date, o.id) < {KEY}", direction="desc")
NEWER = PAGE.format(place=f"and (o.order_date, o.id) > {KEY}", direction="asc")


class OwnOrder(NamedTuple):
    """A row of the page: the members of an order's document in their order. `order_items` is JSON already."""

    order_id: int
    number: str
    user_id: int
    order_date: datetime
    status: str
    total_amount: str
    currency: str
    recipient_name: str
    phone: str
    shipping_address_line1: str
    shipping_address_line2: str
    shipping_city: str
    shipping_state: str
    shipping_postal_code: str
    shipping_country: str
    order_items: str
    version: int
    updated_at: datetime

    def document(self) -> dict[str, Any]:
        """The order as OrderSerializer shows it, which takes 3 us more for each."""
        return self._asdict() | {"order_items": orjson.Fragment(self.order_items)}


def page_of_own(user_id: int, keyset: Keyset, query: dict[str, Any]) -> Page:
    """A page of this customer's orders, as OwnOrder. `query` holds the checked parameters of a list."""
    cursor = decode_cursor(keyset, query["cursor"]) if "cursor" in query else None
    size = page_size_of(query)
    return cut_page(read(user_id, size + 1, cursor), size, cursor, lambda order: (order.order_date, order.order_id))


def read(user_id: int, rows: int, cursor: Cursor | None) -> list[OwnOrder]:
    """Up to `rows` orders from the cursor on, in its direction."""
    params: dict[str, Any] = {"user_id": user_id, "rows": rows}
    statement = NEWEST
    if cursor is not None:
        statement = NEWER if cursor.backwards else OLDER
        params["order_date"], params["id"] = cursor.key
    return [OwnOrder._make(row) for row in fetch_rows(statement, params)]
