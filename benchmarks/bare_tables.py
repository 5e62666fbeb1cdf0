"""Tables without indexes and keys while they are filled, and with exactly the same ones afterwards.

What there is, is read from PostgreSQL's catalogue, so that nothing here must know a migration.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

# Everything that a table of this schema has besides its columns, in words that do not depend on when it was made.
SCHEMA = """
select pg_get_indexdef(indexrelid) || case when indisvalid then '' else ' not valid' end
from pg_index join pg_class on pg_class.oid = indrelid where relnamespace = current_schema::regnamespace
union all
select format('%s %s %s %s', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid))
from pg_constraint where connamespace = current_schema::regnamespace
union all
select format('%s %s', pg_get_triggerdef(t.oid), tgenabled)
from pg_trigger t join pg_class c on c.oid = tgrelid
where relnamespace = current_schema::regnamespace and not tgisinternal
order by 1
"""
# Keys that lead into or out of these tables, and then their own keys and their other indexes. An index for the rows of
# a few kinds stays: it is small, and PostgreSQL would write its condition in other words than those it was made from.
FOREIGN_KEYS = """
select conrelid::regclass::text, format('alter table %%s drop constraint %%I', conrelid::regclass, conname),
       format('alter table %%s add constraint %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
from pg_constraint
where contype = 'f' and (conrelid = any(%(tables)s::regclass[]) or confrelid = any(%(tables)s::regclass[]))
order by conrelid::regclass::text, conname
"""
KEYS_AND_INDEXES = """
select indrelid::regclass::text,
       case when conname is null then format('drop index %%s', indexrelid::regclass)
            else format('alter table %%s drop constraint %%I', indrelid::regclass, conname) end,
       case when conname is null then pg_get_indexdef(indexrelid)
            else format('alter table %%s add constraint %%I %%s', indrelid::regclass, conname,
                        pg_get_constraintdef(pg_constraint.oid)) end
from pg_index left join pg_constraint on conindid = indexrelid and contype in ('p', 'u', 'x')
where indrelid = any(%(tables)s::regclass[]) and coalesce(pg_get_expr(indpred, indrelid), '') not like '%% ANY (%%'
order by 1, not indisprimary, indexrelid
"""


@dataclass(frozen=True, slots=True)
class Undressed:
    """The statements that put back what was taken: for each table by itself, and then between tables."""

    indexes: dict[str, list[str]]
    foreign_keys: list[str]


def schema() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        return [text for (text,) in cursor.fetchall()]


def undress(tables: Iterable[str]) -> Undressed:
    """Take all indexes, keys and foreign keys from these tables. Call within a transaction."""
    names = {"tables": list(tables)}
    with connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEYS, names)
        foreign = cursor.fetchall()
        cursor.execute(KEYS_AND_INDEXES, names)
        own = cursor.fetchall()
        for _, drop, _ in [*foreign, *own]:
            cursor.execute(drop)
    indexes: dict[str, list[str]] = {name: [] for name in names["tables"]}
    for table, _, create in own:
        indexes[table].append(create)
    return Undressed(indexes, [create for _, _, create in foreign])
