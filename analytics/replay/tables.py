"""How a subject of the replay is declared: the tables that are rebuilt, and the statements that rebuild them.

In these statements `{replay}` is the schema of the replay. Everything without it is the shop's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.apps import apps


@dataclass(frozen=True, slots=True)
class Step:
    """A table that others are built from, and that is compared with nothing."""

    name: str
    build: str


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one of the shop's tables, rebuilt by `build` and compared by their key.

    `live` is what they are compared with: the table itself, or a select from it that has these columns by these names.
    `stands_for` names the columns of the table that a column of another name tells of. `name` is that of the rebuilt
    table, where one of the shop's is rebuilt in parts.
    """

    model: str
    build: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ("id",)
    live: str = ""
    name: str = ""
    stands_for: Mapping[str, str] = field(default_factory=dict)

    @property
    def of(self) -> str:
        """The shop's table."""
        table: str = apps.get_model(self.model)._meta.db_table
        return table

    @property
    def rebuilt(self) -> str:
        """The name of the rebuilt table."""
        return self.name or self.of

    @property
    def covered(self) -> frozenset[str]:
        """The columns of the shop's table that a difference would show."""
        return frozenset(self.stands_for.get(column, column) for column in (*self.key, *self.columns))


@dataclass(frozen=True, slots=True)
class Subject:
    """A part of the shop that is rebuilt by itself: steps and tables in the sequence in which they are built."""

    name: str
    parts: tuple[Step | Table, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        """What is compared."""
        return tuple(part for part in self.parts if isinstance(part, Table))
