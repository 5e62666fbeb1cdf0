"""Lists as bytes, kept in this process for a second at most, for visitors who have not signed in.

Signed-in callers, and single products, are always answered from the database. The age of a kept list counts from the
moment before it was read, so a list is never older than LIST_CACHE_SECONDS when it is sent.
"""

from collections.abc import Callable, Hashable
from functools import partial
from time import monotonic
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from api.addresses import origin_of
from api.filters import FilterSet
from api.renderers import dumps
from api.throttles import charge_expensive_work
from api.views import etag_of
from database.expensive import charged_by

MAX_ENTRIES = 256
MAX_BYTES = 64 * 1024
Key = tuple[str, str, Hashable]
NOTHING = (0.0, b"", "")

# Threads share it without a lock: each step is one operation on a dict, and losing an entry costs speed only.
_kept: dict[Key, tuple[float, bytes, str]] = {}


def answer_list(request: Request, filterset: FilterSet, make: Callable[[], dict[str, Any]]) -> HttpResponse:
    """The list that `make` reads, or the list that it has read within the last second.

    A question has one entry, however its query string is written.
    """
    seconds = 0.0 if request.user.is_authenticated else settings.LIST_CACHE_SECONDS
    if not seconds:
        return answer(*read(request, make))
    # The addresses in a list begin with the host that was asked. The path has lost its slash.
    key = (origin_of(request), request.path_info, filterset.key)
    now = monotonic()
    expires, body, etag = _kept.get(key, NOTHING)
    if expires <= now:
        body, etag = read(request, make)
        if len(body) <= MAX_BYTES:
            keep(key, (now + seconds, body, etag), now)
    return answer(body, etag)


def read(request: Request, make: Callable[[], dict[str, Any]]) -> tuple[bytes, str]:
    """The bytes and the ETag of a list. If reading it is expensive, the request is charged for it."""
    with charged_by(partial(charge_expensive_work, request)):
        body = dumps(make())
    return body, etag_of(body)


def answer(body: bytes, etag: str) -> HttpResponse:
    """The answer of a list."""
    return HttpResponse(body, content_type="application/json", headers={"ETag": etag})


def keep(key: Key, entry: tuple[float, bytes, str], now: float) -> None:
    """Keep an answer, unless all entries are in use. Entries that have expired make room."""
    if len(_kept) >= MAX_ENTRIES:
        for old, (expires, *_) in list(_kept.items()):
            if expires <= now:
                _kept.pop(old, None)
        if len(_kept) >= MAX_ENTRIES:
            return
    _kept[key] = entry
