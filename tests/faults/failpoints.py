"""Named places in a request where its process dies or waits, because the request asks for it.

`X-Fault: after_write kill` ends the process at once, and a line in the file `fired` says so; `X-Fault: after_lock
pause 0.3` waits, in seconds. The places are after_lock, after_write, before_commit and after_commit.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from database.backend.base import DatabaseWrapper
from database.rows import fetch_together
from inventory.models import StockLevel, StockLevelQuerySet
from inventory.services import engine

_asked: ContextVar[tuple[str, str]] = ContextVar("fault", default=("", ""))


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Remember what the request asks for."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        token = _asked.set((request.headers.get("X-Fault", ""), request.headers.get("Idempotency-Key", "")))
        try:
            return get_response(request)
        finally:
            _asked.reset(token)

    return answer


def reach(point: str) -> None:
    """Do what the request has asked for at this place, once."""
    fault, key = _asked.get()
    asked, action, *seconds = fault.split() or ("", "")
    if asked != point:
        return
    _asked.set(("", ""))
    if action == "kill":
        with (settings.DATA_DIR / "fired").open("a") as fired:
            fired.write(f"{point} {key}\n")
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(float(seconds[0]))


def install() -> None:
    """Put the places into the shop: around the engine's statements, and around the commit."""
    fetch, locked, commit = engine.fetch, engine._locked, DatabaseWrapper._commit

    def fetch_and_reach(sql: str, params: Mapping[str, Any]) -> list[Any]:
        rows: list[Any] = fetch(sql, dict(params))
        if "for no key update of level" in sql:
            reach("after_lock")
        elif "insert into inventory_stockmovement" in sql:
            reach("after_write")
        return rows

    def lock_and_reach(levels: StockLevelQuerySet, item_ids: str, *parameters: str) -> list[StockLevel]:
        rows = locked(levels, item_ids, *parameters)
        reach("after_lock")
        return rows

    def fetch_together_and_reach(*statements: tuple[str, Mapping[str, Any]]) -> list[list[Any]]:
        if _asked.get()[0].startswith("after_lock"):  # there is no such place where they travel together
            return [fetch_and_reach(*statement) for statement in statements]
        answers = fetch_together(*statements)
        if any(engine.TouchedByReserve(*row).promised for row in answers[-1]):  # otherwise `post` writes
            reach("after_write")
        return answers

    def commit_and_reach(connection: DatabaseWrapper) -> None:
        reach("before_commit")
        commit(connection)
        reach("after_commit")

    engine.fetch = fetch_and_reach
    engine._locked = lock_and_reach
    setattr(engine, "fetch_together", fetch_together_and_reach)  # noqa: B010  # the engine imports it, and exports it not
    DatabaseWrapper._commit = commit_and_reach  # type: ignore[assignment]
