"""Seals over the journal: a digest over each 1,000 positions, which includes the digest before.

Whoever changes, removes or adds an event afterwards has to write all later seals anew, and is seen by whoever has kept
one of them elsewhere. A seal keeps the beginning of each event's own digest too, so that `verify_journal` names the
event. The journal holds no personal value, so a person is erased and the seals stay as they are.
"""

from collections.abc import Iterator
from typing import NamedTuple

from database.rows import fetch_rows
from events.models import Seal

SIZE = 1_000
# The bytes of an event's digest that a seal keeps.
PREFIX = 8
# Each event by itself, as a JSON array: no two events have the same text.
BATCH = f"""
with batch as (
    select position, sha256(convert_to(jsonb_build_array(
        position, id, kind, subject, payload, actor, channel, (extract(epoch from at) * 1000000)::bigint
    )::text, 'UTF8')) as digest
    from events_event where position > %(after)s::bigint and position <= %(after)s::bigint + %(size)s::bigint
)
select count(*),
       sha256(%(before)s::bytea || coalesce(string_agg(digest, ''::bytea order by position), ''::bytea)),
       coalesce(string_agg(substring(digest for {PREFIX}), ''::bytea order by position), ''::bytea),
       coalesce(array_agg(position order by position), '{{}}')
from batch
"""  # noqa: S608  # a number of ours
UNSEALED = """
select min(position), max(position), count(*) from events_event where position > %(after)s::bigint
"""


class Batch(NamedTuple):
    """What stands at 1,000 positions: how many events, their digest after the one before, their prefixes and places."""

    events: int
    digest: bytes
    prefixes: bytes
    positions: list[int]


def batch_after(position: int, before: bytes) -> Batch:
    """The 1,000 positions behind one, as they are now. `before` is the digest of the seal there."""
    [row] = fetch_rows(BATCH, {"after": position, "size": SIZE, "before": before})
    return Batch(*row)


def seal(most: int = 200) -> int:
    """Seal what is full, up to so many times 1,000 positions. Answers how many seals this call has set.

    Two workers may do this at once: both find the same digests, and the second one's rows are there already.
    """
    last = Seal.objects.order_by("-last").first()
    position, digest = (last.last, bytes(last.digest)) if last else (0, b"")
    for done in range(most):
        batch = batch_after(position, digest)
        if batch.events < SIZE:
            return done
        position, digest = position + SIZE, batch.digest
        new = Seal(last=position, digest=digest, prefixes=batch.prefixes)
        Seal.objects.bulk_create([new], ignore_conflicts=True)
    return most


def faults() -> Iterator[str]:
    """What is wrong with the journal, from the beginning on. After the first seal that does not hold nothing is known.

    Seals lie without a gap, and so do the positions behind the last one.
    """
    position, digest = 0, b""
    for row in Seal.objects.order_by("last").iterator(chunk_size=100):
        if row.last != position + SIZE:
            yield f"The seal of the positions up to {position + SIZE} is missing."
            return
        batch = batch_after(position, digest)
        if batch.digest != bytes(row.digest):
            yield first_fault(batch, bytes(row.prefixes), position)
            return
        position, digest = row.last, batch.digest
    [(first, newest, count)] = fetch_rows(UNSEALED, {"after": position})
    if count and (first != position + 1 or newest - position != count):
        missing = newest - position - count
        yield f"Of the positions {position + 1} to {newest}, which are not sealed yet, {missing} are missing."


def first_fault(batch: Batch, prefixes: bytes, after: int) -> str:
    """The first event that is not as it was when it was sealed."""
    there = {place: batch.prefixes[at * PREFIX : (at + 1) * PREFIX] for at, place in enumerate(batch.positions)}
    for at in range(SIZE):
        place = after + 1 + at
        if place not in there:
            return f"The event at position {place} is missing."
        if there[place] != prefixes[at * PREFIX : (at + 1) * PREFIX]:
            return f"The event at position {place} is not what it was when it was sealed."
    return f"The seal of the positions {after + 1} to {after + SIZE} is not what it was."
