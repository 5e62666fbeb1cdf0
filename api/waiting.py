"""Requests that wait until something happens: a long poll, in which whoever waits holds no thread.

A request that has nothing to say yet leaves its thread by Park. The web worker (config/waiting.py) begins it anew when
there is news, or when its time is over. Where nothing parks requests (tests, other web servers) it is answered at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Whether the web worker of this process parks requests.
_parks = False
_is_over: ContextVar[bool] = ContextVar("is_over", default=False)


class Park(BaseException):
    """This request waits for news. No error: nothing but the web worker handles it.

    `seen` is the position of the newest event that the request knew of.
    """

    def __init__(self, seconds: float, seen: int) -> None:
        super().__init__(seconds, seen)
        self.seconds, self.seen = seconds, seen


def open_car_park() -> None:
    """From now on this process parks requests."""
    global _parks
    _parks = True


@contextmanager
def waited(*, is_over: bool) -> Iterator[None]:
    """Answer a request, whose time to wait may be over."""
    token = _is_over.set(is_over)
    try:
        yield
    finally:
        _is_over.reset(token)


def wait_for_news(seconds: float, *, seen: int) -> None:
    """Begin this request anew when there is an event behind `seen`, or in so many seconds.

    Does nothing where the time is over, and where nothing parks requests.
    """
    if seconds and _parks and not _is_over.get():
        raise Park(seconds, seen)
