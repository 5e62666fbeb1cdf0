"""What the journal is told of rows that it knows nothing of: those of earlier releases, and those that a loader wrote.

The events of earlier releases said that a product was made, and not what it said at first. For each such row one event
(`journal.baseline`) says what the row says now, and the replay begins with that. Orders and payments need none: their
ledgers are older than the journal's words, and what is not told of an old one is not compared.
"""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from analytics.replay import catalog, stock
from analytics.replay.tables import Step

BATCH = 1_000
# The columns of each table of which rows are told as a whole, and the step that collects what was told.
TABLES: dict[str, tuple[Sequence[str], Step]] = {
    "catalog_category": (catalog.CATEGORY, catalog.STEPS[0]),
    "catalog_product": (catalog.PRODUCT, catalog.STEPS[2]),
    "catalog_variant": (catalog.VARIANT, catalog.STEPS[4]),
    "inventory_warehouse": (stock.WAREHOUSE, stock.STEPS[0]),
    "inventory_stockitem": (stock.ITEM, stock.STEPS[2]),
}
# The rows are locked before they are read: an edit that is under way is waited for and told as done, and one that comes
# later is told by an event behind the baseline. Orders do not wait, but for the item of which they take the last unit.
TELL = """
with batch as materialized (
    select * from {table} where id = any(%s::bigint[]) order by id for no key update
)
insert into events_event (kind, subject, payload, actor, channel)
select 'journal.baseline', '{table}:' || id, jsonb_build_object('table', '{table}', 'id', id,
           'values', jsonb_build_object({values}, 'version', version)), 'system', 'backfill'
from batch order by id
"""


def tell_baseline(*, of_all: bool = False) -> int:
    """Tell the journal what the rows say of which nothing is told, or all rows, and answer how many these were.

    Repeating it tells nothing new. Each thousand rows are a unit of work, and are locked for as long, or all of them in
    the caller's transaction, if there is one.
    """
    told = 0
    for table, (columns, step) in TABLES.items():
        ids = untold(table, step, of_all)
        for start in range(0, len(ids), BATCH):
            with transaction.atomic():
                tell(table, columns, ids[start : start + BATCH])
        told += len(ids)
    return told


def untold(table: str, step: Step, of_all: bool) -> list[int]:
    """The ids of the rows of a table of which nothing is told, or of all its rows."""
    sql = f"select id from {table}"  # noqa: S608  # names of ours
    if not of_all:
        sql += f" except select key from ({step.build}) told where is_first"  # noqa: S608  # as above
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} order by 1")
        return [id for (id,) in cursor.fetchall()]


def tell(table: str, columns: Iterable[str], ids: list[int]) -> None:
    """Write the baseline of some rows."""
    values = ", ".join(f"'{column}', {column}" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(TELL.format(table=table, values=values), [ids])
