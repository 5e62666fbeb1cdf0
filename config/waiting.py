"""Requests that wait for news, without a thread: the web worker's side of api/waiting.py.

A parked request costs its socket. One thread of the process looks for new events while there are such requests, and the
poller begins those anew whose news has come or whose time is over. The client learns of an event within LOOK_SECONDS
after the dispatcher has given it its place.
"""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from django.db import Error, connection

from api import waiting
from config.connections import Connection
from config.lanes import LaneWorker
from events.feed import newest_position

LOOK_SECONDS = 0.25
# Further requests are answered at once, as if their time were over.
MOST_PARKED = 50


@dataclass
class Parked:
    """Until when a request waits, and the newest event that it knew of."""

    until: float
    seen: int


class WaitingWorker(LaneWorker):
    """Parks requests that wait for news. Subclasses call `park` when a thread is done."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parked: dict[Connection, Parked] = {}
        self.watcher: threading.Thread | None = None

    def run(self) -> None:
        """Say that requests can be parked, and serve."""
        waiting.open_car_park()
        super().run()

    def handle(self, conn: Connection) -> Any:
        """Answer a request in a thread; a Park as the result means that nothing was answered."""
        try:
            with waiting.waited(is_over=conn.has_waited):
                return super().handle(conn)
        except waiting.Park as park:
            return park

    def park(self, conn: Connection, future: "Future[Any]") -> bool:
        """Let a request wait if that is what its thread has come to. It waits for no longer than it asked at first."""
        park = None if future.cancelled() or future.exception() else future.result()
        if not isinstance(park, waiting.Park):
            conn.waits_until, conn.has_waited = 0.0, False
            return False
        self.under_way.pop(conn, None)
        conn.waits_until = conn.waits_until or time.monotonic() + park.seconds
        self.parked[conn] = Parked(conn.waits_until, park.seen)
        if len(self.parked) > MOST_PARKED:
            self.parked[conn].until = 0.0
        if self.watcher is None or not self.watcher.is_alive():
            self.watcher = threading.Thread(target=self.watch_events, name="news", daemon=True)
            self.watcher.start()
        return True

    def watch_events(self) -> None:
        """Tell the poller of new events, for as long as somebody waits for them."""
        told = -1
        try:
            while self.parked:
                try:
                    newest = newest_position()
                except Error:  # whoever asks next is told that the database is away
                    connection.close()
                    newest = told
                if newest > min((parked.seen for parked in list(self.parked.values())), default=newest):
                    told = newest
                    self.method_queue.defer(self.wake, newest)
                time.sleep(LOOK_SECONDS)
        finally:
            connection.close()

    def wake(self, newest: int) -> None:
        """Begin those anew who have not seen this event."""
        for conn in [conn for conn, parked in self.parked.items() if parked.seen < newest]:
            self.begin_anew(conn)

    def begin_anew(self, conn: Connection) -> None:
        """Give a parked request to a thread once more."""
        del self.parked[conn]
        self.enqueue_req(conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Handle what happens, and answer those whose time is over: all of them, when the process stops."""
        if self.parked:
            first = min(parked.until for parked in self.parked.values())
            timeout = min(timeout, max(0.0, first - time.monotonic()))
        super().wait_for_and_dispatch_events(timeout)
        now = time.monotonic()
        for conn, parked in list(self.parked.items()):
            if parked.until <= now or not self.alive:
                conn.has_waited = True
                self.begin_anew(conn)
