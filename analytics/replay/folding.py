"""Rows whose every change the journal tells: what they said first, and then each field's newest value.

An event that makes a row has its `values`, and one that edits it has `changes`. A `journal.baseline` says anew what a
row says, and what was told before it does not count.
"""

from collections.abc import Iterable

from analytics.replay.tables import Step

# What an edit has after itself, by field.
AFTER = "(select jsonb_object_agg(change.key, change.value->1) from jsonb_each(payload->'changes') change)"


def made(kind: str, key: str) -> str:
    """The events of a kind that makes rows, as rows of `told`."""
    return f"""select (payload->>'{key}')::bigint as key, id as event, true as is_first, payload->'values' as said
from events_event where kind = '{kind}' and payload ? 'values'"""  # noqa: S608  # names of ours


def edited(kinds: Iterable[str], key: str, said: str = AFTER) -> str:
    """The events of kinds that edit rows, as rows of `told`."""
    named = ", ".join(f"'{kind}'" for kind in kinds)
    return f"""select (payload->>'{key}')::bigint, id, false, {said}
from events_event where kind in ({named}) and payload ? '{key}'"""  # noqa: S608  # as above


def folded(table: str, columns: Iterable[str], told: Iterable[str], removed: str = "") -> tuple[Step, Step]:
    """Two steps: what was told of the rows of a table, and (`<table>_said`) what they say by that.

    `columns` are the columns of the table that are told, beside `id` and `version`. `removed` selects the keys of rows
    that are gone.
    """
    baseline = f"""select (payload->>'id')::bigint, id, true, payload->'values'
from events_event where kind = 'journal.baseline' and payload->>'table' = '{table}'"""  # noqa: S608  # as above
    union = "\nunion all ".join([*told, baseline])
    names = ", ".join(f"said.{column}" for column in columns)
    gone = f"where first.key not in ({removed})" if removed else ""
    said = f"""
    with first as (
        select key, max(event) as event from {{replay}}.{table}_told where is_first group by key
    ), counting as (
        select told.*, first.event as first_event from {{replay}}.{table}_told told
        join first on first.key = told.key and told.event >= first.event
    ), newest as (
        select distinct on (counting.key, field.key)
               counting.key as row_key, field.key as field, field.value
        from counting cross join lateral jsonb_each(counting.said) field
        order by counting.key, field.key, counting.event desc
    ), whole as (
        select row_key, jsonb_object_agg(field, value) as fields from newest group by row_key
    ), edits as (
        select key, count(*) filter (where not is_first) as number from counting group by key
    )
    select first.key as id, {names},
           (coalesce(whole.fields->>'version', '1')::bigint + edits.number)::int as version
    from first join whole on whole.row_key = first.key join edits on edits.key = first.key
    cross join lateral jsonb_populate_record(null::{table}, whole.fields) said
    {gone}
    """  # noqa: S608  # names of ours
    return Step(f"{table}_told", union), Step(f"{table}_said", said)
