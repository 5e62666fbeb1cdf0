"""A customer's own orders by one statement: the page that every customer opens.

PostgreSQL makes the JSON of the lines, which then travels untouched into the answer. The plain way of saying the same
is OrderSerializer over a prefetched queryset; a test compares the two, byte for byte.
"""

from typing import Any

import orjson

from api.pagination import Cursor, Keyset, Page, cut_page, decode_cursor, page_size_of
from database.rows import fetch_rows

# Values stand in sub-selects, where the planner does not see them: otherwise it takes the general plan, which expects
# the orders of a busier customer, for the dearer one, and plans anew for each page (0.2 ms).
PAGE = """
select o.order_date, o.id, o.number, o.user_id, o.status, o.total_amount::text, o.currency,
       o.shipping_address_line1, o.shipping_address_line2, o.shipping_city, o.shipping_state,
       o.shipping_postal_code, o.shipping_country, o.version, o.updated_at,
       (select array_to_json(array_agg(line order by order_item_id))::text from (
            select id as order_item_id, product_id, variant_id, sku, product_name, quantity,
                   unit_price::text, subtotal::text
            from orders_orderitem where order_id = o.id) line)
from orders_order o
where o.user_id = (select %(user_id)s::bigint) and o.deleted_at is null {place}
order by o.order_date {direction}, o.id {direction}
limit (select %(rows)s::int)
"""
KEY = "(%(order_date)s::timestamptz, %(id)s::bigint)"
NEWEST = PAGE.format(place="", direction="desc")
OLDER = PAGE.format(place=f"and (o.order_date, o.id) < {KEY}", direction="desc")
NEWER = PAGE.format(place=f"and (o.order_date, o.id) > {KEY}", direction="asc")


def page(user_id: int, keyset: Keyset, query: dict[str, Any]) -> Page:
    """A page of this customer's orders. `query` holds the checked parameters of a list."""
    cursor = decode_cursor(keyset, query["cursor"]) if "cursor" in query else None
    size = page_size_of(query)
    return cut_page(read(user_id, size + 1, cursor), size, cursor, lambda row: (row[0], row[1]))


def read(user_id: int, rows: int, cursor: Cursor | None) -> list[Any]:
    """Up to `rows` orders from the cursor on, in its direction; each begins with its key (order_date, id)."""
    params: dict[str, Any] = {"user_id": user_id, "rows": rows}
    statement = NEWEST
    if cursor is not None:
        statement = NEWER if cursor.backwards else OLDER
        params["order_date"], params["id"] = cursor.key
    return fetch_rows(statement, params)


def document(row: Any) -> dict[str, Any]:
    """What OrderSerializer would say about the order of this row."""
    return {
        "order_id": row[1],
        "number": row[2],
        "user_id": row[3],
        "order_date": row[0],
        "status": row[4],
        "total_amount": row[5],
        "currency": row[6],
        "shipping_address_line1": row[7],
        "shipping_address_line2": row[8],
        "shipping_city": row[9],
        "shipping_state": row[10],
        "shipping_postal_code": row[11],
        "shipping_country": row[12],
        "order_items": orjson.Fragment(row[15] or "[]"),
        "version": row[13],
        "updated_at": row[14],
    }
