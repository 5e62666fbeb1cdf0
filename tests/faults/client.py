"""Customers and clerks over HTTP: what each wished for, every answer they saw, and retries with the same key."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TRIES = 3
TIMEOUT_SECONDS = 30.0
UNKNOWN = 0
ADDRESS = {
    "shipping_address_line1": "1 Main Street",
    "shipping_city": "Springfield",
    "shipping_state": "IL",
    "shipping_postal_code": "62701",
    "shipping_country": "USA",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client saw; status 0 when the connection broke, so that it does not know what became of its wish."""

    status: int
    body: bytes = b""
    retry_after: str = ""
    sent: float = 0.0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def document(self) -> Any:
        return json.loads(self.body) if self.body else {}

    @property
    def code(self) -> str:
        return "" if self.ok or not self.body else str(self.document.get("code", ""))

    @property
    def definite(self) -> bool:
        """Whether the client knows now. A 503 may have come after the commit; `in_progress` says nothing yet."""
        return self.ok or (400 <= self.status < 500 and self.code != "in_progress")


class Web:
    """HTTP/1.1 over kept connections, for one event loop."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, method: str, path: str, token: str = "", body: object = None, **headers: str) -> Answer:
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} /api/v1{path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Content-Length: {len(content)}"]
        lines += ["Content-Type: application/json"] if content else []
        lines += [f"Authorization: Bearer {token}"] if token else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        sent = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, fields, answer = await self.exchange("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            return Answer(UNKNOWN, sent=sent, seconds=time.monotonic() - sent)
        return Answer(status, answer, fields.get("retry-after", ""), sent, time.monotonic() - sent)

    async def exchange(self, request: bytes) -> tuple[int, Mapping[str, str], bytes]:
        reader, writer = await self.connect()
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(fields.get("content-length", 0)))
        except BaseException:
            writer.close()
            raise
        if fields.get("connection") == "close":
            writer.close()
        else:
            self.idle.append((reader, writer))
        return int(head[0].split()[1]), fields, body

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof() and reader.exception() is None:
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self.port)

    def close(self) -> None:
        for _, writer in self.idle:
            writer.close()


@dataclass
class Wish:
    """Something that a client wants to happen once, and all that it was told about it."""

    kind: str
    path: str
    body: Mapping[str, Any]
    token: str
    key: str
    answers: list[Answer] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    basket: Sequence[tuple[str, int]] = ()
    """What it is about, where the body does not say."""

    @property
    def outcome(self) -> str:
        """`ok` once any answer said so; `refused` when the last one did; `unknown` while nobody can tell."""
        if any(answer.ok for answer in self.answers):
            return "ok"
        return "refused" if self.answers and self.answers[-1].definite else "unknown"

    @property
    def result(self) -> Any:
        """The document of the answer that said yes."""
        return next(answer for answer in self.answers if answer.ok).document

    async def ask(self, web: Web, **headers: str) -> Answer:
        fields = {"Idempotency_Key": self.key, **self.headers, **headers}
        answer = await web.send("POST", self.path, self.token, self.body, **fields)
        self.answers.append(answer)
        return answer

    async def ask_until_known(self, web: Web, tries: int = TRIES) -> bool:
        """Ask, and with the same key again while the outcome is unknown; whether it is known then."""
        for attempt in range(tries):
            if attempt:
                await asyncio.sleep(random.uniform(0.05, 0.2))
            if (await self.ask(web)).definite:
                return True
        return False


def order(token: str, key: str, basket: Iterable[tuple[str, int]]) -> Wish:
    """An order that carries its key in the address, so that it can be found without the shop's own bookkeeping."""
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in basket]
    return Wish("order", "/orders/", ADDRESS | {"shipping_address_line2": key, "order_items": lines}, token, key)


def receipt(token: str, key: str, sku: str, quantity: int, warehouse: str) -> Wish:
    body = {"reference": key, "lines": [{"sku": sku, "warehouse": warehouse, "quantity": quantity}]}
    return Wish("receipt", "/inventory/receipts", body, token, key)


def adjustment(token: str, key: str, sku: str, delta: int, warehouse: str) -> Wish:
    body = {"reason": key, "lines": [{"sku": sku, "warehouse": warehouse, "delta": delta}]}
    return Wish("adjustment", "/inventory/adjustments", body, token, key)


def cancellation(token: str, key: str, order_id: int) -> Wish:
    return Wish("cancellation", f"/orders/{order_id}/cancel", {}, token, key)


async def together(works: Iterable[Awaitable[Any]]) -> list[Any]:
    return list(await asyncio.gather(*works))
