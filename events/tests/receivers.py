"""Receivers of webhooks for tests, on this machine: a server of one's own answers, in a thread."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from django.test import override_settings


class Receiver:
    """A port that counts who connects and keeps what was sent. `answer` is bytes, or a function of the connection."""

    def __init__(self, answer: bytes | Callable[[socket.socket], None], host: str = "127.0.0.1") -> None:
        self.answer = answer
        self.connections = 0
        self.requests: list[bytes] = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.socket(family)
        self.listener.bind((host, 0))
        self.listener.listen(16)
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=b"

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self.talk, args=(line,), daemon=True).start()

    def talk(self, line: socket.socket) -> None:
        with suppress(OSError), line:
            if callable(self.answer):
                self.answer(line)
                return
            self.requests.append(read_request(line))
            line.sendall(self.answer)


def read_request(line: socket.socket) -> bytes:
    """A request, head and body."""
    sent = b""
    while b"\r\n\r\n" not in sent and (piece := line.recv(65536)):
        sent += piece
    head, _, body = sent.partition(b"\r\n\r\n")
    length = next(int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body


def answered(status: int, body: bytes = b"", *headers: str) -> bytes:
    """An answer of HTTP."""
    head = "".join(f"{header}\r\n" for header in (f"Content-Length: {len(body)}", *headers))
    return f"HTTP/1.1 {status} Reason\r\n{head}\r\n".encode() + body


@contextmanager
def receiver(answer: bytes | Callable[[socket.socket], None] = b"", host: str = "127.0.0.1") -> Iterator[Receiver]:
    """A receiver for the time of a block; by default it says yes."""
    made = Receiver(answer or answered(204), host)
    try:
        yield made
    finally:
        made.listener.close()


def only_public() -> override_settings:
    """No network of one's own: as in production by default."""
    return override_settings(WEBHOOK_ALLOWED_NETWORKS=[])
