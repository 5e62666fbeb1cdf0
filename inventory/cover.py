"""How long stock lasts at the pace of the last weeks, and the last movement: for the items of a page."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from database.rows import fetch_rows

# Cover is how long stock lasts at the pace of these days.
PACE_DAYS = 28

# The demand for the item `i` from one moment to another: units that were promised less those that were taken back.
# Promised units count whether or not they have left.
DEMAND = """
select greatest(sum(m.reserved_delta), 0)::bigint as units
from inventory_stocklevel l join inventory_stockmovement m on m.level_id = l.id
where l.item_id = i.id and m.at >= {since} and m.at <= {until} and m.kind in ('reserved', 'released', 'expired')
"""
# The newest movement of a level is the first in the level's index. The newest of these is that of the item.
LATELY = """
select i.id, coalesce(demand.units, 0), last.at, last.kind, last.actor
from unnest(%(items)s::bigint[]) as i (id)
left join lateral ({demand}) as demand on true
left join lateral (
    select newest.at, newest.kind, newest.actor
    from inventory_stocklevel as level cross join lateral (
        select id, at, kind, actor from inventory_stockmovement
        where level_id = level.id order by at desc, id desc limit 1
    ) as newest
    where level.item_id = i.id order by newest.at desc, newest.id desc limit 1
) as last on true
"""
LATELY_OF = LATELY.format(demand=DEMAND.format(since="%(since)s::timestamptz", until="'infinity'"))


def pace_begins() -> datetime:
    """The moment from which demand is counted."""
    return datetime.now(UTC) - timedelta(days=PACE_DAYS)


def days_of_cover(available: int, demand: int) -> int | None:
    """How many days the available units last; None without demand."""
    return max(available, 0) * PACE_DAYS // demand if demand else None


@dataclass(frozen=True, slots=True)
class Lately:
    """The units of an item promised since the pace begins, and its last movement, if any."""

    demand: int
    at: datetime | None
    kind: str
    actor: str


def lately(item_ids: list[int]) -> dict[int, Lately]:
    """The demand and the last movement of each of these items, in one statement that reads their levels' indexes."""
    rows = fetch_rows(LATELY_OF, {"items": item_ids, "since": pace_begins()})
    return {item_id: Lately(demand, at, kind or "", actor or "") for item_id, demand, at, kind, actor in rows}
