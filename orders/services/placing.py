"""The fast path of `place_order`: what a basket's lines mean, and what of an order is written before its stock.

This is the hottest code of the shop, so it is SQL where the rest is ORM. One statement, one named part per table,
writes the order with its lines and its history, the journal's event, and the answer under its idempotency key. The
plain way of doing the same stands in orders/tests/plain.py, and a property test holds the two against each other, row
by row.

No lock on stock is taken here, and nothing here decides about stock for good: `inventory.services.reserve` does both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict

from django.conf import settings

from database.refusals import FieldError
from database.rows import Alongside, array, fetch_rows
from events.actors import Actor
from orders.exceptions import InsufficientStock, TooManyPendingOrders, UnknownArticle
from orders.models import Order, OrderItem


class Shipping(TypedDict):
    shipping_address_line1: str
    shipping_address_line2: str
    shipping_city: str
    shipping_state: str
    shipping_postal_code: str
    shipping_country: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as a customer asks for it: one of the three names of an article."""

    quantity: int
    product_id: int = 0
    variant_id: int = 0
    sku: str = ""

    @property
    def named_by(self) -> str:
        return "product_id" if self.product_id else "variant_id" if self.variant_id else "sku"


@dataclass(slots=True)
class Line:
    """An article and how much of it, with the attributes of an OrderItem.

    `available` was read without a lock: it may refuse, and never grants.
    """

    product_id: int
    variant_id: int
    item_id: int
    sku: str
    product_name: str
    unit_price: Decimal
    available: int
    id: int
    quantity: int = 0

    @property
    def subtotal(self) -> Decimal:
        return self.unit_price * self.quantity


Basket = dict[int, Line]
"""The lines of an order by variant, in the order in which the customer first named them."""


class Header(NamedTuple):
    """What the database gives a new order."""

    id: int
    number: str
    order_date: datetime


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order as it is written, with the attributes of an Order: nothing is read again for the answer."""

    id: int
    number: str
    order_date: datetime
    user_id: int
    total_amount: Decimal
    shipping: Shipping
    lines: Sequence[Line]
    currency: str
    status: str = Order.Status.PENDING
    version: int = 1

    @property
    def reference(self) -> str:
        return f"order:{self.number}"


AVAILABLE = """cross join lateral (
    select coalesce(sum(l.on_hand + l.backorder_limit - l.reserved), 0)::int as available
    from inventory_stocklevel l
    where l.item_id = i.id and l.warehouse_id = any(array(select id from inventory_warehouse where is_active))
) stock"""
# The arrays stand in sub-selects, where the planner does not see how short they are: otherwise it takes the general
# plan, which expects ten lines, for the dearer one, and plans these joins anew for every order (0.5 ms).
#
# Ids, number and time of an order to be come along, so that nothing is left to ask when it has been written.
#
# The lock on the customer makes the cap on pending orders hold under concurrency. It is taken here, one statement
# before the cap is counted, since a count in this statement would be from before a wait.
RESOLVE = f"""
with asked as (
    select * from unnest(
        (select %(product_ids)s::bigint[]), (select %(variant_ids)s::bigint[]), (select %(skus)s::text[]))
        with ordinality as t (product_id, variant_id, sku, place)
), named as (
    {{named}}
)
select n.place::int - 1, p.id, n.id, i.id, i.sku,
       left(case when n.name = '' then p.name else p.name || ' (' || n.name || ')' end, 255),
       coalesce(n.price, p.price), stock.available, nextval('orders_orderitem_id_seq'),
       (select nextval('orders_order_id_seq')), (select nextval('orders_number_seq')::text), statement_timestamp(),
       case when %(cap)s::int > 0
            then (select pg_advisory_xact_lock(hashtextextended('pending orders', %(user_id)s::bigint))) end
from named n
join catalog_product p on p.id = n.product_id and p.status = 'active'
join inventory_stockitem i on i.id = n.stock_item_id
{AVAILABLE}
where n.archived_at is null
order by n.place, n.position, n.id
"""  # noqa: S608  # no value goes in, only the text above
NAMED_BY = {
    "product_id": "select a.place, v.* from asked a join catalog_variant v on v.product_id = a.product_id",
    "variant_id": "select a.place, v.* from asked a join catalog_variant v on v.id = a.variant_id",
    "sku": """select a.place, v.* from asked a
        join inventory_stockitem i on i.sku = a.sku join catalog_variant v on v.stock_item_id = i.id""",
}

# Both at one moment: what an overdue hold kept is available as soon as the hold is gone.
STILL_SHORT = f"""
select i.id, stock.available, exists (
    select from inventory_reservation r join inventory_stocklevel l on l.id = r.level_id
    where r.state = 'open' and r.expires_at <= statement_timestamp()
        and l.item_id in (select unnest(%(items)s::bigint[])))
from unnest((select %(items)s::bigint[])) as i (id)
{AVAILABLE}
"""  # noqa: S608  # the same

# Lines, cap and customer stand in sub-selects for the same reason as above: planning takes half as long as doing it.
PARTS = """
new_order as (
    insert into orders_order (
        id, number, user_id, status, total_amount, currency, order_date, updated_at,
        shipping_address_line1, shipping_address_line2, shipping_city, shipping_state, shipping_postal_code,
        shipping_country, version)
    select %(order_id)s::bigint, %(number)s::text, %(user_id)s::bigint, 'pending', %(total)s::numeric,
           %(currency)s::text, %(order_date)s::timestamptz, %(order_date)s::timestamptz,
           %(shipping_address_line1)s::text,
           %(shipping_address_line2)s::text, %(shipping_city)s::text, %(shipping_state)s::text,
           %(shipping_postal_code)s::text, %(shipping_country)s::text, 1
    where (select %(cap)s::int) = 0 or (select %(cap)s::int) > (
        select count(*) from orders_order
        where user_id = (select %(user_id)s::bigint) and status = 'pending' and deleted_at is null)
    returning id, order_date
), new_lines as (
    insert into orders_orderitem (
        id, order_id, product_id, variant_id, sku, product_name, quantity, unit_price, subtotal)
    select l.id, o.id, l.product_id, l.variant_id, l.sku, l.product_name, l.quantity, l.unit_price,
           l.unit_price * l.quantity
    from new_order o, unnest(
        (select %(line_ids)s::bigint[]), (select %(product_ids)s::bigint[]), (select %(variant_ids)s::bigint[]),
        (select %(skus)s::text[]), (select %(names)s::text[]), (select %(quantities)s::int[]),
        (select %(prices)s::numeric[])
    ) as l (id, product_id, variant_id, sku, product_name, quantity, unit_price)
), first_step as (
    insert into orders_orderevent (order_id, at, event, from_status, to_status, actor, note)
    select id, order_date, 'placed', '', 'pending', %(actor)s::text, '' from new_order
), new_event as (
    insert into events_event (kind, subject, payload, actor, channel)
    select 'order.placed', 'order:' || id, jsonb_build_object('order_id', id), %(actor)s::text, %(channel)s::text
    from new_order
)"""
WRITE = "with {parts} select exists (select from new_order), {condition}"


def resolve(user_id: int, lines: Sequence[Wanted]) -> tuple[list[list[Line]], Header | None]:
    """What each line may mean: one article, none, or the several variants of a product. And the order's header."""
    names = {line.named_by for line in lines}
    named = " union all ".join(sql for name, sql in NAMED_BY.items() if name in names)
    header = None
    found: list[list[Line]] = [[] for _ in lines]
    params = {
        "product_ids": array(line.product_id for line in lines),
        "variant_ids": array(line.variant_id for line in lines),
        "skus": array(line.sku for line in lines),
        "cap": settings.MAX_PENDING_ORDERS_PER_CUSTOMER,
        "user_id": user_id,
    }
    for place, *article, order_id, number, order_date, _ in fetch_rows(RESOLVE.format(named=named), params):
        found[place].append(Line(*article))
        header = Header(order_id, number, order_date)
    return found, header


def choose(lines: Sequence[Wanted], found: Sequence[Sequence[Line]]) -> Basket:
    """The basket with each article once. Refuses lines that mean nothing or too much, all of them at once."""
    basket: Basket = {}
    errors = []
    for place, (line, articles) in enumerate(zip(lines, found, strict=True)):
        if len(articles) != 1:
            field = f"order_items.{place}.{line.named_by}"
            errors.append(
                FieldError(field, "variant_required", "This product has several variants: name one of them.")
                if articles
                else FieldError(field, "unknown_article", "There is no such article for sale.")
            )
            continue
        article = articles[0]
        basket.setdefault(article.variant_id, article).quantity += line.quantity
    if errors:
        raise UnknownArticle(errors)
    return basket


def refuse_early(basket: Basket) -> None:
    """Refuse a basket that is short without queueing for the lock: after a sell-out this is what most requests get.

    Never refuses what the locked check would grant: where overdue holds could give units back, it is asked. They may
    have done so since `resolve`, so the units are read once more, together with the holds.
    """
    short = [line for line in basket.values() if line.quantity > line.available]
    if not short:
        return
    rows = fetch_rows(STILL_SHORT, {"items": array(line.item_id for line in short)})
    available = {item_id: units for item_id, units, _ in rows}
    still_short = [line for line in short if line.quantity > available[line.item_id]]
    if still_short and not rows[0][2]:
        raise InsufficientStock(stock_issue(line, line.quantity, available[line.item_id]) for line in still_short)


def stock_issue(line: Line | OrderItem, requested: int, available: int) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "product_name": line.product_name,
        "requested": requested,
        "available": available,
    }


def draft(user_id: int, basket: Basket, header: Header | None, shipping: Shipping) -> PlacedOrder:
    """The order as it will stand.

    No total can outgrow its column: 100 lines of 10,000 units at the highest price stay below numeric(16,2).
    """
    assert header is not None  # noqa: S101  # it came with the articles, and a basket has some
    lines = list(basket.values())
    # Lines are read in the sequence of their ids.
    for line, id in zip(lines, sorted(line.id for line in lines), strict=True):
        line.id = id
    total = sum((line.subtotal for line in lines), Decimal(0))
    return PlacedOrder(*header, user_id, total, shipping, lines, settings.CURRENCY)


def write(order: PlacedOrder, actor: Actor, beside: Alongside | None = None) -> None:
    """Write the order with lines, history and event, and what somebody else writes beside it, in one statement.

    Refuses TooManyPendingOrders, and what the other refuses.
    """
    cap, lines = settings.MAX_PENDING_ORDERS_PER_CUSTOMER, order.lines
    params = {
        "order_id": order.id,
        "number": order.number,
        "order_date": order.order_date,
        "user_id": order.user_id,
        "total": order.total_amount,
        "currency": order.currency,
        "cap": cap,
        "line_ids": array(line.id for line in lines),
        "product_ids": array(line.product_id for line in lines),
        "variant_ids": array(line.variant_id for line in lines),
        "skus": array(line.sku for line in lines),
        "names": array(line.product_name for line in lines),
        "quantities": array(line.quantity for line in lines),
        "prices": array(line.unit_price for line in lines),
        "actor": str(actor),
        "channel": actor.channel,
        **order.shipping,
    }
    if beside is None:
        [(placed, _)] = fetch_rows(WRITE.format(parts=PARTS, condition="true"), params)
    else:
        sql = WRITE.format(parts=f"{PARTS}, {beside.part}", condition=beside.condition)
        [(placed, held)] = fetch_rows(sql, params | beside.params)
        if not held:
            raise beside.refusal
    if not placed:
        raise TooManyPendingOrders(f"At most {cap} orders of a customer may be pending.", limit=cap)
