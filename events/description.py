"""What the documentation says of events, made from their declarations."""

import re
import sys
from collections.abc import Iterator
from typing import Any

from events.kinds import CHAPTERS, KINDS
from events.kinds.declaring import CHANGES, Kind, Schema

HEAD = """# Events

The journal is a feed: every change has its event, in one sequence without gaps, written in the transaction of the
change.

- **`GET /api/v1/events?after=&types=&wait=`** (staff with *Can view event*, or a key with `events:read`) answers the
  events behind a position, oldest first, with `next_after`, which is what to ask for next, and `newest`. Whoever
  remembers `next_after` misses nothing and reads nothing twice: positions are given after the commit, so an event of
  a slow transaction comes behind what was read, and never among it. A page of few `types` may be empty and lead on;
  read until `next_after` is `newest`. With `wait` (up to 30 s) the answer comes as soon as there is an event. A
  request that waits holds no thread of the shop.
- Payloads are **thin**: they name what changed, and the API tells how it is now. An edit has `changes`: each field
  with its value before and after. What is made has `values`, and more is told where the [replay](operations.md) needs
  what no ledger has. Money is text. No payload holds an email, an address or a secret.
- Kinds and members are added, and none is renamed or removed; ignore what you do not know.
- The database refuses to change or delete an event. Each 1,000 positions are **sealed** by a digest that includes the
  one before, and `manage.py verify_journal` names the first event that is not what it was. It prints the newest seal:
  keep it elsewhere, and hand it over with `--seal` to see that nobody has sealed the journal anew.

What is marked *staff* is about how the shop works inside, about who signed in, or about the people who run it: it is
in the feed, and receivers of webhooks are not told. This page is written by `make events`: do not edit it.
"""


def describe_webhooks(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's hook: what receivers of webhooks get, for each kind that is public."""
    result["webhooks"] = {kind.name: {"post": operation(kind)} for kind in KINDS.values() if kind.public}
    return result


def operation(kind: Kind) -> Schema:
    """What is sent to a receiver of a kind."""
    words = "".join(part.capitalize() for part in re.split(r"[._]", kind.name))
    message = {
        "type": "object",
        "required": ["type", "timestamp", "position", "subject", "data"],
        "properties": {
            "type": {"type": "string", "const": kind.name},
            "timestamp": {"type": "string", "format": "date-time"},
            "position": {"type": "integer", "description": "Its place in the feed."},
            "subject": {"type": "string", "description": f"`{kind.subject}`"},
            "data": kind.payload,
        },
    }
    return {
        "operationId": f"on{words}",
        "summary": kind.meaning.removesuffix("."),
        "description": f"{kind.meaning} Signed as Standard Webhooks says; see docs/webhooks.md.",
        "tags": ["events"],
        "security": [],
        "requestBody": {"required": True, "content": {"application/json": {"schema": message}}},
        "responses": {
            "204": {"description": "The receiver has it. Any other 2xx says the same."},
            "410": {"description": "The receiver wants no more: the webhook is disabled."},
        },
    }


def page() -> str:
    """docs/events.md."""
    parts = [HEAD]
    for title, kinds in CHAPTERS.items():
        parts.append(f"\n## {title}\n\n| kind | subject | meaning | payload |\n|---|---|---|---|\n")
        parts += [row(kind) for kind in kinds]
    return "".join(parts)


def row(kind: Kind) -> str:
    """The row of a kind."""
    name = f"`{kind.name}`" + ("" if kind.public else " *staff*")
    members = ", ".join(members_of(kind.payload)) or "none"
    return f"| {name} | `{kind.subject}` | {kind.meaning} | {members} |\n"


def members_of(schema: Schema) -> Iterator[str]:
    """The members of an object, each with what it is. Those in brackets may be left out."""
    for name, member in schema["properties"].items():
        text = f"`{name}`: {word(member)}"
        yield text if name in schema["required"] else f"[{text}]"


def word(schema: Schema) -> str:
    """What a value is, in a word or two."""
    if schema == CHANGES:
        return "changes"
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if types == ["array"]:
        return f"list of {word(schema['items'])}"
    if types == ["object"] and "properties" in schema:
        return "{" + ", ".join(members_of(schema)) + "}"
    if "pattern" in schema:
        return "amount"
    return " or ".join(str(schema.get("format", name)) if name == "string" else name for name in types)


if __name__ == "__main__":
    sys.stdout.write(page())
