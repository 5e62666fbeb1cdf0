"""Statements that must be true of stock at every moment, as SQL that finds the rows that break them.

Sums over the ledger and over open promises stand behind the CHECKs, because a lost update passes a CHECK. Nothing is
locked: all statements read one snapshot when the caller runs them in one REPEATABLE READ transaction.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

from database.transactions import one_moment
from inventory.quantities import AVAILABLE

# Movements that do not follow from the movement before. A repair writes fresh balances and sets the counters to these,
# so chains are checked from the last repair on.
BROKEN_LINKS = """(
    select id, level_id, on_hand_delta, reserved_delta, on_hand_after, reserved_after, at,
           lag(on_hand_after, 1, 0) over past as on_hand_before,
           lag(reserved_after, 1, 0) over past as reserved_before, lag(at) over past as at_before
    from inventory_stockmovement m window past as (partition by level_id order by id)
) link
left join (
    select level_id, max(id) as id from inventory_stockmovement where kind = 'corrected' group by level_id
) corrected using (level_id)
where link.id > coalesce(corrected.id, 0) and (at < at_before or (on_hand_after, reserved_after)
    <> (on_hand_before + on_hand_delta, reserved_before + reserved_delta))
"""

# Each statement answers one text per offending row, and no row when all is well.
INVARIANTS: Mapping[str, str] = {
    "counters are the sums of the ledger": """
        select format('level %s: counters %s/%s, ledger %s/%s', l.id, l.on_hand, l.reserved,
                      coalesce(s.on_hand, 0), coalesce(s.reserved, 0))
        from inventory_stocklevel l
        left join (
            select level_id, sum(on_hand_delta) as on_hand, sum(reserved_delta) as reserved
            from inventory_stockmovement group by level_id
        ) s on s.level_id = l.id
        where (l.on_hand, l.reserved) is distinct from (coalesce(s.on_hand, 0), coalesce(s.reserved, 0))
        order by l.id
    """,
    "balances of the ledger chain, up to the counters": f"""
        select format('movement %s of level %s: %s/%s after %s/%s with %s/%s at %s', link.id, level_id, on_hand_after,
                      reserved_after, on_hand_before, reserved_before, on_hand_delta, reserved_delta, at)
        from {BROKEN_LINKS}
        union all
        select format('level %s: counters %s/%s, last movement %s/%s', l.id, l.on_hand, l.reserved,
                      m.on_hand_after, m.reserved_after)
        from inventory_stocklevel l
        join (select level_id, max(id) as id from inventory_stockmovement group by level_id) n on n.level_id = l.id
        join inventory_stockmovement m on m.id = n.id
        where (l.on_hand, l.reserved) <> (m.on_hand_after, m.reserved_after)
    """,  # noqa: S608  # no value goes in, only the text above
    "reserved is the sum of open reservations": """
        select format('level %s: reserved %s, open reservations %s', l.id, l.reserved, coalesce(r.quantity, 0))
        from inventory_stocklevel l
        left join (
            select level_id, sum(quantity) as quantity from inventory_reservation where state = 'open' group by level_id
        ) r on r.level_id = l.id
        where l.reserved <> coalesce(r.quantity, 0)
        order by l.id
    """,
    "nothing is negative or oversold": """
        select format('level %s: on hand %s, reserved %s, backorders %s', id, on_hand, reserved, backorder_limit)
        from inventory_stocklevel
        where on_hand < 0 or reserved < 0 or backorder_limit < 0 or reserved > on_hand + backorder_limit
        order by id
    """,
    "no more is promised than ever came in": """
        select format('item %s: promised and shipped %s, came in %s, backorders %s', l.item_id, sum(r.quantity),
                      sum(m.quantity), sum(l.backorder_limit))
        from inventory_stocklevel l
        left join (
            select level_id, sum(quantity) as quantity from inventory_reservation
            where state in ('open', 'fulfilled') group by level_id
        ) r on r.level_id = l.id
        left join (
            select level_id, sum(on_hand_delta) as quantity from inventory_stockmovement
            where kind <> 'shipped' group by level_id
        ) m on m.level_id = l.id
        group by l.item_id
        having coalesce(sum(r.quantity), 0) > coalesce(sum(m.quantity), 0) + sum(l.backorder_limit)
        order by l.item_id
    """,
    # The job that ends overdue holds runs every minute. A reservation that is resolved in part is split, so that both
    # sums agree for each reference. A repair does not say whose units it has counted anew: what was given back is
    # compared from there on.
    "reservations are resolved once, and in time": """
        select format('reservation %s for %s: %s, resolved %s, expires %s',
                      id, reference, state, resolved_at, expires_at)
        from inventory_reservation
        where (state = 'open') <> (resolved_at is null)
            or (state = 'open' and expires_at < clock_timestamp() - interval '15 minutes')
        union all
        select format('reference %s on level %s: %s %s by the ledger, %s by reservations', reference, level_id, state,
                      sum(posted), sum(resolved))
        from (
            select level_id, reference, -reserved_delta as posted, 0 as resolved, at,
                   case kind when 'shipped' then 'fulfilled' else kind end as state
            from inventory_stockmovement where kind in ('shipped', 'released', 'expired')
            union all
            select level_id, reference, 0, quantity, resolved_at, state
            from inventory_reservation where state <> 'open'
        ) part
        left join (
            select level_id, max(at) as at from inventory_stockmovement where kind = 'corrected' group by level_id
        ) corrected using (level_id)
        where state = 'fulfilled' or part.at > coalesce(corrected.at, '-infinity')
        group by level_id, reference, state having sum(posted) <> sum(resolved)
    """,
    # Goods that come back under a reference that shipped nothing, such as a number of the return, are not compared.
    "no more comes back under a reference than was shipped": """
        select format('reference %s, item %s: shipped %s, came back %s', m.reference, l.item_id,
                      -sum(m.on_hand_delta) filter (where m.kind = 'shipped'),
                      sum(m.on_hand_delta) filter (where m.kind = 'returned'))
        from inventory_stockmovement m join inventory_stocklevel l on l.id = m.level_id
        where m.kind in ('shipped', 'returned') and m.reference in (
            select reference from inventory_stockmovement where kind = 'returned' and reference <> ''
            and kind not in ('reserved', 'released', 'shipped')
        )
        group by m.reference, l.item_id
        having sum(m.on_hand_delta) > 0 and count(*) filter (where m.kind = 'shipped') > 0
        order by m.reference, l.item_id
    """,
    # A hold that was promised in part would be kept in part when it ends.
    "a reference has a hold or a promise, never both": """
        select format('reference %s: %s open reservations, of which %s end', reference, count(*), count(expires_at))
        from inventory_reservation where state = 'open'
        group by reference having count(expires_at) not in (0, count(*)) order by reference
    """,
    "in_stock says whether some of an item is available": f"""
        select format('item %s: in_stock %s, available %s', i.id, i.in_stock, coalesce(a.available, 0))
        from inventory_stockitem i
        left join (
            select level.item_id, sum({AVAILABLE}) as available
            from inventory_stocklevel level join inventory_warehouse w on w.id = level.warehouse_id and w.is_active
            group by level.item_id
        ) a on a.item_id = i.id
        where i.in_stock <> (coalesce(a.available, 0) > 0)
        order by i.id
    """,  # noqa: S608  # no value goes in, only the text of a sum
}


# Each invariant reads whole tables. Sorting them in memory takes a third of the time of fetching row after row by an
# index, as the planner would do.
WHOLE_TABLES = """
set local statement_timeout = 0; set local work_mem = '256MB'; set local enable_indexscan = off
"""


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that breaks an invariant."""

    invariant: str
    row: str


def violations(invariants: Mapping[str, str] = INVARIANTS) -> Iterator[Violation]:
    """Every row that breaks one of these invariants."""
    for name, sql in invariants.items():
        with connection.cursor() as cursor:
            cursor.execute(sql)
            for (row,) in cursor:
                yield Violation(name, row)


@contextmanager
def snapshot() -> Iterator[None]:
    """Show one moment to all statements, so that they see each unit of work of an open shop whole or not at all.

    Within a transaction of the caller, the moment is that of the transaction.
    """
    first = not connection.in_atomic_block
    with one_moment():
        if first:
            with connection.cursor() as cursor:
                cursor.execute(WHOLE_TABLES)
        yield
