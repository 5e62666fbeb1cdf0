"""Segments: kept as checked rules, counted before anybody is written to."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from database.refusals import Expected, NotFound, check_version
from database.rows import fetch_rows
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import apply_changes
from events.services import publish
from marketing.exceptions import SegmentInUse, SegmentNameTaken
from marketing.models import Segment
from marketing.rules import checked_rules, chosen_by

COUNT = "select count(*) from marketing_consent consent where {conditions}"
NEWEST = "select email from marketing_consent consent where {conditions} order by id desc limit 1"


def count_of(rules: Mapping[str, Any]) -> int:
    """How many want news, of those whom these checked rules choose, at this moment."""
    conditions, params = chosen_by(rules)
    [(count,)] = fetch_rows(COUNT.format(conditions=conditions), params)
    return int(count)


def some_of(rules: Mapping[str, Any]) -> str | None:
    """The address of one of them, for a preview; None where there is nobody."""
    conditions, params = chosen_by(rules)
    rows = fetch_rows(NEWEST.format(conditions=conditions), params)
    return str(rows[0][0]) if rows else None


@unit_of_work
def create_segment(*, name: str, rules: Mapping[str, Any], actor: Actor) -> Segment:
    """Make a segment. Refuses BadRule and SegmentNameTaken."""
    segment = written(Segment(name=name, rules=checked_rules(rules)))
    told = {"segment_id": segment.pk, "name": segment.name, "rules": segment.rules}
    publish("segment.created", told, subject=f"segment:{segment.pk}", actor=actor)
    return segment


@unit_of_work
def update_segment(
    *, segment_id: int, changes: Mapping[str, Any], actor: Actor, expected_version: Expected = None
) -> Segment:
    """Change the name or the rules of a segment. Campaigns that were started keep their recipients.

    Refuses NotFound, VersionMismatch, BadRule and SegmentNameTaken. Locks the segment.
    """
    segment = locked_segment(segment_id)
    check_version(segment.version, expected_version)
    values = dict(changes)
    if "rules" in values:
        values["rules"] = checked_rules(values["rules"])
    changed = apply_changes(segment, values)
    if changed:
        segment.version += 1
        written(segment)
        told = {"segment_id": segment.pk, "name": segment.name, "changes": changed}
        publish("segment.updated", told, subject=f"segment:{segment.pk}", actor=actor)
    return segment


@unit_of_work
def delete_segment(*, segment_id: int, actor: Actor) -> None:
    """Delete a segment that no campaign names. Refuses NotFound and SegmentInUse. Locks the segment."""
    segment = locked_segment(segment_id)
    try:
        segment.delete()
    except ProtectedError:
        raise SegmentInUse from None
    told = {"segment_id": segment_id, "name": segment.name}
    publish("segment.deleted", told, subject=f"segment:{segment_id}", actor=actor)


def locked_segment(segment_id: int) -> Segment:
    """The locked row of a segment. Refuses NotFound."""
    segment = Segment.objects.select_for_update().filter(pk=segment_id).first()
    if segment is None:
        raise NotFound("There is no such segment.")
    return segment


def written(segment: Segment) -> Segment:
    """Write a segment. The unique index alone refuses a name that two give at the same moment."""
    try:
        with transaction.atomic():
            segment.save()
    except IntegrityError:
        raise SegmentNameTaken from None
    return segment
