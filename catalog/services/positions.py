"""The sequence of what belongs to a product: its variants and its pictures."""

from collections.abc import Iterable
from typing import Any

from catalog.models import Image, Variant
from events.changes import Changes


def move_to(row: Variant | Image, position: int, rows: Iterable[Any]) -> Changes:
    """Put a row at this place among `rows`, counted from 1, and number all of them anew; the end is the last place.

    Answers the old and the new place of the row, if they differ. The product is locked.
    """
    before = row.position
    sequence = [other for other in rows if other.pk != row.pk]
    sequence.insert(position - 1, row)
    changed = [(place, other) for place, other in enumerate(sequence, start=1) if other.position != place]
    for place, other in changed:
        other.position = place
    type(row)._default_manager.bulk_update([other for _, other in changed], ["position"])
    return {"position": [before, row.position]} if row.position != before else {}
