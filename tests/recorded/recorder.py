"""Asks the shop over HTTP, writes each answer down as text that is the same in every run, and compares two such texts.

Nothing of the shop's own code is imported here but the tables of people and of stock, so that a recording can be held
against a shop whose views, serializers and filters are made differently.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client

ANSWERS = Path(__file__).parent / "answers"
PREFIX = "/api/v1"
RULE = "-" * 8
HEADERS = (
    "Content-Type",
    "ETag",
    "Allow",
    "WWW-Authenticate",
    "Retry-After",
    "Location",
    "Cache-Control",
    "Vary",
    "Idempotent-Replayed",
    "Link",
    "X-Request-ID",
)
REQUEST_ID = "recorded"
LONGEST_SENT = 400
LONGEST_SHOWN = 160

# What differs from run to run. Times of the requests themselves are of 2000 and 2100, and stand as they are.
TIME = re.compile(r"(?!2000|2100)\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{6})?(?=Z|\+00:00)")
MONTH = re.compile(r'"(\d{4})-(\d\d)"')
# Days in answers. Those of the requests themselves are of 2000 and 2100, too.
DAY = re.compile(r'"(?!2000|2100)\d{4}-\d\d-\d\d"')
INVOICE = re.compile(r"\b(C?)\d{4}-(\d{6})\b")
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
DEVICE_TOKEN = re.compile(r"Wy[IJ][\w-]+:\w+:[\w-]+")
RESET_TOKEN = re.compile(r"\b[a-z0-9]{6}-[0-9a-f]{32}\b")
CONFIRMATION_TOKEN = re.compile(r"\b[0-9A-Za-z]{6}:[\w-]{43}(?![\w-])")
# Of a cart or an order, as a member or as a header.
SECRET = re.compile(r'(token":"|-Token: )[\w-]{43}(?![\w-])')
# Places in the feed, which has an event of all that was asked before.
PLACE = re.compile(r'("(?:newest|next_after)"|"position"(?=:\d+,"(?:kind|type)")):\d+')
API_KEY = re.compile(r"\b([sp]k_)[A-Za-z0-9]{6,}")
WEBHOOK_SECRET = re.compile(r"whsec_[\w+/=]+")
UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
HEXADECIMAL = re.compile(r"\b(?!92233720368547758)[0-9a-f]{16,64}\b")
# What stock calls a posting to which nobody gave a name.
POSTING = re.compile(r"\b(adjustment|transfer):[0-9a-f]{12}\b")
CURSOR = re.compile(r'(cursor=|_cursor":")([-_A-Za-z0-9]+)')


def steady(text: str) -> str:
    """The text without what differs from run to run: times, months, tokens, random names. Cursors are shown decoded."""
    text = CURSOR.sub(lambda found: f"{found[1]}<{decoded(found[2])}>", text)
    text = TOKEN.sub("<token>", RESET_TOKEN.sub("<reset token>", text))
    text = SECRET.sub(r"\1<secret>", WEBHOOK_SECRET.sub("<webhook secret>", text))
    text = API_KEY.sub(r"\1<key>", text)
    text = PLACE.sub(r"\1:0", text)
    text = UUID.sub("<uuid>", DEVICE_TOKEN.sub("<device token>", text))
    text = CONFIRMATION_TOKEN.sub("<confirmation token>", text)
    text = POSTING.sub(r"\1:<hex>", text)
    text = INVOICE.sub(r"\1<year>-\2", DAY.sub('"<day>"', text))
    text = MONTH.sub(months_ago, TIME.sub("<time>", text))
    return HEXADECIMAL.sub("<hex>", text)


def decoded(cursor: str) -> str:
    """What a cursor says, in single quotes, since JSON is around it. One that says nothing is shown as it is."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        return cursor
    return text.replace('"', "'") if text.isprintable() and "\\" not in text else cursor


def months_ago(found: re.Match[str]) -> str:
    today = datetime.now(UTC)
    return f'"<{12 * (today.year - int(found[1])) + today.month - int(found[2])} months ago>"'


class Answer(dict[str, Any]):
    """The members of an answer's document. One that is missing is "missing": the requests go on with that."""

    def __missing__(self, name: str) -> Any:
        return "missing"

    def link(self, name: str) -> str:
        """The path and query of `next` or `previous`, as `ask` takes them."""
        return str(self[name]).partition(PREFIX)[2] or "/missing"


@dataclass
class Recorder:
    """`tokens` are the access tokens of the roles; a role without one sends none."""

    tokens: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=partial(Client, raise_request_exception=False))
    blocks: list[str] = field(default_factory=list)

    def ask(self, role: str, line: str, body: Any = None, *, type: str = "", **headers: str) -> Answer:
        """Send "GET /products?search=mug" as somebody, and write the answer down. If_Match='"1"' is a header.

        A body of bytes is sent as it is, anything else as JSON.
        """
        return self.write(role, line, body, headers, self.send(role, line, body, type=type, **headers))

    def there_and_back(self, role: str, page: Answer) -> Answer:
        """Ask for the page after this one, and from there for the page before it. Returns the one after."""
        after = self.ask(role, f"GET {page.link('next')}")
        self.ask(role, f"GET {after.link('previous')}")
        return after

    def ask_again(self, role: str, line: str, before: str = "") -> None:
        """Ask for what one has already: with the ETag of the same request."""
        etag = self.send(role, line).headers["ETag"]
        self.ask(role, line, If_None_Match=before + etag)

    def send(self, role: str, line: str, body: Any = None, *, type: str = "", **headers: str) -> Any:
        method, _, path = line.partition(" ")
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"X-Request-ID": REQUEST_ID} | {name.replace("_", "-"): value for name, value in headers.items()}
        if token := self.tokens.get(role):
            sent = {"Authorization": f"Bearer {token}"} | sent
        return self.client.generic(method, PREFIX + path, content, type or "application/json", headers=sent)

    def write(self, role: str, line: str, body: Any, headers: Mapping[str, str], response: Any) -> Answer:
        """Add the block of one request and its answer."""
        lines = [f"{RULE} {role} {line}"]
        lines += [f"> {name.replace('_', '-')}: {value[:LONGEST_SENT]}" for name, value in headers.items()]
        if body is not None:
            text = body.decode("latin-1") if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False)
            lines.append(f"> {printable(text)[:LONGEST_SENT]}")
        lines += [str(response.status_code), *shown_headers(response)]
        # A file is not text; its length and its type are told above.
        is_text = response.headers.get("Content-Type") != "application/pdf"
        content = response.content.decode() if is_text else ""
        if response.status_code >= 400 and line.startswith("GET "):
            content = with_sorted_errors(content)
        lines.append(content)
        self.blocks.append(steady("\n".join(lines)))
        with suppress(ValueError):
            document = json.loads(response.content)
            return Answer(document if isinstance(document, dict) else {"results": document})
        return Answer()


def printable(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def shown_headers(response: Any) -> Iterator[str]:
    for name in HEADERS:
        if name in response.headers:
            value = response.headers[name]
            if name == "Retry-After":
                value = "<seconds>" if value.isdecimal() and int(value) > 0 else value
            yield f"{name}: {value}"
    declared = response.headers.get("Content-Length")
    if response.content and declared != str(len(response.content)):
        yield f"Content-Length: {declared} of {len(response.content)}"


def with_sorted_errors(content: str) -> str:
    """The problem document with its errors by field: those of a query string come in the order of a set."""
    with suppress(ValueError, KeyError, TypeError):
        document = json.loads(content)
        errors = document["errors"]
        plain = json.dumps(errors, ensure_ascii=False, separators=(",", ":"))
        errors.sort(key=lambda error: str(error["field"]))
        return content.replace(plain, json.dumps(errors, ensure_ascii=False, separators=(",", ":")))
    return content


def begin_ids_at(number: int) -> None:
    """Let every sequence of the database go on from here, so that the ids of a group are those of every run."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select setval(format('%%I.%%I', schemaname, sequencename)::regclass, %s) "
            "from pg_sequences where schemaname = current_schema()",
            [number],
        )


def record(groups: Mapping[str, Callable[[Recorder], None]]) -> dict[str, list[str]]:
    """The blocks of each group, all asked in turn. A group that breaks off ends with a block that says so."""
    recorder = Recorder()
    recorded: dict[str, list[str]] = {}
    for number, (name, ask_all) in enumerate(groups.items(), 1):
        begin_ids_at(1000 * number)
        recorder.blocks = recorded[name] = []
        try:
            ask_all(recorder)
        except Exception as error:  # the answers so far, and those of the other groups, are still to be compared
            recorded[name].append(f"{RULE} broken off: {type(error).__name__}: {error}")
    return recorded


def file_of(group: str) -> Path:
    return ANSWERS / f"{group}.txt"


def write_file(group: str, blocks: list[str]) -> None:
    file_of(group).write_text("".join(f"{block}\n" for block in blocks))


def read_file(group: str) -> list[tuple[int, str]]:
    """The blocks of a group's file, each with the number of its first line."""
    lines = file_of(group).read_text().split("\n")[:-1] if file_of(group).exists() else []
    starts = [place for place, line in enumerate(lines) if line.startswith(f"{RULE} ")]
    return [(start + 1, "\n".join(lines[start:end])) for start, end in pairwise([*starts, len(lines)])]


def differences(group: str, blocks: list[str]) -> Iterator[str]:
    """What is not as it was recorded, for people: number of the request, place in the file, request, what differs."""
    recorded = read_file(group)
    for number, ((line, was), now) in enumerate(zip(recorded, blocks, strict=False), 1):
        if was != now:
            asked = now.partition("\n")[0].removeprefix(f"{RULE} ")
            where = f"{group} {number} ({file_of(group).name}:{line}) {asked}"
            yield "\n    ".join([where, *of_blocks(was.split("\n"), now.split("\n"))])
    for block in blocks[len(recorded) :]:
        yield f"{group}: not recorded: {block.partition(chr(10))[0]}"
    for line, block in recorded[len(blocks) :]:
        yield f"{group}: not asked any more ({file_of(group).name}:{line}): {block.partition(chr(10))[0]}"


def of_blocks(was: list[str], now: list[str]) -> Iterator[str]:
    """Heads line by line, bodies member by member."""
    for line in (line for line in was[:-1] if line not in now[:-1]):
        yield f"- {line[:LONGEST_SHOWN]}"
    for line in (line for line in now[:-1] if line not in was[:-1]):
        yield f"+ {line[:LONGEST_SHOWN]}"
    if sorted(was[:-1]) == sorted(now[:-1]) and was[:-1] != now[:-1]:
        yield "the same headers in another sequence"
    if was[-1] == now[-1]:
        return
    try:
        found = list(of_values("", json.loads(was[-1]), json.loads(now[-1])))
    except ValueError:
        found = []
    yield from found[:8] or of_texts(was[-1], now[-1])
    if len(found) > 8:
        yield f"and {len(found) - 8} more"


def of_values(path: str, was: Any, now: Any) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        if list(was) != list(now):
            yield f"{path or 'body'} has members {list(was)}, now {list(now)}"
        for name in was.keys() & now.keys():
            yield from of_values(f"{path}.{name}".lstrip("."), was[name], now[name])
    elif isinstance(was, list) and isinstance(now, list):
        if len(was) != len(now):
            yield f"{path or 'body'} has {len(was)} members, now {len(now)}"
        for place, (one, other) in enumerate(zip(was, now, strict=False)):
            yield from of_values(f"{path}.{place}".lstrip("."), one, other)
    elif json.dumps(was) != json.dumps(now):
        yield f"{path or 'body'} was {json.dumps(was)[:LONGEST_SHOWN]}, now {json.dumps(now)[:LONGEST_SHOWN]}"


def of_texts(was: str, now: str) -> Iterator[str]:
    """Where two bodies of the same values, or of none, begin to differ."""
    place = next((i for i, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
    begin = max(0, place - 40)
    yield f"byte {place} of the body: was {was[begin : place + 60]!r}"
    yield f"byte {place} of the body: now {now[begin : place + 60]!r}"
