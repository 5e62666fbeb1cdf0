"""The fast path of `place_order`: what a basket's lines mean, and the one statement that writes an order.

This is the hottest code of the shop, so it is SQL where the rest is ORM, and it writes tables of three owners at once:
the order, its lines and its history, and the journal's event, one named part each. The plain way of doing the same
stands in orders/tests/plain.py, and a property test holds the two against each other, row by row.

No lock on stock is taken here, and nothing here decides about stock for good: `inventory.services.reserve` does both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict

from django.conf import settings
from django.db import connection

from api.refusals import FieldError
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
    quantity: int = 0
    id: int = 0

    @property
    def subtotal(self) -> Decimal:
        return self.unit_price * self.quantity


Basket = dict[int, Line]
"""The lines of an order by variant, in the order in which the customer first named them."""


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order as it was just written, with the attributes of an Order: nothing is read again for the answer."""

    id: int
    number: str
    user_id: int
    total_amount: Decimal
    order_date: datetime
    shipping: Shipping
    lines: Sequence[Line]
    currency: str
    status: str = Order.Status.PENDING
    version: int = 1

    @property
    def reference(self) -> str:
        return f"order:{self.number}"


# The arrays stand in sub-selects, where the planner does not see how short they are: otherwise it takes the general
# plan, which expects ten lines, for the dearer one, and plans these joins anew for every order (0.5 ms).
#
# The lock on the customer makes the cap on pending orders hold under concurrency. It is taken here, one statement
# before the cap is counted, since a count in this statement would be from before a wait.
RESOLVE = """
with asked as (
    select * from unnest(
        (select %(product_ids)s::bigint[]), (select %(variant_ids)s::bigint[]), (select %(skus)s::text[]))
        with ordinality as t (product_id, variant_id, sku, place)
), named as (
    select a.place, v.* from asked a join catalog_variant v on v.product_id = a.product_id
    union all
    select a.place, v.* from asked a join catalog_variant v on v.id = a.variant_id
    union all
    select a.place, v.* from asked a
        join inventory_stockitem i on i.sku = a.sku join catalog_variant v on v.stock_item_id = i.id
)
select n.place::int - 1, p.id, n.id, i.id, i.sku,
       left(case when n.name = '' then p.name else p.name || ' (' || n.name || ')' end, 255),
       coalesce(n.price, p.price), stock.available,
       case when %(cap)s::int > 0
            then (select pg_advisory_xact_lock(hashtextextended('pending orders', %(user_id)s::bigint))) end
from named n
join catalog_product p on p.id = n.product_id and p.status = 'active'
join inventory_stockitem i on i.id = n.stock_item_id
cross join lateral (
    select coalesce(sum(l.on_hand + l.backorder_limit - l.reserved), 0)::int as available
    from inventory_stocklevel l join inventory_warehouse w on w.id = l.warehouse_id and w.is_active
    where l.item_id = i.id
) stock
where n.archived_at is null
order by n.place, n.position, n.id
"""

OVERDUE_HOLDS = """
select exists (
    select from inventory_reservation r join inventory_stocklevel l on l.id = r.level_id
    where r.state = 'open' and r.expires_at <= statement_timestamp()
        and l.item_id in (select unnest(%s::bigint[]))
)
"""

WRITE = """
with new_order as (
    insert into orders_order (
        number, user_id, status, total_amount, currency, shipping_address_line1, shipping_address_line2,
        shipping_city, shipping_state, shipping_postal_code, shipping_country, version)
    select nextval('orders_number_seq')::text, %(user_id)s::bigint, 'pending', %(total)s::numeric, %(currency)s::text,
           %(shipping_address_line1)s::text, %(shipping_address_line2)s::text, %(shipping_city)s::text,
           %(shipping_state)s::text, %(shipping_postal_code)s::text, %(shipping_country)s::text, 1
    where %(cap)s::int = 0 or %(cap)s::int > (
        select count(*) from orders_order
        where user_id = %(user_id)s::bigint and status = 'pending' and deleted_at is null)
    returning id, number, order_date
), new_lines as (
    insert into orders_orderitem (
        order_id, product_id, variant_id, sku, product_name, quantity, unit_price, subtotal)
    select o.id, l.product_id, l.variant_id, l.sku, l.product_name, l.quantity, l.unit_price, l.unit_price * l.quantity
    from new_order o, unnest(
        %(product_ids)s::bigint[], %(variant_ids)s::bigint[], %(skus)s::text[], %(names)s::text[],
        %(quantities)s::int[], %(prices)s::numeric[]
    ) with ordinality as l (product_id, variant_id, sku, product_name, quantity, unit_price, place)
    order by l.place
    returning id, variant_id
), first_step as (
    insert into orders_orderevent (order_id, at, event, from_status, to_status, actor, note)
    select id, order_date, 'placed', '', 'pending', %(actor)s::text, '' from new_order
), new_event as (
    insert into events_event (kind, subject, payload, actor, channel)
    select 'order.placed', 'order:' || id, jsonb_build_object('order_id', id), %(actor)s::text, %(channel)s::text
    from new_order
)
select o.id, o.number, o.order_date, l.id, l.variant_id from new_order o, new_lines l
"""


def array(values: Iterable[object]) -> str:
    """Numbers as an array literal. A list would be typed by its largest value, and each type prepared anew."""
    return "{" + ",".join(map(str, values)) + "}"


def resolve(user_id: int, lines: Sequence[Wanted]) -> list[list[Line]]:
    """What each line may mean: one article, none, or the several variants of a product."""
    found: list[list[Line]] = [[] for _ in lines]
    with connection.cursor() as cursor:
        cursor.execute(
            RESOLVE,
            {
                "product_ids": array(line.product_id for line in lines),
                "variant_ids": array(line.variant_id for line in lines),
                "skus": [line.sku for line in lines],
                "cap": settings.MAX_PENDING_ORDERS_PER_CUSTOMER,
                "user_id": user_id,
            },
        )
        for place, *article, _ in cursor.fetchall():
            found[place].append(Line(*article))
    return found


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

    Never refuses what the locked check would grant: where overdue holds could give units back, it is asked.
    """
    short = [line for line in basket.values() if line.quantity > line.available]
    if not short:
        return
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE_HOLDS, [array(line.item_id for line in short)])
        if cursor.fetchone()[0]:
            return
    raise InsufficientStock(stock_issue(line, line.quantity, line.available) for line in short)


def stock_issue(line: Line | OrderItem, requested: int, available: int) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "product_name": line.product_name,
        "requested": requested,
        "available": available,
    }


def write(user_id: int, basket: Basket, shipping: Shipping, actor: Actor) -> PlacedOrder:
    """Insert the order with lines, history and event. Refuses when the customer has too many pending orders.

    No total can outgrow its column: 100 lines of 10,000 units at the highest price stay below numeric(16,2).
    """
    lines = list(basket.values())
    total = sum((line.subtotal for line in lines), Decimal(0))
    parameters: Mapping[str, Any] = {
        "user_id": user_id,
        "total": total,
        "currency": settings.CURRENCY,
        "cap": settings.MAX_PENDING_ORDERS_PER_CUSTOMER,
        "product_ids": array(line.product_id for line in lines),
        "variant_ids": array(basket),
        "skus": [line.sku for line in lines],
        "names": [line.product_name for line in lines],
        "quantities": array(line.quantity for line in lines),
        "prices": array(line.unit_price for line in lines),
        "actor": str(actor),
        "channel": actor.channel,
        **shipping,
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, parameters)
        rows = cursor.fetchall()
    if not rows:
        cap = settings.MAX_PENDING_ORDERS_PER_CUSTOMER
        raise TooManyPendingOrders(f"At most {cap} orders of a customer may be pending.", limit=cap)
    for *_, line_id, variant_id in rows:
        basket[variant_id].id = line_id
    order_id, number, order_date, *_ = rows[0]
    return PlacedOrder(order_id, number, user_id, total, order_date, shipping, lines, settings.CURRENCY)
