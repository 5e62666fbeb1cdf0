"""The feed: all events in one sequence without gaps, which a reader follows by remembering one number.

The dispatcher gives positions after the commit, one dispatcher at a time. So an event that is committed late comes
behind what was read already, and never among it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from database.rows import fetch_rows

# So many events are looked at for a page of few kinds. A page may be empty and lead on all the same.
MOST_PASSED = 10_000

PAGE = """
select position, kind, subject, payload::text, actor, channel, at
from events_event
where position > %(after)s::bigint and position <= %(after)s::bigint + %(passed)s::bigint {kinds}
order by position limit %(rows)s::int
"""
OF_KINDS = "and kind = any(%(kinds)s::text[])"
NEWEST = "select coalesce(max(position), 0) from events_event"


class FeedRow(NamedTuple):
    """An event in the feed. The payload is JSON."""

    position: int
    kind: str
    subject: str
    payload: str
    actor: str
    channel: str
    at: datetime


class FeedPage(NamedTuple):
    """Events behind a position; what to ask for next; and the newest position that there is."""

    rows: list[FeedRow]
    next_after: int
    newest: int


def newest_position() -> int:
    """The position of the newest event; 0 where there is none."""
    [(newest,)] = fetch_rows(NEWEST, {})
    return int(newest)


def read_page(after: int, kinds: Sequence[str], size: int) -> FeedPage:
    """Up to `size` events behind a position, of these kinds or of all.

    The newest position is read first, so that nothing which is missing here is older than it.
    """
    newest = newest_position()
    params = {"after": after, "passed": MOST_PASSED, "rows": size, "kinds": list(kinds)}
    sql = PAGE.format(kinds=OF_KINDS if kinds else "")
    rows = [FeedRow._make(row) for row in fetch_rows(sql, params)] if newest > after else []
    if len(rows) == size:
        next_after = rows[-1].position
    else:  # all that there was to pass by was passed by
        next_after = max(after, min(newest, after + MOST_PASSED))
        next_after = max([next_after, *(row.position for row in rows)])
    return FeedPage(rows, next_after, newest)
