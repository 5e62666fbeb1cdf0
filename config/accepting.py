"""Which worker process takes a new connection, and that none is lost when a process stops (docs/decisions/0009).

All workers accept from one socket, so that a connection which waits there outlives each of them. The kernel would give
nearly all connections to the worker that wakes first. Therefore the workers share their numbers of connections, and one
that has more than another leaves a new connection to that one for a moment.
"""

import errno
import mmap
import time
from collections.abc import Iterable
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# How long a worker leaves a new connection to the others. One that is busy looks for new connections about every
# millisecond.
PAUSE_SECONDS = 0.004
# A worker writes its number at least once a second. One that has not for so long is frozen, and nothing is left to it.
FROZEN_SECONDS = 2.0
NOT_SERVING = -1


class ConnectionCounts:
    """How many connections each worker has, in memory that the master and all workers share.

    Each worker writes to a place of its own, which the master chooses before the fork.
    """

    def __init__(self, places: int) -> None:
        memory = memoryview(mmap.mmap(-1, 16 * places))
        self.counts, self.written_at = memory[: 8 * places].cast("q"), memory[8 * places :].cast("d")
        for place in range(places):
            self.counts[place] = NOT_SERVING

    def free_place(self, taken: Iterable[int | None]) -> int | None:
        """A place that no living worker has, or None when there are more workers than places."""
        return min(set(range(len(self.counts))).difference(taken), default=None)

    def write(self, place: int, count: int) -> None:
        """Publish how many connections the worker of this place has; NOT_SERVING when the worker takes none."""
        self.counts[place], self.written_at[place] = count, time.monotonic()

    def some_have_fewer(self, count: int) -> bool:
        """Whether a worker that is not frozen has fewer connections than `count`."""
        since = time.monotonic() - FROZEN_SECONDS
        return any(
            NOT_SERVING < other < count and written_at > since
            for other, written_at in zip(self.counts, self.written_at, strict=True)
        )


class TurnTakingWorker(ThreadWorker):
    """Takes connections in turns with the other workers. Subclasses say what is done with a connection.

    `shared` and `place` are set by the master before the fork (config/gunicorn.py). Without them, or with a socket for
    each worker (`reuse_port`), the worker takes every connection at once.
    """

    shared: ConnectionCounts | None = None
    place: int | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pause_ends = 0.0

    def take(self, sock: Any, client: Any, listener: Any) -> None:
        """Serve a connection that was accepted."""
        raise NotImplementedError

    def notify(self) -> None:
        """Tell the master that this worker lives, and the other workers how many connections it has."""
        super().notify()
        if self.shared and self.place is not None:
            self.shared.write(self.place, self.nr_conns if self.alive else NOT_SERVING)

    def accept(self, listener: Any) -> None:
        """Take a new connection, or leave it to a worker that has fewer for PAUSE_SECONDS."""
        if self.shared and self.place is not None and self.shared.some_have_fewer(self.nr_conns):
            self.pause_ends = time.monotonic() + PAUSE_SECONDS
            super().set_accept_enabled(False)
        else:
            self.take_next(listener)

    def take_next(self, listener: Any) -> bool:
        """Take a connection; False when none waits."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return False
        self.nr_conns += 1
        self.take(sock, client, listener)
        return True

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Handle what happens until the time-out or the end of a pause, after which a connection is taken anyway."""
        if self.pause_ends:
            timeout = min(timeout, max(0.0, self.pause_ends - time.monotonic()))
        super().wait_for_and_dispatch_events(timeout)
        if self.pause_ends and time.monotonic() >= self.pause_ends:
            self.pause_ends = 0.0
            for listener in self.sockets:
                self.take_next(listener)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Look for new connections or not: never in a pause, and not again when the worker stops."""
        super().set_accept_enabled(enabled and not self.pause_ends)
        if not enabled and not self.alive:
            self.stop_accepting()

    def stop_accepting(self) -> None:
        """Take what has come, and close this worker's access to the socket.

        When no process has the socket open any more, the kernel resets the connections that wait there. Therefore the
        queue is emptied just before. A second call finds nothing to do: the signal can come at any moment of `run`.
        """
        self.pause_ends = 0.0
        while self.sockets:
            listener = self.sockets.pop()
            while self.nr_conns < self.worker_connections and self.take_next(listener):
                pass
            listener.close()
