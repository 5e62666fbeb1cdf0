"""A customer's own orders by one statement: the page that every customer opens.

PostgreSQL writes the whole document of an order, which then travels untouched into the answer. The plain way of saying
the same is OrderSerializer over a prefetched queryset, and a test compares the bytes of the two.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from api.pagination import Cursor, Keyset, Page, cut_page, decode_cursor, page_size_of
from database.rows import fetch_rows, hidden
from orders.models import BILLING
from orders.serializers.documents import FIGURES, OrderSerializer

# Of an order that was placed where nothing was configured nobody looks for charges and discounts.
BELONGING = """case when o.tax_rounding = '' then '[]' else coalesce((
        select array_to_json(array_agg(row)) from (
            select {columns} from {table} where order_id = o.id order by id) row), '[]') end"""
CHARGES = BELONGING.format(
    table="orders_charge",
    columns="kind, code, name, amount::text, discount::text, tax::text, tax_rate::text, tax_name",
)
DISCOUNTS = BELONGING.format(table="orders_orderdiscount", columns="code, name, amount::text")
BILLING_ADDRESS = f"""case when o.billing_address_line1 <> '' then (
        select row_to_json(b) from (select {", ".join(f"o.billing_{part} as {part}" for part in BILLING)}) b) end"""  # noqa: S608  # no value in it
LINES = """coalesce((select array_to_json(array_agg(line order by order_item_id)) from (
        select id as order_item_id, product_id, variant_id, sku, product_name, quantity,
               unit_price::text, subtotal::text, (discount + subtotal * 0)::text as discount,
               (tax + subtotal * 0)::text as tax, tax_rate::text, tax_name
        from orders_orderitem where order_id = o.id) line), '[]')"""
# A moment as our answers write it: with all six decimals of its seconds, or with none.
MOMENT = """replace(to_char({} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000Z', 'Z')"""
# Of an order that is pending nothing has left, and nobody looks for parcels.
PARCELS = f"""case when o.status = 'pending' then '[]' else coalesce((
        select array_to_json(array_agg(parcel)) from (
            select id as fulfilment_id, state, carrier, tracking_number, tracking_url,
                   {MOMENT.format("shipped_at")} as shipped_at, {MOMENT.format("cancelled_at")} as cancelled_at,
                   (select array_to_json(array_agg(line)) from (
                       select order_item_id, quantity from orders_fulfilmentline
                       where fulfilment_id = f.id order by id) line) as lines,
                   version
            from orders_fulfilment f where order_id = o.id order by id) parcel), '[]') end"""  # noqa: S608  # as above
# The members that are not a column of the same name. An amount of 0 may be without decimals, on orders from before
# there were figures. The amount beside it has them.
MEMBERS = {
    "order_id": "o.id",
    "order_date": MOMENT.format("o.order_date"),
    "payment_status": """case when o.total_amount = 0 and o.payment_status = 'unpaid' then 'paid'
        else o.payment_status end""",
    "fulfilment_status": """case when o.status in ('shipped', 'delivered') then 'complete'
        when o.partly_shipped then 'partial' else 'none' end""",
    "total_amount": "o.total_amount::text",
    "items_total": """(o.total_amount - case when o.prices_include_tax then 0 else o.tax_total end
        + o.discount_total - o.shipping_total)::text""",
    **{name: f"(o.{name} + o.total_amount * 0)::text" for name in FIGURES},
    "billing_address": BILLING_ADDRESS,
    "order_items": LINES,
    "charges": CHARGES,
    "discounts": DISCOUNTS,
    "updated_at": MOMENT.format("o.updated_at"),
    "fulfilments": PARCELS,
}
# Values are hidden from the planner. Otherwise the general plan looks dearer, since it expects the orders of a busier
# customer, and PostgreSQL plans anew for each page (0.2 ms).
PAGE = f"""
select o.order_date, o.id, (select row_to_json(document)::text from (select {{members}}) document)
from orders_order o
where o.user_id = {hidden("user_id", "bigint")} and o.deleted_at is null {{place}}
order by o.order_date {{direction}}, o.id {{direction}}
limit {hidden("rows", "int")}
"""  # noqa: S608  # no value goes in, only the text above
KEY = "(%(order_date)s::timestamptz, %(id)s::bigint)"
NEWEST = {"place": "", "direction": "desc"}
OLDER = {"place": f"and (o.order_date, o.id) < {KEY}", "direction": "desc"}
NEWER = {"place": f"and (o.order_date, o.id) > {KEY}", "direction": "asc"}


class OwnOrder(NamedTuple):
    """A row of the page: its place in the list, and the document as JSON."""

    order_date: datetime
    order_id: int
    json: str

    @property
    def document(self) -> orjson.Fragment:
        """The order as OrderSerializer shows it."""
        return orjson.Fragment(self.json)


def page_of_own(user_id: int, keyset: Keyset, query: dict[str, Any], shown: frozenset[str]) -> Page:
    """A page of this customer's orders, as OwnOrder, with the members that are `shown`.

    `query` holds the checked parameters of a list.
    """
    cursor = decode_cursor(keyset, query["cursor"]) if "cursor" in query else None
    size = page_size_of(query)
    return cut_page(
        read(user_id, size + 1, cursor, shown), size, cursor, lambda order: (order.order_date, order.order_id)
    )


def read(user_id: int, rows: int, cursor: Cursor | None, shown: frozenset[str]) -> list[OwnOrder]:
    """Up to `rows` orders from the cursor on, in its direction."""
    params: dict[str, Any] = {"user_id": user_id, "rows": rows}
    window = NEWEST
    if cursor is not None:
        window = NEWER if cursor.backwards else OLDER
        params["order_date"], params["id"] = cursor.key
    statement = PAGE.format(members=members_of(shown), **window)
    return [OwnOrder._make(row) for row in fetch_rows(statement, params)]


@lru_cache(maxsize=128)
def members_of(shown: frozenset[str]) -> str:
    """What a document is made of, in the sequence of OrderSerializer."""
    return ", ".join(
        f"{MEMBERS.get(name, f'o.{name}')} as {name}" for name in OrderSerializer.Meta.fields if name in shown
    )
