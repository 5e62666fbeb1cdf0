"""What every edit of the rules has in common: one at a time, a version, a word in the journal, a new revision."""

import secrets
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import IntegrityError, connection, models, transaction

from database.refusals import Expected, NotFound, Refusal, check_version
from events.actors import Actor
from events.changes import Changes, apply_changes, plain
from events.services import publish

REPLACE = """
insert into pricing_revision (id, number) values (1, %s) on conflict (id) do update set number = excluded.number
"""

M = TypeVar("M", bound=models.Model)


def begin_edit() -> None:
    """Take the turn to edit the rules, and give them another revision. One edit runs at a time, to its commit."""
    # 53 bits: whoever reads the number as a double reads it exactly.
    number = secrets.randbits(52) + 1
    with connection.cursor() as cursor:
        cursor.execute(REPLACE, [number])


def find(model: type[M], id: int, *, expected_version: Expected = None) -> M:
    """The row that is to be edited. Refuses NotFound, VersionMismatch. Edits take turns, so it needs no lock."""
    row: M | None = model._default_manager.filter(pk=id).first()
    if row is None:
        raise NotFound(f"There is no such {model._meta.verbose_name}.")
    check_version(row.version, expected_version)  # type: ignore[attr-defined]
    return row


def insert(row: models.Model, refusal: Refusal) -> None:
    """Write a new row. Raises `refusal` where another row stands against it."""
    row.full_clean(validate_unique=False, validate_constraints=False)
    _write(row, refusal)


def change(row: models.Model, values: Mapping[str, Any], refusal: Refusal) -> Changes:
    """Write other values into a row, with a new version. The values that it has already change nothing.

    Raises `refusal` where another row stands against it. Answers what changed, each value before and after.
    """
    edited = apply_changes(row, values)
    if edited:
        row.version += 1  # type: ignore[attr-defined]
        row.full_clean(validate_unique=False, validate_constraints=False)
        _write(row, refusal)
    return edited


def _write(row: models.Model, refusal: Refusal) -> None:
    """Save a row. Its own CHECKs are looked at before, so that what the database refuses is another row."""
    for constraint in row._meta.constraints:
        if isinstance(constraint, models.CheckConstraint):
            constraint.validate(type(row), row)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise refusal from error


def state_of(row: models.Model) -> dict[str, Any]:
    """What a row says, but for its number and its version. What is empty is left out."""
    fields = [field.attname for field in row._meta.concrete_fields if field.name not in ("id", "version")]
    state = {name: plain(getattr(row, name)) for name in fields}
    return {name: value for name, value in state.items() if value not in (None, "", [])}


def of_gone(row: models.Model) -> Changes:
    """What a row says that is removed, and nothing afterwards."""
    return {name: [value, None] for name, value in state_of(row).items()}


def tell(kind: str, row: models.Model, name: str, actor: Actor, **extra: Any) -> None:
    """Publish what happened to a row of the rules; `name` says which one in words."""
    thing = str(row._meta.verbose_name).replace(" ", "_")
    payload = {f"{thing}_id": row.pk, "name": name, **extra}
    publish(f"pricing.{thing}_{kind}", payload, subject=f"{thing}:{row.pk}", actor=actor)
