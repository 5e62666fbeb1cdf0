"""Expensive requests in threads of their own: the web worker's side of database/expensive.py.

A request that turns out to be expensive waits for the lane without a thread, as long as MOST_WAITING_SECONDS, and is
answered 503 by the poller after that. A thread of the lane rests after each request as long as it has worked. So the
lane takes half of what it could, and orders find the database and the processor free.

Answers that are held back (api/throttles.py) wait here too.
"""

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from threading import local
from typing import Any

from django.conf import settings

from config.connections import Connection
from config.deadlines import DeadlineWorker
from database import expensive

MOST_WAITING_SECONDS = 3.0
MOST_WAITING = 100
LONGEST_REST = 1.0


class LaneWorker(DeadlineWorker):
    """Carries out expensive requests a few at a time. Subclasses call `move_to_lane` when a thread is done."""

    lane: ThreadPoolExecutor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In the order of their arrival in the lane.
        self.waiting: deque[tuple[float, Connection, Future[Any]]] = deque()
        self.rest = local()
        # In the order in which they may be sent, as all are held for the same time.
        self.held: deque[Connection] = deque()

    def run(self) -> None:
        """Open the lane, and serve."""
        self.lane = ThreadPoolExecutor(settings.EXPENSIVE_REQUESTS_AT_ONCE, "lane", expensive.join_lane)
        expensive.open_lane()
        try:
            super().run()
        finally:
            self.lane.shutdown(wait=False)

    def handle(self, conn: Connection) -> Any:
        """Answer a request in a thread; MoveToLane as the result means that nothing was answered."""
        try:
            return super().handle(conn)
        except expensive.MoveToLane:
            return expensive.MoveToLane

    def handle_in_lane(self, conn: Connection) -> Any:
        """Answer a request in a thread of the lane, which rests before it if it must."""
        time.sleep(max(0.0, getattr(self.rest, "ends", 0.0) - time.monotonic()))
        began = time.monotonic()
        try:
            return self.handle(conn)
        finally:
            now = time.monotonic()
            self.rest.ends = now + min(now - began, LONGEST_REST)

    def move_to_lane(self, conn: Connection, future: "Future[Any]") -> bool:
        """Let a request go on in the lane if that is what its thread has come to."""
        if future.cancelled() or future.exception() or future.result() is not expensive.MoveToLane:
            return False
        moved = self.under_way[conn] = self.lane.submit(self.handle_in_lane, conn)
        self.waiting.append((time.monotonic() + MOST_WAITING_SECONDS, conn, moved))
        conn.is_in_lane = True
        moved.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))
        if len(self.waiting) > MOST_WAITING:
            self.waiting.popleft()[2].cancel()
        return True

    def finish_request(self, conn: Connection, future: "Future[Any]") -> None:
        """End a request, or let it go on in the lane."""
        raise NotImplementedError

    def send(self, conn: Connection) -> None:
        """Send what is left of an answer."""
        raise NotImplementedError

    def hold_back(self, conn: Connection) -> bool:
        """Send the answer of this connection later, if it is to be held."""
        if conn.sock.held_until:
            self.held.append(conn)
        return bool(conn.sock.held_until)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Handle what happens, end requests that wait for the lane too long, and send answers that were held."""
        if self.held:
            timeout = min(timeout, max(0.0, self.held[0].sock.held_until - time.monotonic()))
        super().wait_for_and_dispatch_events(timeout)
        now = time.monotonic()
        while self.waiting and (self.waiting[0][0] < now or self.waiting[0][2].done()):
            self.waiting.popleft()[2].cancel()  # one that has a thread already goes on
        while self.held and self.held[0].sock.held_until <= now:
            conn = self.held.popleft()
            conn.sock.held_until = 0.0
            if conn.sock.fileno() >= 0:
                self.send(conn)
