"""What the journal says of itself."""

from events.kinds.declaring import ID, TEXT, Kind, inner

JOURNAL: list[Kind] = [
    inner(
        "journal.baseline",
        "{table}:{id}",
        "What a row said of which nothing was told before: one of an earlier release, or of a loader.",
        table=TEXT,
        id=ID,
        values={"type": "object"},
    ),
]
