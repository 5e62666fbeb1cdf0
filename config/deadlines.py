"""Each request is answered in time, also while the database answers nothing at all.

The poller knows when each request arrived. A request that is late in a thread loses its connections to the database,
so that the thread ends its wait and answers 503. One that still waits for a thread is answered by the poller.
"""

import time
from concurrent.futures import Future
from threading import get_ident
from typing import Any

from django.conf import settings

from config.accepting import TurnTakingWorker
from config.connections import Connection
from database import deadlines

# How often the poller looks for late requests.
LOOK_SECONDS = 0.25


class DeadlineWorker(TurnTakingWorker):
    """Ends requests that are late. Subclasses answer 503 where `finish_request` is given a cancelled future."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In the order of their arrival, which is that of their deadlines.
        self.under_way: dict[Connection, Future[Any]] = {}
        self.next_interrupt = 0.0

    def enqueue_req(self, conn: Connection) -> None:
        """Give a whole request to a thread, and note by when it must be answered."""
        conn.answer_by, conn.is_late = time.monotonic() + settings.REQUEST_DEADLINE_SECONDS, False
        conn.is_in_lane = False
        future = self.under_way[conn] = self.tpool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def handle(self, conn: Connection) -> Any:
        """Answer a request, in a thread that knows its deadline."""
        conn.thread = get_ident()
        deadlines.begin(conn.answer_by)
        try:
            return super().handle(conn)
        finally:
            deadlines.finish()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Handle what happens, and end the requests that are late."""
        super().wait_for_and_dispatch_events(min(timeout, LOOK_SECONDS) if self.under_way else timeout)
        if self.under_way:
            now = time.monotonic()
            if now > self.next_interrupt and now > next(iter(self.under_way)).answer_by:
                self.next_interrupt = now + LOOK_SECONDS
                self.end_late_requests(now)

    def end_late_requests(self, now: float) -> None:
        """Interrupt the threads of late requests, again and again until they end, and cancel those that have none."""
        interrupted = cancelled = 0
        for conn, future in self.under_way.items():
            if conn.answer_by > now:
                break
            if future.cancel():
                cancelled += 1
            elif not future.done():
                deadlines.interrupt(conn.thread)
                interrupted += not conn.is_late
                conn.is_late = True
        if interrupted or cancelled:
            self.log.warning(
                "database silent: %d requests lost their connections to it after %d s, %d had not got a thread by then",
                interrupted,
                settings.REQUEST_DEADLINE_SECONDS,
                cancelled,
            )
