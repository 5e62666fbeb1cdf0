"""The load generator, a process of its own: `python -m benchmarks.load < plan.json > result.json`.

Plain sockets under one selector and a parser that knows no more of HTTP than both servers say, so that it takes little
of the processor that the measured servers need. Each connection asks the next request of the plan as soon as it has
its answer. Every answer's status is counted and its latency kept; some bodies are handed back to be looked at.
"""

import base64
import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

# Sixteen bytes that are different in each request: what idempotency keys are made of.
UNIQUE = b"<<unique-number>"
BODIES_KEPT = 40
# The kernel deals out connections to the processes of a server by chance, four to one and twelve to the other at times.
# So each is made anew after so many seconds, and a measurement is that of several deals.
DEALT_FOR = 1.0


@dataclass
class Plan:
    port: int
    requests: Sequence[bytes]
    connections: int = 16
    warm_up: float = 0.0
    seconds: float = 0.0
    attempts: int = 0
    """With `attempts` there are so many requests, each measured; with `seconds` there are as many as fit."""

    def dump(self) -> str:
        requests = [base64.b64encode(request).decode() for request in self.requests]
        return json.dumps({**self.__dict__, "requests": requests})

    @classmethod
    def load(cls, text: str) -> "Plan":
        plan = json.loads(text)
        return cls(**{**plan, "requests": [base64.b64decode(request) for request in plan["requests"]]})


@dataclass
class Connection:
    port: int
    wire: socket.socket = field(init=False)
    received: bytearray = field(default_factory=bytearray)
    asked_at: float = 0.0
    dealt_at: float = 0.0

    def __post_init__(self) -> None:
        self.connect()

    def connect(self) -> None:
        self.wire = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.dealt_at = time.perf_counter()

    def ask(self, request: bytes, number: int) -> None:
        self.asked_at = time.perf_counter()
        self.wire.sendall(request.replace(UNIQUE, b"%016x" % number))

    def read(self) -> tuple[int, bytes] | None:
        """The answer's status and body once all of it is there."""
        piece = self.wire.recv(262_144)
        if not piece:
            raise ConnectionError("The server has closed a connection.")
        self.received += piece
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self.received[:end]).lower()
        at = head.find(b"\r\ncontent-length:")
        length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.received) < end + 4 + length:
            return None
        body = bytes(self.received[end + 4 : end + 4 + length])
        self.received.clear()
        return int(head[9:12]), body


class Run:
    """One plan being carried out."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.requests = plan, cycle(plan.requests)
        self.asked = 0
        # Keys must differ between runs, too.
        self.first_number = time.time_ns() & (2**60 - 1)
        self.statuses: Counter[int] = Counter()
        self.measured: Counter[int] = Counter()
        self.latencies: dict[bool, list[float]] = {True: [], False: []}
        self.last_success = 0.0
        self.longest = 0.0
        self.bodies: list[str] = []
        self.bytes = 0

    def may_ask(self, now: float) -> bool:
        return self.asked < self.plan.attempts if self.plan.attempts else now < self.end

    def ask(self, connection: Connection) -> None:
        connection.ask(next(self.requests), self.first_number + self.asked)
        self.asked += 1

    def go(self) -> dict[str, Any]:
        connections = [Connection(self.plan.port) for _ in range(self.plan.connections)]
        begin = time.perf_counter() + self.plan.warm_up
        self.end = begin + self.plan.seconds
        with selectors.DefaultSelector() as selector:
            for connection in connections:
                selector.register(connection.wire, selectors.EVENT_READ, connection)
                self.ask(connection)
            open_requests = len(connections)
            while open_requests:
                for key, _ in selector.select(30):
                    connection = key.data
                    if (answer := connection.read()) is None:
                        continue
                    now = time.perf_counter()
                    self.note(answer, connection.asked_at, now, begin)
                    again = self.may_ask(now)
                    if not again or now > connection.dealt_at + DEALT_FOR:
                        selector.unregister(connection.wire)
                        connection.wire.close()
                        if again:
                            connection.connect()
                            selector.register(connection.wire, selectors.EVENT_READ, connection)
                    if again:
                        self.ask(connection)
                    else:
                        open_requests -= 1
        return self.result(time.perf_counter() - begin)

    def note(self, answer: tuple[int, bytes], asked_at: float, now: float, begin: float) -> None:
        status, body = answer
        self.statuses[status] += 1
        self.longest = max(self.longest, now - asked_at)
        if len(self.bodies) < BODIES_KEPT and self.statuses[status] % 5 == 1:
            self.bodies.append(f"{status} {body.decode()}")
        if begin <= now and (self.plan.attempts or now < self.end):
            self.measured[status] += 1
            self.latencies[status < 300].append(now - asked_at)
            if status < 300:
                self.last_success = now - begin
            self.bytes += len(body)

    def measured_successes(self) -> int:
        return sum(count for status, count in self.measured.items() if status < 300)

    def result(self, elapsed: float) -> dict[str, Any]:
        """Rates per second. With `attempts`, successes count until the last of them, and refusals after it."""
        succeeded, refused = (sorted(self.latencies[key]) or [0.0] for key in (True, False))
        done = sum(self.measured.values())
        rate = self.measured_successes() / (self.plan.seconds or self.last_success)
        return {
            "rate": rate,
            "statuses": dict(self.statuses),
            "p50_ms": 1000 * succeeded[len(succeeded) // 2],
            "p99_ms": 1000 * succeeded[len(succeeded) * 99 // 100],
            "longest_ms": 1000 * self.longest,
            "refused_p50_ms": 1000 * refused[len(refused) // 2],
            "bytes": self.bytes / max(done, 1),
            "processor_share": time.process_time() / (elapsed + self.plan.warm_up),
            "bodies": self.bodies,
        }


if __name__ == "__main__":
    json.dump(Run(Plan.load(sys.stdin.read())).go(), sys.stdout)
