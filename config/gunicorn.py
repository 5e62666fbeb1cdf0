"""How gunicorn serves the shop: few threads with persistent connections, as measured (docs/operations.md)."""

import json
import os
import secrets
import signal
import socket
from contextlib import suppress
from typing import Any

import gunicorn
from django.core.exceptions import ImproperlyConfigured
from gunicorn import glogging, systemd, util

from config.accepting import NOT_SERVING, ConnectionCounts
from config.environment import number, switch, text

gunicorn.SERVER = "shop"  # no version banner

host, port = text("HOST", "127.0.0.1"), number("PORT", 8000, 0, 65535)
bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
workers = number("WEB_CONCURRENCY", 2, 1, 1000)
threads = number("WEB_THREADS", 4, 1, 1000)
# gunicorn's own gthread gives each connection a thread, which waits for the client (docs/decisions/0007).
worker_class = "config.gunicorn_worker.BufferedThreadWorker"
worker_connections = number("WEB_CONNECTIONS", 1000, 100, 100_000)
# The master loads all code and templates (config/loading.py), so that all workers have the same release for as long as
# the master lives. A worker is there some milliseconds after it is needed, and shares the memory of what never changes.
# No connection to a database lives beyond the fork.
preload_app = True
# One socket for all workers, who take connections in turns (config/accepting.py). With a socket for each (reuse_port) a
# worker that stops or is frozen keeps the connections that wait in its own, and a second shop can take the same port.
reuse_port = False
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  # heartbeats must not wait for a disk
timeout = 60
graceful_timeout = 20
keepalive = 75
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
# No header is believed here: whether a proxy is, TRUST_X_FORWARDED_PROTO and TRUSTED_PROXIES of the shop decide. "*"
# spares each request the search for its peer in a list that would give it nothing (6 % of a short request).
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
forwarded_allow_ips = "*"
control_socket_disable = True
# A Python process runs one thread at a time. When its threads take turns on one core, what they share stays in that
# core's cache, and they do not disturb each other from two (a page costs a tenth less, measured). Only where the
# processes fill all cores evenly: on a large machine that others use too, the kernel knows better.
cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
pin_to_cores = switch("WEB_PIN_TO_CORES", default=True) and bool(cores) and workers % len(cores) == 0


def on_starting(server: Any) -> None:
    """Refuse to start on a database that is set up in a wrong way.

    HUP replaces the processes and nothing else: this file is a part of the release that the master has loaded.
    """
    from django.db import connections

    from config.checks import check_currency, check_taxes
    from database.checks import check_at_start

    try:
        check_at_start(check_currency, check_taxes)
    except ImproperlyConfigured as error:
        server.halt(reason=str(error), exit_status=1)
    connections.close_all()  # no worker may inherit one
    server.app.reload = lambda: None
    # USR2 would start "python -m gunicorn" by its file, in whose folder modules have names of the standard library.
    arguments = server.START_CTX["args"]
    if os.path.basename(arguments[1]) == "__main__.py":
        arguments[1:2] = ["-m", "gunicorn"]


def when_ready(server: Any) -> None:
    """Tell systemd the process to watch, which USR2 changes."""
    systemd.sd_notify(f"MAINPID={os.getpid()}", server.log)


# A signal that reaches a new process before it has its own handlers would be lost: the master tells each worker once,
# waits for the whole graceful_timeout, and kills it with all that it serves. So it waits from the fork on.
STOPPING = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
os.register_at_fork(
    before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING),
    after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING),
)


def post_worker_init(worker: Any) -> None:
    """Let signals to stop come through, since the worker has its handlers now.

    USR2 has started a second master with the next release: when its first worker can serve, the old master ends.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    if old_master := os.environ.get("GUNICORN_PID"):
        with suppress(ProcessLookupError):
            os.kill(int(old_master), signal.SIGTERM)


# While workers are replaced there are twice as many, and a signal (TTIN) can ask for more.
connection_counts = ConnectionCounts(2 * workers + 16)


def pre_fork(server: Any, worker: Any) -> None:
    """Give the worker the core that has the fewest, and a place for its number of connections."""
    others = list(server.WORKERS.values())
    taken = [other.core for other in others]
    worker.core = min(cores, key=taken.count, default=None)
    if not server.cfg.reuse_port:
        worker.shared = connection_counts
        worker.place = connection_counts.free_place(other.place for other in others)


def child_exit(server: Any, worker: Any) -> None:
    """Nothing is left to a worker that has ended, however it did."""
    if worker.place is not None:
        connection_counts.write(worker.place, NOT_SERVING)


def post_fork(server: Any, worker: Any) -> None:
    """Bind the worker to its core."""
    if pin_to_cores:
        os.sched_setaffinity(0, {worker.core})


accesslog = "-" if switch("ACCESS_LOG", default=False) else None
# Neither addresses of people nor query strings, which may hold emails.
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"


class Logger(glogging.Logger):
    """gunicorn's own lines look like those of the shop, and name nobody either."""

    def setup(self, cfg: Any) -> None:
        """Format gunicorn's two logs as JSON."""
        from api.logs import JSONFormatter

        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(JSONFormatter())

    def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
        # The whole message would name the client's address and quote what was sent.
        """As logging, without what a client has sent."""
        msg = "What was sent is no HTTP request." if msg.startswith("Invalid request from ip=") else msg
        super().warning(msg, *args, **kwargs)

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        # Its arguments are the method and the address, which may hold a search for somebody.
        """As logging, without the address that was asked."""
        super().exception(msg.partition(" %s")[0], **kwargs)


logger_class = Logger


CODES: dict[int | str, str] = {
    408: "request_timeout",
    413: "too_large",
    414: "too_large",
    431: "too_large",
    503: "database_unavailable",  # nothing else keeps all threads busy until a deadline
    "Busy": "busy",  # the lane of expensive requests (config/lanes.py)
}


def write_problem(sock: socket.socket, status: int, reason: str, message: str) -> None:
    """Answer what is no HTTP request that the shop could see; every error of the API is a problem document."""
    document = {
        "type": "about:blank",
        "title": reason,
        "status": status,
        "detail": message if status < 500 else "",
        "code": CODES.get(reason) or CODES.get(status, "malformed" if status < 500 else "internal_error"),
        "request_id": secrets.token_hex(8),
    }
    body = json.dumps(document)
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/problem+json"
    head += "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store"
    head += "\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'"
    head += f"\r\nX-Request-ID: {document['request_id']}"
    head += "\r\nRetry-After: 1" if status == 503 else ""
    util.write_nonblock(sock, f"{head}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode("latin1"))


util.write_error = write_problem
