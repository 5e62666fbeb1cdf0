"""Stock of the past, for the demo shop and the benchmarks alone: set-based, with explicit times.

All movements are collected in a table. At the end the ledger is written from that table in the sequence of time, with
running balances, and so are reservations and counters. Levels are not locked before the end, so a shop that is open
must not use this.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from database.statistics import analyze
from events.actors import BACKFILL
from inventory.models import MAX_QUANTITY, Reservation, StockItem, StockLevel, StockMovement
from inventory.services.records import settle_items

# Other apps may add rows by `insert into past_movement (…)`: `reserved`, and to end that reservation `shipped` or
# `released` with the same reference and the same item in the same warehouse. Rows of one moment keep their sequence.
COLLECT = """
create temp table past_movement (
    place bigint generated always as identity,
    item_id bigint not null, warehouse_id bigint not null, kind text not null,
    on_hand int not null default 0, reserved int not null default 0, unit_cost numeric,
    reference text not null default '', reason text not null default '', actor text not null,
    at timestamptz not null
) on commit drop
"""
LEVELS = """
insert into inventory_stocklevel (item_id, warehouse_id, on_hand, reserved, backorder_limit)
select distinct item_id, warehouse_id, 0, 0, 0 from past_movement on conflict (item_id, warehouse_id) do nothing
"""
BALANCE = """
create temp table past_ledger on commit drop as
select row_number() over (order by p.at, p.place) as line, p.*, l.id as level_id, l.backorder_limit,
       l.on_hand + sum(p.on_hand) over past as on_hand_after, l.reserved + sum(p.reserved) over past as reserved_after
from past_movement p
join inventory_stocklevel l on l.item_id = p.item_id and l.warehouse_id = p.warehouse_id
window past as (partition by l.id order by p.at, p.place rows unbounded preceding)
"""
IMPOSSIBLE = """
select p.item_id, p.warehouse_id, p.at, p.kind, p.on_hand_after, p.reserved_after
from past_ledger p
where p.on_hand_after not between 0 and %(max_quantity)s::int or p.reserved_after < 0
    or p.reserved_after > p.on_hand_after + p.backorder_limit
    or p.at > clock_timestamp()
    or p.at < (select m.at from inventory_stockmovement m where m.level_id = p.level_id order by m.id desc limit 1)
order by p.line limit 1
"""
WRITE = (
    """
    insert into inventory_reservation (level_id, quantity, reference, state, created_at, resolved_at)
    select p.level_id, p.reserved, p.reference,
           case e.kind when 'shipped' then 'fulfilled' when 'released' then 'released' else 'open' end, p.at, e.at
    from past_ledger p
    left join past_ledger e
        on e.reference = p.reference and e.level_id = p.level_id and e.kind in ('shipped', 'released')
    where p.kind = 'reserved' order by p.line
    """,
    """
    insert into inventory_stockmovement (
        level_id, kind, on_hand_delta, reserved_delta, on_hand_after, reserved_after, unit_cost, reference, reason,
        actor, at)
    select level_id, kind, on_hand, reserved, on_hand_after, reserved_after, unit_cost, reference, reason, actor, at
    from past_ledger order by line
    """,
    """
    update inventory_stocklevel l set on_hand = l.on_hand + change.on_hand, reserved = l.reserved + change.reserved
    from (
        select level_id, sum(on_hand) as on_hand, sum(reserved) as reserved from past_ledger group by level_id
    ) change
    where l.id = change.level_id
    """,
)


@dataclass(frozen=True, slots=True)
class PastReceipt:
    """Goods that came in."""

    item_id: int
    warehouse_id: int
    quantity: int
    at: datetime
    reference: str = ""
    unit_cost: Decimal | None = None


@contextmanager
def backfill(*, durable: bool = True) -> Iterator[None]:
    """A unit of work that writes about the past. Inside the block movements are collected, in any sequence of time.

    At the end of the block the ledger is written. Raises ValueError, and nothing is written, for a past in which a
    level was negative or oversold at some moment, that lies in the future, or that is older than the last line of the
    ledger. With `durable=False` the block takes part in a unit that has begun. Locks all levels at its end.
    """
    with transaction.atomic(durable=durable), connection.cursor() as cursor:
        # Foreign keys are checked with each statement: the list of deferred checks would grow without end.
        cursor.execute("set local statement_timeout = 0; set constraints all immediate")
        cursor.execute(COLLECT)
        yield
        write(cursor)


def receive(receipts: Iterable[PastReceipt]) -> None:
    """Goods came in at these moments. Only within `backfill`."""
    columns = "item_id, warehouse_id, kind, on_hand, reference, unit_cost, actor, at"
    with connection.cursor() as cursor, cursor.copy(f"copy past_movement ({columns}) from stdin") as stream:
        for line in receipts:
            stream.write_row(
                (
                    line.item_id,
                    line.warehouse_id,
                    "received",
                    line.quantity,
                    line.reference,
                    line.unit_cost,
                    str(BACKFILL),
                    line.at,
                )
            )


def write(cursor: Any) -> None:
    """Write the ledger, the reservations and the counters from the table. Raises ValueError for an impossible past."""
    cursor.execute(LEVELS)
    cursor.execute("select id from inventory_stocklevel order by item_id, warehouse_id for no key update")
    cursor.execute(BALANCE)
    cursor.execute("create index on past_ledger (reference, level_id)")
    cursor.execute("analyze past_ledger")
    cursor.execute(IMPOSSIBLE, {"max_quantity": MAX_QUANTITY})
    if row := cursor.fetchone():
        names = ("item_id", "warehouse_id", "at", "kind", "on_hand_after", "reserved_after")
        raise ValueError(f"This cannot have happened: {dict(zip(names, row, strict=True))}")
    for statement in WRITE:
        cursor.execute(statement)
    analyze(StockItem, StockLevel, StockMovement, Reservation)
    cursor.execute("select distinct item_id from past_ledger")
    settle_items([item_id for (item_id,) in cursor.fetchall()], actor=BACKFILL)
