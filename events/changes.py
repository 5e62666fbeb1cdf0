"""What an edit changed, in the one form in which the journal keeps it: `{"price": ["5.00", "6.00"]}`.

The first value is that before the edit, the second that after it. Every service that edits publishes them as `changes`.
Personal data do not spread into the journal: of people's profiles it has the names of the fields alone.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model

Changes = dict[str, list[Any]]


def apply_changes(row: Model, values: Mapping[str, Any]) -> Changes:
    """Set fields of a row. Returns those that differed, each with its value before and after."""
    changes: Changes = {}
    for field, after in values.items():
        before = getattr(row, field)
        if before != after:
            setattr(row, field, after)
            changes[field] = [plain(before), plain(after)]
    return changes


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """The fields that differ between two states of a thing, each with both values."""
    return {field: [plain(before[field]), plain(after[field])] for field in before if before[field] != after[field]}


def values_of(row: Model, columns: Iterable[str]) -> dict[str, Any]:
    """What columns of a row say, as the journal keeps it when the row is made."""
    return {column: plain(getattr(row, column)) for column in columns}


def plain(value: Any) -> Any:
    """A value as JSON has it. What JSON does not have, such as a decimal, is text."""
    return value if value is None or isinstance(value, int | str | list | dict) else str(value)
