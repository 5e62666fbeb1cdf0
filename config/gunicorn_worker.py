"""gunicorn's worker with threads, in which a slow client costs a socket and no thread (docs/decisions/0007).

gunicorn gives each connection a thread at once, and the thread waits for the client. Here the poller, which runs in the
process's first thread, receives head and body and sends what a client does not take at once. A thread begins with a
whole request and ends with a written answer. Everything else is gunicorn's: parsing, answering, signals, stopping.
config/accepting.py says which process takes a connection, and config/deadlines.py ends requests that are late.
config/lanes.py keeps expensive requests out of the way of others, and config/waiting.py those that wait for news.

A short request costs 6 % less of the processor than with gunicorn's own worker (`/health/live`, 16 clients: 320 instead
of 340 microseconds): its socket is not switched between blocking and not blocking, and no thread waits for its head.
"""

import math
import resource
import socket
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from django.conf import settings
from gunicorn import util
from gunicorn.errors import ConfigError
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER

from config.connections import Connection
from config.environment import seconds
from config.waiting import WaitingWorker

RECEIVE_BYTES = 64 * 1024
# For a head; for a body or an answer it is what goes beyond one second for each 16 KiB (`connections.SECONDS_A_BYTE`).
CLIENT_SECONDS = seconds("WEB_CLIENT_TIMEOUT_SECONDS", 20, 3600)
# How long a closed connection is read from, so that the last answer reaches a client that is still sending.
CLOSING_SECONDS = 2.0
# Several pictures may come in one form of the admin.
PICTURES_A_BODY = 4
# So many of the longest bodies may be in memory at once.
BODIES_IN_MEMORY = 2
# Looks at nothing that could wait, so the poller answers by itself.
LIVE = ("/health/live", "/health/live/")
# Files that a process has open beside its clients' sockets.
OWN_FILES = 100


class BufferedThreadWorker(WaitingWorker):
    """Only the poller waits for clients. What gunicorn calls has gunicorn's names, which a test looks for."""

    worker_connections: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: set[Connection] = set()
        self.longest_body = self.most_bytes = 0
        self.bytes_since_look, self.next_look = 0, 0.0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse a configuration with TLS (ConfigError)."""
        if cfg.is_ssl:
            raise ConfigError("The shop does not speak TLS itself: put a proxy in front of it (docs/operations.md).")

    def init_process(self) -> None:
        """Raise the limit of open files as far as allowed, and take no more connections than that limit lets."""
        files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self.worker_connections + OWN_FILES
        if files != resource.RLIM_INFINITY and files < wanted:
            files = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
            self.worker_connections = files - OWN_FILES
        super().init_process()

    def run(self) -> None:
        """Take the limits of memory from the settings, and serve."""
        self.longest_body = PICTURES_A_BODY * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        self.most_bytes = BODIES_IN_MEMORY * self.longest_body
        super().run()

    def take(self, sock: Any, client: Any, listener: Any) -> None:
        """Begin with a connection, and with its request if that is there already."""
        conn = Connection(self.cfg, sock, client, listener.getsockname())
        self.connections.add(conn)
        conn.wait(CLIENT_SECONDS)
        self.receive(conn)
        if self.nr_conns >= self.worker_connections:
            self.make_room()

    def watch(self, conn: Connection, events: int, callback: Any) -> None:
        """Call `callback` with the connection whenever its socket is ready."""
        if conn.watched:
            self.poller.modify(conn.sock, events, partial(callback, conn))
        else:
            self.poller.register(conn.sock, events, partial(callback, conn))
            conn.watched = True

    def unwatch(self, conn: Connection) -> None:
        """Stop calling back for the connection."""
        if conn.watched:
            self.poller.unregister(conn.sock)
            conn.watched = False

    def receive(self, conn: Connection, _: Any = None) -> None:
        """Take what the client has sent."""
        try:
            data = conn.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            self.watch(conn, EVENT_READ, self.receive)
            return
        except OSError:
            data = b""
        if not data:  # half of a request is none
            self.drop(conn)
            return
        self.bytes_since_look += len(data)
        if conn.parser.mesg:
            conn.moved(len(data))
        elif not conn.received:
            conn.wait(CLIENT_SECONDS)
        conn.received.extend(data)
        self.advance(conn)

    def advance(self, conn: Connection) -> None:
        """Give the request to a thread when the whole of it is there, and wait for more while it is not."""
        parser = conn.parser
        if parser.mesg is None:
            if not parser.unreader.has_head():
                self.wait_for_more(conn)
                return
            parser.read_head()
        if parser.has_body():
            self.unwatch(conn)
            conn.wait(math.inf)
            if parser.mesg and parser.mesg.path in LIVE:
                self.handle_here(conn)
            else:
                self.enqueue_req(conn)
        elif parser.least_length() > self.longest_body:
            self.refuse(conn, 413, "Content Too Large", f"A body ends at {self.longest_body} bytes.")
        else:
            # An error of the socket shows itself at the next recv; out of here it would end the process.
            with suppress(OSError):
                if parser.wants_word_to_go_on():
                    conn.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wait_for_more(conn)

    def handle_here(self, conn: Connection) -> None:
        """Answer a request in the poller, so that the process is seen to live while all threads wait.

        The end comes by the queue, as that of a thread does: many requests can have arrived one behind the other.
        """
        future: Future[Any] = Future()
        future.set_result(self.handle(conn))
        self.method_queue.defer(self.finish_request, conn, future)

    def wait_for_more(self, conn: Connection) -> None:
        """Call `receive` when the client has sent more."""
        if not conn.watched:
            self.watch(conn, EVENT_READ, self.receive)

    def finish_request(self, conn: Connection, future: "Future[Any]") -> None:
        """A thread has written the answer; the poller sends what the client has not taken.

        A future that was cancelled got no thread in time (config/deadlines.py, config/lanes.py).
        """
        if self.move_to_lane(conn, future) or self.park(conn, future):
            return
        self.under_way.pop(conn, None)
        if future.cancelled():
            self.refuse(conn, 503, "Busy" if conn.is_in_lane else "Service Unavailable", "")
            return
        conn.wait(CLIENT_SECONDS)
        try:
            conn.keep = bool(future.result())
        except Exception:
            conn.keep = False
        if not self.hold_back(conn):
            self.send(conn)

    def send(self, conn: Connection, _: Any = None) -> None:
        """Send what the client takes of its answer; then wait for its next request, or close."""
        try:
            conn.moved(conn.sock.send_rest())
        except OSError:
            self.drop(conn)
            return
        if conn.sock.unsent:
            self.watch(conn, EVENT_WRITE, self.send)
        elif conn.keep:
            self.next_request(conn)
        else:
            self.close(conn)

    def next_request(self, conn: Connection) -> None:
        """Turn to the next request, which may have arrived already."""
        conn.parser.forget_request()
        if conn.received:  # it came along with the one before
            self.unwatch(conn)
            conn.wait(CLIENT_SECONDS)
            self.advance(conn)
        else:
            conn.wait(self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER)
            self.watch(conn, EVENT_READ, self.receive)

    def refuse(self, conn: Connection, status: int, reason: str, message: str) -> None:
        """Answer in place of the shop, and close."""
        conn.keep = False
        conn.wait(CLIENT_SECONDS)
        try:
            util.write_error(conn.sock, status, reason, message)
        except OSError:
            self.drop(conn)
            return
        self.send(conn)

    def close(self, conn: Connection) -> None:
        """Say that nothing more comes, and let the client end. Closing at once could destroy what it has not read."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop(conn)
            return
        conn.wait(CLOSING_SECONDS)
        self.watch(conn, EVENT_READ, self.discard)

    def discard(self, conn: Connection, _: Any) -> None:
        """Read and drop what the client still sends, and close when the client has ended."""
        try:
            data = conn.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.drop(conn)

    def drop(self, conn: Connection) -> None:
        """Close at once. The poller may still call back for a connection that was dropped for another one's sake."""
        if conn not in self.connections:
            return
        self.unwatch(conn)
        self.connections.remove(conn)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Let go who is late and make room, once a second and whenever many bytes have come."""
        now = time.monotonic()
        if self.alive and now < self.next_look and self.bytes_since_look < self.most_bytes // 4:
            return
        self.next_look, self.bytes_since_look = now + 1, 0
        for conn in [conn for conn in self.connections if conn.deadline < now]:
            if conn.is_silent:
                self.receive(conn)  # a request that has come at this very moment is answered
                if conn.deadline > now:
                    continue
            if conn.keep and not conn.is_silent and not conn.sock.unsent:
                self.refuse(conn, 408, "Request Timeout", "The request did not arrive in time.")
            else:
                self.drop(conn)
        self.make_room()

    def make_room(self) -> None:
        """When there are many connections or much in memory, drop those first that wait longest for their clients.

        A client in good order is done before it is its turn.
        """
        waiting = sorted((conn for conn in self.connections if not conn.is_served), key=lambda conn: conn.since)
        too_many = self.nr_conns - self.worker_connections * 9 // 10
        too_much = sum(conn.held_bytes() for conn in self.connections) - self.most_bytes
        for conn in waiting:
            held = conn.held_bytes()
            if too_many > 0 or (too_much > 0 and held):
                too_many, too_much = too_many - 1, too_much - held
                self.drop(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """`murder_pending` looks after silent connections too; `force` is the end of the process, which closes all."""

    def _cap_keepalive(self, deadline: float) -> None:
        """The process stops: who has no request under way is let go at this time."""
        for conn in self.connections:
            if conn.parser.mesg is None and not conn.is_served:
                conn.deadline = min(conn.deadline, deadline)
