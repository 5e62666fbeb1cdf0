"""Named places in the work of payments where a process dies or waits, in web and worker, and times that are cut short.

A request asks for a place by `X-Fault` (failpoints.py). A process that no request reaches, as the worker, is told by a
file in the folder `edges`: whoever comes to the place first takes the file, and does what its name says. Its name is
"web.after_call.kill.7": who, where, what, and a number.

The places, in the sequence in which an operation meets them: inside_t1 (its row is written and not committed),
before_call (the row is on disk), during_call (the provider is asked, and the process dies a moment later), after_call
(the provider has answered), before_apply, inside_t2 (the answer is joined and not committed), after_t2.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings

from payments.providers import calls
from payments.services import applying, asking, books, carrying, reconciling
from tests.faults import failpoints

PLACES = ("inside_t1", "before_call", "during_call", "after_call", "before_apply", "inside_t2", "after_t2")
# In seconds. A call ends before its lease does, as in the shop: there it is 3, 10 and 20 for a call, and 60.
CONNECT, READ, PATIENT_READ, LEASE = 1.0, 1.0, 1.5, 2.6
# In minutes.
LOOKS = (0.01, 0.02, 0.05, 60)
DYING = 0.05


def folder() -> Path:
    """Where files say what is to happen."""
    place: Path = settings.DATA_DIR / "edges"
    place.mkdir(exist_ok=True)
    return place


def reach(who: str, place: str) -> None:
    """Do what was asked for at this place, once."""
    failpoints.reach(place)
    for file in sorted(folder().glob(f"{who}.{place}.*")):
        action = file.name.split(".")[2]
        taken = file.with_name(f"taken.{file.name}")
        try:
            file.rename(taken)
        except FileNotFoundError:  # somebody else was there first
            continue
        if action == "kill" and place == "during_call":
            threading.Timer(DYING, die, [who, place]).start()
        elif action == "kill":
            die(who, place)
        else:
            while taken.exists():
                time.sleep(0.005)
        return


def die(who: str, place: str) -> None:
    with (settings.DATA_DIR / "fired").open("a") as fired:
        fired.write(f"{place} {who}\n")
    os.kill(os.getpid(), signal.SIGKILL)


class Settings:
    """The shop's settings. When money is taken stands in a file, so that a trial says it."""

    def __getattr__(self, name: str) -> Any:
        file = folder() / "PAYMENT_CAPTURE"
        return file.read_text() if name == "PAYMENT_CAPTURE" and file.exists() else getattr(settings, name)


def after(function: Callable[..., Any], place: Callable[[], None]) -> Callable[..., Any]:
    """A function that comes to a place when it has done its work."""

    def and_then(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        place()
        return result

    return and_then


def install(who: str) -> None:
    """Put the places into this process, which is web or worker, and cut its times short."""

    def at(place: str) -> Callable[[], None]:
        return lambda: reach(who, place)

    intend = after(books.intend, at("inside_t1"))
    modules: tuple[ModuleType, ...] = (books, applying, asking, carrying)
    for module in modules:
        put(module, "intend", intend)
    put(applying, "schedule", after(applying.schedule, at("inside_t2")))
    call, apply = carrying.call, applying.apply

    def call_and_reach(*args: Any) -> Any:
        reach(who, "before_call")
        reach(who, "during_call")
        answer = call(*args)
        reach(who, "after_call")
        return answer

    def apply_and_reach(*args: Any) -> Any:
        reach(who, "before_apply")
        begun = apply(*args)
        reach(who, "after_t2")
        return begun

    put(carrying, "call", call_and_reach)
    put(carrying, "apply", apply_and_reach)
    for module in (asking, books):
        put(module, "settings", Settings())
    put(calls, "CONNECT", CONNECT)
    put(calls, "PATIENT_READ", PATIENT_READ)
    put(calls, "_read", ContextVar("read", default=READ))
    for module in (carrying, reconciling):
        put(module, "LEASE", timedelta(seconds=LEASE))
    put(applying, "LOOKS", LOOKS)
    put(books, "PAUSE", timedelta(seconds=0.5))


def put(module: object, name: str, other: object) -> None:
    """Put something else in place of what is there under this name."""
    getattr(module, name)
    setattr(module, name, other)
