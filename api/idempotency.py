"""Idempotency keys: the same request sent again gets the first answer again, byte for byte, and nothing happens twice.

The key's row is written in the transaction of the effect, so neither can exist without the other, and a crash leaves
nothing "in progress": the advisory lock that says so dies with its transaction.

A key belongs to the signed-in user, or to an owner that the view names: a cart, an order's secret link, an API key.
No secret is stored: what an answer has of one is made again whenever the answer is given.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import orjson
from django.http import HttpResponse
from rest_framework.request import Request

from api.renderers import dumps
from database.refusals import Invalid, Refusal
from database.rows import Alongside, fetch_rows
from database.transactions import Overtaken, run_unit

T = TypeVar("T")
VALID_KEY = re.compile(r"[\x20-\x7e]{1,255}\Z")
CONTENT_TYPE = "application/json"
# Of IdempotencyKey, by hand: both run with every order, and through the ORM they cost a tenth of it.
LOCK = """
select pg_try_advisory_xact_lock(hashtextextended(%(key)s::text, {number})),
       first.method, first.path, first.fingerprint, first.status, first.body
from (select) as request left join api_idempotencykey as first on {column} = {asker} and key = %(key)s::text
"""
REMEMBER = """
insert into api_idempotencykey ({column}, key, method, path, fingerprint, status, body)
values ({asker}, %(key)s::text, %(method)s::text, %(path)s::text, %(fingerprint)s::text,
        %(answer_status)s::smallint, %(answer_body)s::bytea)
on conflict do nothing returning true
"""


class Statements(NamedTuple):
    """LOCK and REMEMBER for one kind of owner."""

    lock: str
    remember: str


def statements_of(column: str, asker: str, number: str) -> Statements:
    """The statements for owners in this column. `number` is what tells one owner's locks from another's."""
    return Statements(
        LOCK.format(column=column, asker=asker, number=number), REMEMBER.format(column=column, asker=asker)
    )


OF_USER = statements_of("user_id", "%(asker)s::bigint", "%(asker)s::bigint")
OF_OWNER = statements_of("owner", "%(asker)s::text", "hashtextextended(%(asker)s::text, 0)")


class InProgress(Refusal):
    """A request with the same key has not been answered yet."""

    status = 409
    code = "in_progress"
    title = "A request with this key is still running"

    @property
    def headers(self) -> dict[str, str]:
        """The seconds after which the first request is probably answered."""
        return {"Retry-After": "1"}


class KeyReused(Refusal):
    """The key has earned its answer with another request."""

    status = 422
    code = "idempotency_key_reused"
    title = "This key was used for another request"


F = TypeVar("F", bound=Callable[..., Any])


def keyed(action: F) -> F:
    """Mark an action of a viewset as one that takes an Idempotency-Key. The description reads the mark."""
    action.takes_key = True  # type: ignore[attr-defined]  # a function's own attribute
    return action


def takes_key(view: Any) -> bool:
    """Whether the action that a view is about to run, or to describe, takes an Idempotency-Key."""
    return getattr(getattr(view, view.action or "", None), "takes_key", False)


Drafted = Callable[[T], Alongside | None]


Status = int | Callable[[T], int]
Reveal = Callable[[dict[str, Any]], dict[str, Any]]


def run_once(
    request: Request,
    work: Callable[[], T],
    render: Callable[[T], object],
    *,
    status: Status[T] = 201,
    owner: str = "",
    reveal: Reveal | None = None,
) -> HttpResponse:
    """Answer a POST: run `work` (a unit of work), render what it returns, and remember that under the request's key.

    Without an Idempotency-Key header it is just that. A refusal raised by `work` leaves nothing behind, so its key may
    be tried again. The key belongs to `owner` ("cart:…"), or to the signed-in user where none is named. `reveal` adds
    the secrets to a document, the first time and whenever it is given again; they are not stored.
    """
    return run_once_drafted(request, lambda drafted: work(), render, status=status, owner=owner, reveal=reveal)


def run_once_drafted(
    request: Request,
    work: Callable[[Drafted[T]], T],
    render: Callable[[T], object],
    *,
    status: Status[T] = 201,
    owner: str = "",
    reveal: Reveal | None = None,
) -> HttpResponse:
    """As run_once, for work that knows early what it will return: it may hand that in before it takes locks.

    It gets what remembers the answer, and writes it alongside of its own: nobody waits for that who waits for the
    locks.
    """
    if not takes_key(request.parser_context["view"]):
        raise TypeError("An action that answers once for each key is marked with @keyed.")

    def status_of(result: T) -> int:
        return status(result) if callable(status) else status

    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        result = work(lambda result: None)
        return answer(status_of(result), dumps(render(result)), reveal=reveal)
    if not VALID_KEY.match(key):
        raise Invalid("Idempotency-Key is 1 to 255 printable ASCII characters.", code="invalid_idempotency_key")
    fingerprint = hashlib.sha256(orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)).hexdigest()
    # A keyed request has an owner or is signed in: as a user with a number, or as an API key with a name.
    if not owner and isinstance(request.user.pk, str):
        owner = request.user.pk
    statements = OF_OWNER if owner else OF_USER
    asker: dict[str, object] = {"asker": owner or request.user.pk or 0, "key": key}
    asked = {"method": str(request.method), "path": request.path_info, "fingerprint": fingerprint}

    def unit() -> HttpResponse:
        body, answer_status = b"", 0

        def drafted(result: T) -> Alongside:
            nonlocal body, answer_status
            body, answer_status = dumps(render(result)), status_of(result)
            answered = {"answer_status": answer_status, "answer_body": body}
            # Another request with this key may have been answered between our first statement's snapshot and its lock.
            part = f"remembered as ({statements.remember})"
            return Alongside(part, asker | asked | answered, "exists (select from remembered)", Overtaken())

        [(locked, method, path, fingerprint_then, status_then, body_then)] = fetch_rows(statements.lock, asker)
        if not locked:
            raise InProgress
        if method is not None:
            if (method, path, fingerprint_then) != tuple(asked.values()):
                raise KeyReused
            return answer(status_then, bytes(body_then), replayed=True, reveal=reveal)
        result = work(drafted)
        if not body:
            remember = drafted(result)
            if not fetch_rows(statements.remember, remember.params):
                raise remember.refusal
        return answer(answer_status, body, reveal=reveal)

    return run_unit(unit)


def answer(status: int, body: bytes, *, replayed: bool = False, reveal: Reveal | None = None) -> HttpResponse:
    """A stored or new answer as HTTP, with the secrets that `reveal` adds. A replayed one says so in its header."""
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    content = dumps(reveal(orjson.loads(body))) if reveal else body
    return HttpResponse(content, status=status, content_type=CONTENT_TYPE, headers=headers)
