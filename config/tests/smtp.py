"""A mail server for tests: takes mails after a delay, or with `frozen` greets nobody."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Handler(socketserver.StreamRequestHandler):
    server: "MailServer"

    def handle(self) -> None:
        if self.server.frozen.wait(0):
            self.server.stopped.wait(30)
            return
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline():
            command = line[:4].upper().strip()
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.take_mail()
            self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")

    def take_mail(self) -> None:
        self.server.receiving.set()
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        time.sleep(self.server.delay)
        self.server.received.append(b"".join(lines).decode())


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, delay: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.delay = delay
        self.received: list[str] = []
        self.receiving, self.frozen, self.stopped = threading.Event(), threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


@contextmanager
def mail_server(*, delay: float = 0, frozen: bool = False) -> Iterator[MailServer]:
    with MailServer(delay) as server:
        if frozen:
            server.frozen.set()
        thread: Any = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.stopped.set()
        server.shutdown()
        thread.join()
