"""The client that sends webhooks. It trusts neither the name, nor the address, nor the answer.

- One look-up. Each address that it finds is checked, and the connection goes to a checked one, so that the name cannot
  lead elsewhere a moment later. The certificate is checked for the name.
- One deadline over all of it, by a clock that nobody sets. A server that sends a byte now and then does not stretch it,
  and an answer that is not whole by then does not count.
- No redirects, no cookies, no proxies. Of an answer MAX_ANSWER bytes are read, and EXCERPT bytes are kept.
"""

import io
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult

from events.webhooks.addresses import Address, BadURL, NotAllowed, check, literal, parse

EXCERPT = 2048
# Of headers and body together. A server that sends more has sent no answer that we understand.
MAX_ANSWER = 32 * 1024
USER_AGENT = "Shop-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: a status, or the reason why there is none."""

    status: int | None = None
    error: str = ""
    excerpt: str = ""
    duration_ms: int = 0
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        """Whether the receiver has said, in time, that it has the message."""
        return self.status is not None and 200 <= self.status < 300 and not self.error


class TooLate(Exception):
    """The deadline is over."""


class Clock:
    """The time that is left of one request."""

    def __init__(self, seconds: float) -> None:
        self.began = time.monotonic()
        self.ends = self.began + seconds

    def left(self) -> float:
        """Seconds until the deadline. Raises TooLate after it."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TooLate
        return left

    def spent_ms(self) -> int:
        """Milliseconds since the request began."""
        return int(1000 * (time.monotonic() - self.began))


class Incoming(io.RawIOBase):
    """What a server sends, each piece of it awaited no longer than the deadline, and MAX_ANSWER bytes of it."""

    def __init__(self, line: socket.socket, clock: Clock) -> None:
        self.line, self.clock, self.room = line, clock, MAX_ANSWER

    def readable(self) -> bool:
        """It is read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """What has come. Raises TooLate, and HTTPException for an answer that is too long."""
        self.line.settimeout(self.clock.left())
        number = self.line.recv_into(buffer)
        self.room -= number
        if self.room < 0:
            raise HTTPException("The answer is too long.")
        return number

    def makefile(self, mode: str) -> io.BufferedReader:
        """What http.client asks a socket for."""
        return io.BufferedReader(self)


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Answer:
    """Send a message, and tell what came of it within so many seconds. Raises nothing."""
    clock = Clock(seconds)
    try:
        return exchange(parse(url), body, headers, clock)
    except (TooLate, TimeoutError):
        error = f"no answer within {seconds:g} s"
    except (BadURL, NotAllowed) as refused:
        error = str(refused)
    except ssl.SSLCertVerificationError as wrong:
        error = f"certificate: {wrong.verify_message}"
    except (HTTPException, ValueError) as broken:
        error = f"no answer of HTTP: {broken}" if str(broken) else "no answer of HTTP"
    except OSError as broken:
        error = f"no connection: {broken.strerror or type(broken).__name__}"
    return Answer(error=error[:200], duration_ms=clock.spent_ms())


def exchange(parts: SplitResult, body: bytes, headers: Mapping[str, str], clock: Clock) -> Answer:
    """One request and its answer. Raises what `post` turns into an error."""
    line = connect(parts, clock)
    try:
        send(line, request_of(parts, body, headers), clock)
        response = HTTPResponse(Incoming(line, clock), method="POST")  # type: ignore[arg-type]  # all that it asks of a socket
        response.begin()
        excerpt = b"" if response.status in (204, 304) else response.read(EXCERPT)
        clock.left()
        return Answer(
            status=response.status,
            excerpt=excerpt.decode("utf-8", "replace").replace("\x00", "\ufffd"),
            duration_ms=clock.spent_ms(),
            retry_after=seconds_of(response.headers.get("Retry-After", "")),
        )
    finally:
        line.close()


def connect(parts: SplitResult, clock: Clock) -> socket.socket:
    """A connection to the first checked address that takes one, encrypted where the URL says so."""
    host, is_encrypted = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_encrypted else 80)
    addresses = look_up(host, clock)
    for address in addresses:
        check(address, is_encrypted=is_encrypted)
    failure: OSError = OSError("The name has no address.")
    for address in addresses:
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.settimeout(clock.left())
            line.connect((str(address), port))
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not is_encrypted:
                return line
            line.settimeout(clock.left())
            return context().wrap_socket(line, server_hostname=host)
        except ssl.SSLError:
            line.close()
            raise
        except OSError as error:
            line.close()
            failure = error
        except BaseException:
            line.close()
            raise
    raise failure


@cache
def context() -> ssl.SSLContext:
    """TLS with the certificates that the machine trusts."""
    return ssl.create_default_context()


def look_up(host: str, clock: Clock) -> list[Address]:
    """The addresses of a host. The system's look-up has no deadline, so it runs in a thread that may be left behind."""
    if (own := literal(host)) is not None:
        return [own]
    found: list[Address] = []
    failures: list[OSError] = []

    def ask() -> None:
        try:
            for row in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
                address = literal(str(row[4][0]))
                if address is None:
                    raise OSError("The name leads to an address that is none.")
                if address not in found:
                    found.append(address)
        except (OSError, UnicodeError) as error:
            failures.append(error if isinstance(error, OSError) else OSError("The name is none."))

    asking = threading.Thread(target=ask, daemon=True, name="webhook-look-up")
    asking.start()
    asking.join(clock.left())
    if asking.is_alive():
        raise TooLate
    if failures:
        raise failures[0]
    return found


def request_of(parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The request as it goes over the line."""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    lines = {
        "Host": host,
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body


def send(line: socket.socket, content: bytes, clock: Clock) -> None:
    """Send all of it before the deadline."""
    rest = memoryview(content)
    while rest:
        line.settimeout(clock.left())
        rest = rest[line.send(rest) :]


def seconds_of(retry_after: str) -> float | None:
    """What a Retry-After means, in seconds from now; None where it means nothing."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
