"""The web server alone: gunicorn with the shop's configuration, spoken to byte by byte; no tables are needed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.shop import BASE_DIR, OF_THE_TESTS, free_port

LARGE = bytes(range(256)) * 32 * 1024  # 8 MiB, more than both ends of a connection hold
HEALTH = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Answer:
    status: int
    head: str
    body: bytes


@dataclass
class Web:
    """A running gunicorn."""

    port: int
    master: subprocess.Popen[bytes]
    log: Path

    def workers(self) -> list[int]:
        """The processes that serve requests; none where the system does not tell."""
        children = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    def connect(self, *, takes_little: bool = False, seconds: float = 20) -> socket.socket:
        """A connection; one that `takes_little` has a receive buffer of a few kilobytes."""
        client = socket.socket()
        client.settimeout(seconds)
        if takes_little:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", self.port))
        return client

    def ask(self, request: bytes = HEALTH, *, seconds: float = 20) -> Answer:
        """The answer to one request on a connection of its own."""
        with self.connect(seconds=seconds) as client:
            client.sendall(request)
            return read_answer(client)

    def answers(self, seconds: float) -> bool:
        with suppress(OSError):
            return self.ask(seconds=seconds).status == 200
        return False


def read_answer(client: socket.socket) -> Answer:
    """One answer, and nothing of what may follow; an OSError when the connection ends before."""
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        received += receive(client, 1)
    head = received.decode()
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    body = b""
    while len(body) < int(fields.get("content-length", 0)):
        body += receive(client, int(fields["content-length"]) - len(body))
    return Answer(int(head.split()[1]), head, body)


def receive(client: socket.socket, size: int) -> bytes:
    piece = client.recv(size)
    if not piece:
        raise ConnectionAbortedError("closed by the server")
    return piece


def read_to_the_end(client: socket.socket) -> bytes:
    """Everything up to the moment when the server closes."""
    received = b""
    with suppress(ConnectionError):
        while piece := client.recv(65536):
            received += piece
    return received


@contextmanager
def web_server(
    folder: Path, *options: str, application: str = "config.wsgi", checkout: Path | str = BASE_DIR, **environment: str
) -> Iterator[Web]:
    """gunicorn, until the end of the block; `options` of the command line go before config/gunicorn.py."""
    folder.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_TESTS)}
    port, log = free_port(), folder / "web.log"
    own = {"PORT": str(port), "DATA_DIR": str(folder), "RATE_LIMITS": "off", "ENVIRONMENT": "development"}
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", *options, application]
    with log.open("wb") as output:
        master = subprocess.Popen(
            command, cwd=checkout, env=inherited | own | environment, stdout=output, stderr=output
        )
    web = Web(port, master, log)
    try:
        deadline = time.monotonic() + 60
        while not web.answers(5):
            if master.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(log.read_text())
            time.sleep(0.05)
        yield web
    finally:
        if master.poll() is None:
            master.send_signal(signal.SIGQUIT)  # clients that never end are no reason to wait for them
        master.wait(60)
