"""Reading notifications of strangers: members that may be missing, of another kind, or no text for a database."""

import re
from typing import Any

# What ids and kinds of providers are made of. A text that is not is taken for none: it could lead a call elsewhere.
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,254}")
NUMBER = re.compile(r"[1-9][0-9]{0,17}")


def member(document: Any, *path: str | int) -> Any:
    """What stands at a path of members and places of lists, or None."""
    for step in path:
        if isinstance(document, dict) and isinstance(step, str):
            document = document.get(step)
        elif isinstance(document, list) and isinstance(step, int) and step < len(document):
            document = document[step]
        else:
            return None
    return document


def word(document: Any, *path: str | int, longest: int = 255) -> str:
    """The id or kind at a path; empty where there is none that could be kept."""
    found = member(document, *path)
    return found if isinstance(found, str) and len(found) <= longest and WORD.fullmatch(found) else ""


def number(text: Any) -> int | None:
    """One of our ids, as metadata keeps it."""
    return int(text) if isinstance(text, str) and NUMBER.fullmatch(text) else None
