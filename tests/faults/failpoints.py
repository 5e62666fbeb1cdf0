"""Named places in a request where its process dies or waits, because the request asks for it.

`X-Fault: after_write kill` ends the process as a power cut would; `X-Fault: after_lock pause 0.3` waits, in seconds.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from inventory.services import engine

POINTS = ("after_lock", "after_write", "before_commit", "after_commit")
_asked: ContextVar[str] = ContextVar("fault", default="")


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Remember what the request asks for."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        token = _asked.set(request.headers.get("X-Fault", ""))
        try:
            return get_response(request)
        finally:
            _asked.reset(token)

    return answer


def reach(point: str) -> None:
    """Do what the request has asked for at this place, once."""
    asked, action, *seconds = (_asked.get() or "nowhere nothing").split()
    if asked != point:
        return
    _asked.set("")
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(float(seconds[0]))


def install() -> None:
    """Put the places into the shop: around the engine's statements, and around the commit."""
    fetch, commit = engine.fetch, BaseDatabaseWrapper._commit  # type: ignore[attr-defined]  # absent from the stubs

    def fetch_and_reach(sql: str, params: Mapping[str, Any]) -> list[Any]:
        rows: list[Any] = fetch(sql, dict(params))
        if sql in (engine.LOCK_ITEMS, engine.LOCK_REFERENCE):
            reach("after_lock")
        elif sql == engine.WRITE:
            reach("after_write")
        return rows

    def commit_and_reach(connection: BaseDatabaseWrapper) -> None:
        reach("before_commit")
        commit(connection)
        reach("after_commit")

    engine.fetch = fetch_and_reach
    BaseDatabaseWrapper._commit = commit_and_reach  # type: ignore[attr-defined]
