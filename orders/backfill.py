"""Orders of the past, for the demo shop and the benchmarks alone: set-based, with explicit times.

Afterwards there is everything that the services would have written. Lines, history, parcels and events are written
here. Reservations and the ledger are written by inventory.backfill, from the movements that are handed over here. How
much one customer may order is not asked, and neither taxes, shipping nor promotions are: the past is as it was.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection

from database.statistics import analyze
from events.actors import BACKFILL
from orders.articles import NAME, PRICE
from orders.models import Fulfilment, FulfilmentLine, Order, OrderEvent, OrderItem
from orders.search import COLUMNS, folded_words_of
from orders.services import Shipping
from orders.services.writing import ADDRESS, WORDS

BATCH = 20_000


@dataclass(frozen=True, slots=True)
class PastStep:
    """A transition of an order of the past."""

    status: str
    at: datetime
    actor: str = str(BACKFILL)
    note: str = ""


@dataclass(frozen=True, slots=True)
class PastLine:
    """Units of a variant that were promised in one warehouse."""

    variant_id: int
    quantity: int
    warehouse_id: int


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order of the past, with each variant once. `steps` are legal transitions, oldest first."""

    user_id: int
    placed_at: datetime
    shipping: Shipping
    lines: Sequence[PastLine]
    steps: Sequence[PastStep] = ()


# What an order says of its buyer, and of whom and where it goes to.
TEXTS = (*ADDRESS, *WORDS, "folded_words")
TABLES = """
create temp table past_order (
    place int primary key, user_id bigint, placed_at timestamptz, status text, updated_at timestamptz, version int,
    {columns}
);
create temp table past_line (place int, line int, variant_id bigint, quantity int, warehouse_id bigint);
create temp table past_step (
    place int, step int, at timestamptz, event text, from_status text, to_status text, actor text, note text
);
""".format(columns=", ".join(f"{name} text" for name in TEXTS))
NUMBERED = """
create temp table numbered_order as
select o.*, nextval(pg_get_serial_sequence('orders_order', 'id')) as id, nextval('orders_number_seq')::text as number
from (select * from past_order order by placed_at, place) o
"""
PRICED = f"""
create temp table priced_line as
select l.*, v.product_id, v.stock_item_id, i.sku, {PRICE} as price, {NAME} as name
from past_line l
join catalog_variant v on v.id = l.variant_id
join catalog_product p on p.id = v.product_id
join inventory_stockitem i on i.id = v.stock_item_id
"""  # noqa: S608  # no value goes in, only pieces of SQL
WRITE = (
    f"""
    insert into orders_order (
        id, number, user_id, status, total_amount, currency, order_date, updated_at, version, {", ".join(TEXTS)})
    select o.id, o.number, o.user_id, o.status, t.total, %(currency)s::text, o.placed_at, o.updated_at, o.version,
           {", ".join(f"o.{name}" for name in TEXTS)}
    from numbered_order o
    join (select place, sum(price * quantity) as total from priced_line group by place) t using (place)
    order by o.id
    """,  # noqa: S608  # as above
    """
    insert into orders_orderitem (
        order_id, product_id, variant_id, sku, product_name, quantity, unit_price, subtotal)
    select o.id, l.product_id, l.variant_id, l.sku, l.name, l.quantity, l.price, l.price * l.quantity
    from priced_line l join numbered_order o using (place) order by o.id, l.line
    """,
    """
    insert into orders_orderevent (order_id, at, event, from_status, to_status, actor, note)
    select o.id, s.at, s.event, s.from_status, s.to_status, s.actor, s.note
    from past_step s join numbered_order o using (place) order by s.at, o.id, s.step
    """,
    """
    insert into orders_fulfilment (order_id, warehouse_id, shipped_at)
    select o.id, l.warehouse_id, s.at
    from past_step s join numbered_order o using (place)
    join (select distinct place, warehouse_id from priced_line) l using (place)
    where s.event = 'shipped' order by s.at, o.id, l.warehouse_id
    """,
    """
    insert into orders_fulfilmentline (fulfilment_id, order_item_id, quantity)
    select f.id, i.id, l.quantity
    from numbered_order o join orders_fulfilment f on f.order_id = o.id
    join priced_line l on l.place = o.place and l.warehouse_id = f.warehouse_id
    join orders_orderitem i on i.order_id = o.id and i.variant_id = l.variant_id
    order by f.id, i.id
    """,
    """
    insert into events_event (kind, subject, payload, actor, channel, at)
    select 'order.' || s.event, 'order:' || o.id, jsonb_build_object('order_id', o.id) || case s.event
               when 'placed' then jsonb_build_object(
                   'number', o.number, 'user_id', o.user_id, 'total', t.total::text, 'currency', %(currency)s::text)
               when 'shipped' then jsonb_build_object('parcels', p.parcels)
               else '{}' end,
           s.actor, 'backfill', s.at
    from past_step s join numbered_order o using (place)
    join (select place, sum(price * quantity) as total from priced_line group by place) t using (place)
    left join (
        select order_id, jsonb_agg(parcel order by id) as parcels
        from (
            select f.order_id, f.id, jsonb_build_object('parcel_id', f.id, 'warehouse_id', f.warehouse_id,
                       'lines', jsonb_object_agg(l.order_item_id, l.quantity)) as parcel
            from numbered_order o join orders_fulfilment f on f.order_id = o.id
            join orders_fulfilmentline l on l.fulfilment_id = f.id group by f.id
        ) packed group by order_id
    ) p on p.order_id = o.id and s.event = 'shipped'
    order by s.at, o.id, s.step
    """,
    """
    insert into past_movement (item_id, warehouse_id, kind, on_hand, reserved, reference, reason, actor, at)
    select l.stock_item_id, l.warehouse_id,
           case s.event when 'placed' then 'reserved' when 'shipped' then 'shipped' else 'released' end,
           case s.event when 'shipped' then -l.quantity else 0 end,
           case s.event when 'placed' then l.quantity else -l.quantity end,
           'order:' || o.number, case s.event when 'cancelled' then 'order cancelled' else '' end, s.actor, s.at
    from past_step s join numbered_order o using (place) join priced_line l using (place)
    where s.event in ('placed', 'shipped', 'cancelled')
    order by s.at, o.id, s.step, l.line
    """,
)


def load_orders(orders: Iterable[PastOrder], *, batch: int = BATCH) -> int:
    """Write orders, oldest first, so many at a time. Returns how many there were.

    Only within `inventory.backfill.backfill`, whose transaction this is.
    """
    source, count = iter(orders), 0
    while some := list(islice(source, batch)):
        load(some)
        count += len(some)
    analyze(Order, OrderItem, OrderEvent, Fulfilment, FulfilmentLine)
    return count


def load(orders: Sequence[PastOrder]) -> None:
    """Write one batch of orders."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        copy(cursor, "past_order", map(order_row, range(len(orders)), orders))
        copy(cursor, "past_line", line_rows(orders))
        copy(cursor, "past_step", step_rows(orders))
        cursor.execute(NUMBERED)
        cursor.execute(PRICED)
        for statement in WRITE:
            cursor.execute(statement, {"currency": settings.CURRENCY})
        cursor.execute("drop table past_order, past_line, past_step, numbered_order, priced_line")


def copy(cursor: Any, table: str, rows: Iterable[Sequence[Any]]) -> None:
    """Send rows to a table."""
    with cursor.copy(f"copy {table} from stdin") as stream:
        for row in rows:
            stream.write_row(row)


def order_row(place: int, order: PastOrder) -> Sequence[Any]:
    """An order as a row of past_order."""
    last = order.steps[-1] if order.steps else PastStep(Order.Status.PENDING, order.placed_at)
    said: dict[str, Any] = {"folded_words": "", **order.shipping}
    said["folded_words"] = folded_words_of(str(said.get(name, "")) for name in COLUMNS)
    texts = (said.get(name, "") for name in TEXTS)
    return (place, order.user_id, order.placed_at, last.status, last.at, 1 + len(order.steps), *texts)


def line_rows(orders: Sequence[PastOrder]) -> Iterator[Sequence[Any]]:
    """The lines of orders as rows of past_line."""
    for place, order in enumerate(orders):
        for number, line in enumerate(order.lines):
            yield place, number, line.variant_id, line.quantity, line.warehouse_id


def step_rows(orders: Sequence[PastOrder]) -> Iterator[Sequence[Any]]:
    """The history of orders as rows of past_step. Raises ValueError for a transition that is not legal."""
    for place, order in enumerate(orders):
        yield place, 0, order.placed_at, "placed", "", Order.Status.PENDING, f"customer:{order.user_id}", ""
        status: str = Order.Status.PENDING
        for number, step in enumerate(order.steps, start=1):
            if step.status not in Order.NEXT[status]:
                raise ValueError(f"An order that is {status} cannot become {step.status}.")
            yield place, number, step.at, step.status, status, step.status, step.actor, step.note
            status = step.status
