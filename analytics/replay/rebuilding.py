"""Running the replay: a subject is rebuilt in a schema of its own, and held against the shop's tables.

All of it happens in one transaction that sees one moment (REPEATABLE READ), so that a shop that is open is compared
with its own past and not with its future. Nothing is locked, and nobody waits for it.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import ProgrammingError, connection, transaction
from psycopg.errors import InsufficientPrivilege

from analytics.replay.tables import Step, Subject, Table

# Whole tables are read and joined.
SETTINGS = """
set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; set local work_mem = '128MB';
set local jit = off
"""
# A schema that nobody else has at this moment: no two connections have one process of the server.
SCHEMA_OF_ITS_OWN = "select 'replay_' || %s || '_' || pg_backend_pid()"
# Two do not keep the same subject at once. No other advisory lock of ours has this number.
LOCK = 7_310_002
NEWEST = "select coalesce(max(id), 0), coalesce(max(position), 0) from events_event"


class NoSchema(Exception):
    """The role of the shop may not make a schema in its database."""


class Busy(Exception):
    """Somebody else rebuilds and keeps the same subject at this moment."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that the shop has otherwise than its past tells, or a whole row (`column` is empty)."""

    table: str
    key: str
    column: str
    told: Any
    found: Any

    def __str__(self) -> str:
        if not self.column:
            what = "is told, and is not there" if self.found is None else "is there, and nothing tells of it"
            return f"{self.table} {self.key}: {what}"
        return f"{self.table} {self.key}: {self.column} was told as {self.told!r}, and is {self.found!r}"


@dataclass(slots=True)
class Compared:
    """How many rows of a table were rebuilt, how many rows differ, and the first differences."""

    table: str
    rows: int
    differing: int = 0
    first: list[Difference] = field(default_factory=list)


@dataclass(slots=True)
class Result:
    """What came of a replay: of which moment it is (the newest event and position), and what was compared."""

    subject: str
    schema: str
    newest_event: int = 0
    newest_position: int = 0
    seconds: float = 0.0
    compared: list[Compared] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """The rows that were rebuilt."""
        return sum(table.rows for table in self.compared)

    @property
    def differing(self) -> int:
        """The rows that differ."""
        return sum(table.differing for table in self.compared)

    @property
    def is_verified(self) -> bool:
        """Whether all that was rebuilt is what the shop has."""
        return not self.differing


def verified(subject: Subject, most: int = 20) -> Result:
    """Rebuild a subject, compare it, and leave nothing behind. The result names up to `most` differences of each table.

    Whoever closes a part of the journal calls this first, and keeps the result with the position it is of. Refuses
    NoSchema.
    """
    with one_writable_moment():
        result = rebuild(subject, keep=False)
        started = time.monotonic()
        result.compared = [compare(table, result.schema, most) for table in subject.tables]
        result.seconds += time.monotonic() - started
        transaction.set_rollback(True)
    return result


def rebuilt(subject: Subject) -> Result:
    """Rebuild a subject and leave it in its schema, in place of the one before. Refuses NoSchema and Busy."""
    with one_writable_moment():
        result = rebuild(subject, keep=True)
        result.compared = [
            Compared(table.rebuilt, fetch_one(f"select count(*) from {result.schema}.{table.rebuilt}")[0])  # noqa: S608
            for table in subject.tables
        ]
    return result


@contextmanager
def one_writable_moment() -> Iterator[None]:
    """Let all statements of the block see one moment, and write into a schema of their own.

    Within a transaction that has begun it is whatever that transaction sees.
    """
    first = not connection.in_atomic_block
    with transaction.atomic():
        if first:
            execute("set transaction isolation level repeatable read")
        execute(SETTINGS)
        yield


def rebuild(subject: Subject, *, keep: bool) -> Result:
    """Build the tables of a subject, and answer of which moment they are. The caller's transaction sees one moment."""
    started = time.monotonic()
    event, position = fetch_one(NEWEST)
    if keep:
        schema = f"replay_{subject.name}"
        if not fetch_one("select pg_try_advisory_xact_lock(%s::int, hashtext(%s))", LOCK, schema)[0]:
            raise Busy(f"The schema {schema} is being written by somebody else.")
    else:
        schema = fetch_one(SCHEMA_OF_ITS_OWN, subject.name)[0]
    try:
        with transaction.atomic():
            if keep:
                execute(f"drop schema if exists {schema} cascade")
            execute(f"create schema {schema}")
    except ProgrammingError as error:
        if isinstance(error.__cause__, InsufficientPrivilege):
            raise NoSchema(no_schema()) from error
        raise
    for part in subject.parts:
        build(part, schema)
    return Result(subject.name, schema, event, position, time.monotonic() - started)


def no_schema() -> str:
    """Why no schema could be made, and what helps."""
    role, database = fetch_one("select current_user, current_database()")
    return (
        f"The role {role} may not make a schema in the database {database}. Run this as the owner of the database, or "
        f"let the role: grant create on database {database} to {role}"
    )


def build(part: Step | Table, schema: str) -> None:
    """Build one table of the schema."""
    name = part.name if isinstance(part, Step) else part.rebuilt
    execute(f"create unlogged table {schema}.{name} as {in_schema(part.build, schema)}")
    execute(f"analyze {schema}.{name}")


def compare(table: Table, schema: str, most: int) -> Compared:
    """Hold a rebuilt table against the shop's, by its key."""
    ours, live = f"{schema}.{table.rebuilt}", in_schema(table.live or table.of, schema)
    on = " and ".join(f"told.{column} = found.{column}" for column in table.key)
    first = table.key[0]
    columns = ", ".join((*table.key, *table.columns))
    told, found = (", ".join(f"{side}.{column}" for column in table.columns) for side in ("told", "found"))
    sequence = ", ".join(f"coalesce(told.{column}, found.{column})" for column in table.key)
    rows = fetch_all(
        f"""
        select count(*) over (), to_jsonb(told), to_jsonb(found)
        from (select {columns} from {ours}) told full join (select {columns} from {live} live) found on {on}
        where told.{first} is null or found.{first} is null or ({told}) is distinct from ({found})
        order by {sequence} limit {most:d}
        """  # noqa: S608  # names of ours
    )
    compared = Compared(table.of, fetch_one(f"select count(*) from {ours}")[0])  # noqa: S608  # as above
    for number, was, now in rows:
        compared.differing = number
        compared.first += differences(table, as_row(was), as_row(now))
    compared.first = compared.first[:most]
    return compared


def differences(table: Table, told: dict[str, Any] | None, found: dict[str, Any] | None) -> Iterator[Difference]:
    """What differs between a row as it was told and as it is. None: there is no such row."""
    there = told or found or {}
    key = ", ".join(str(there[column]) for column in table.key)
    if told is None or found is None:
        yield Difference(table.of, key, "", told, found)
        return
    for column in table.columns:
        if told[column] != found[column]:
            yield Difference(table.of, key, column, told[column], found[column])


def as_row(value: Any) -> dict[str, Any] | None:
    """A row as `to_jsonb` has it. Django's connections read JSON as text."""
    if value is None or isinstance(value, dict):
        return value
    row: dict[str, Any] = json.loads(value, parse_float=Decimal)
    return row


def in_schema(sql: str, schema: str) -> str:
    """A statement of a subject for this schema."""
    return sql.replace("{replay}", schema)


def execute(sql: str) -> None:
    """Run a statement without values."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


def fetch_all(sql: str, *values: str | int) -> list[Any]:
    """All rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())


def fetch_one(sql: str, *values: str | int) -> Any:
    """The only row of a statement."""
    [row] = fetch_all(sql, *values)
    return row
