"""How long stock lasts at the pace of the last weeks, and what moved last: of the few items of a page, never of all."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

# Cover is how long stock lasts at the pace of these days.
PACE_DAYS = 28

# What was promised of the item `i` since then, less what was taken back: demand, whether or not it has left yet.
DEMAND = """
select greatest(sum(m.reserved_delta), 0)::bigint as units
from inventory_stocklevel l join inventory_stockmovement m on m.level_id = l.id
where l.item_id = i.id and m.at >= %(since)s::timestamptz and m.kind in ('reserved', 'released', 'expired')
"""
# The newest of each level is the first of its index; the newest of those is the item's.
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
LATELY_OF = LATELY.format(demand=DEMAND)


def pace_begins() -> datetime:
    return datetime.now(UTC) - timedelta(days=PACE_DAYS)


def days_of_cover(available: int, demand: int) -> int | None:
    """How many days what can still be promised lasts; None when nobody has wanted it lately."""
    return max(available, 0) * PACE_DAYS // demand if demand else None


@dataclass(frozen=True, slots=True)
class Lately:
    """What an item has seen: units promised since the pace begins, and its last movement, if any."""

    demand: int
    at: datetime | None
    kind: str
    actor: str


def lately(item_ids: list[int]) -> dict[int, Lately]:
    """Each of these items, in one statement that reads the index of their own levels."""
    with connection.cursor() as cursor:
        cursor.execute(LATELY_OF, {"items": item_ids, "since": pace_begins()})
        return {item_id: Lately(demand, at, kind or "", actor or "") for item_id, demand, at, kind, actor in cursor}
