"""Clients that ask a web server all the time, and count what they were answered and what was lost."""

import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.wire import Answer, Web, read_answer


@dataclass
class Load:
    """`answers` counts statuses and a header; a request is `lost` when its connection was made and nobody answered."""

    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    refused: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def requests(self) -> int:
        return self.answers.total() + len(self.lost)

    def client(self, web: Web, request: bytes, header: str, *, keeps: bool) -> None:
        """Ask until the end, on one connection as long as the server keeps it, or on a new one each time."""
        connection: socket.socket | None = None
        while not self.stop.is_set():
            if connection is not None and (not keeps or has_ended(connection)):
                connection.close()
                connection = None
            try:
                connection = connection or web.connect()
            except ConnectionRefusedError:
                self.refused += 1
                time.sleep(0.01)  # the pace of a client whom nobody serves
                continue
            try:
                connection.sendall(request)
                answer = read_answer(connection)
            except OSError as error:
                self.lost.append(f"{'kept' if keeps else 'new'} connection: {error!r}")
                connection.close()
                connection = None
                continue
            self.answers[answer.status, value_of(answer, header)] += 1
            if value_of(answer, "Connection") == "close":
                connection.close()
                connection = None
            time.sleep(0.001)  # so that the clients do not take the processor from the server
        if connection is not None:
            connection.close()


def has_ended(connection: socket.socket) -> bool:
    """Whether the server has closed an idle connection, as clients look before they use one again."""
    return bool(select.select([connection], [], [], 0)[0])


def value_of(answer: Answer, header: str) -> str:
    fields = dict(line.split(": ", 1) for line in answer.head.split("\r\n")[1:] if line)
    return fields.get(header, "")


@contextmanager
def load(web: Web, request: bytes, *, header: str = "", clients: int = 6) -> Iterator[Load]:
    """Clients until the end of the block, every second one with kept connections. Under way at its start."""
    going = Load()
    threads = [
        threading.Thread(target=going.client, args=(web, request, header), kwargs={"keeps": number % 2 == 0})
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        going_on(going, 5 * clients)
        yield going
    finally:
        going.stop.set()
        for thread in threads:
            thread.join(30)


def going_on(going: Load, requests: int = 50) -> None:
    """Wait until so many more requests have been answered or lost."""
    wanted, deadline = going.requests + requests, time.monotonic() + 30
    while going.requests < wanted:
        assert time.monotonic() < deadline, going
        time.sleep(0.01)
