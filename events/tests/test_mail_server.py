"""A mail server that does not answer costs a bounded time for each mail, and is left alone after a few of them."""

import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.core.mail import EmailMessage

from config.tests.smtp import mail_server
from events.mail_server import FAILURES, TIMEOUTS_A_DIALOGUE, Pause, SMTPBackend


@contextmanager
def dripping_server(beginning: bytes) -> Iterator[int]:
    """A server that begins like this, sends a byte more now and then, and never comes to an end; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stopped = threading.Event()

        def drip() -> None:
            client, _ = listening.accept()
            with client, suppress(OSError):
                client.sendall(beginning)
                while not stopped.wait(0.05):
                    client.sendall(b"2")

        thread = threading.Thread(target=drip)
        thread.start()
        yield listening.getsockname()[1]
        stopped.set()
        thread.join()


def send(port: int, **options: Any) -> None:
    backend = SMTPBackend(host="127.0.0.1", port=port, **options)
    backend.send_messages([EmailMessage("subject", "body", "shop@example.com", ["ann@example.com"])])


# The head of a record of TLS that is 16 KiB long.
RECORD = b"\x16\x03\x03\x40\x00"


@pytest.mark.parametrize(("beginning", "tls"), [(b"220 ", {}), (RECORD, {"use_ssl": True})])
def test_a_server_that_sends_a_byte_now_and_then_is_hung_up_on(beginning: bytes, tls: dict[str, bool]) -> None:
    began = time.monotonic()
    with dripping_server(beginning) as port, pytest.raises((OSError, smtplib.SMTPException)):
        send(port, timeout=0.25, **tls)

    # It would go on for ever: each byte comes in time. (Python itself bounds the whole of TLS's beginning.)
    assert time.monotonic() - began < TIMEOUTS_A_DIALOGUE * 0.25 + 5


def test_a_server_that_says_nothing_costs_one_time_out() -> None:
    began = time.monotonic()
    with mail_server(frozen=True) as server, pytest.raises(OSError, match="timed out"):
        send(server.server_address[1], timeout=0.25)

    assert time.monotonic() - began < 3


def test_a_mail_that_was_taken_leaves_no_clock_behind() -> None:
    with mail_server() as server:
        send(server.server_address[1], timeout=60)
        assert len(server.received) == 1

    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(10)  # far less than four times 60 s
            assert not thread.is_alive()


@pytest.fixture
def pause() -> Pause:
    return Pause()


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionRefusedError(), smtplib.SMTPServerDisconnected("gone")])
def test_after_some_failures_in_a_row_the_server_is_left_alone(pause: Pause, error: Exception) -> None:
    for _ in range(FAILURES - 1):
        pause.note_failure(error)
    assert pause.seconds_left() == 0

    pause.note_failure(error)

    assert 0 < pause.seconds_left() <= 60


def test_after_the_pause_one_failure_is_enough(pause: Pause) -> None:
    for _ in range(FAILURES):
        pause.note_failure(TimeoutError())
    pause.until = time.monotonic()
    assert pause.seconds_left() == 0

    pause.note_failure(TimeoutError())

    assert pause.seconds_left() > 0


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({"ann@example.com": (550, b"no such user")}),
        smtplib.SMTPSenderRefused(550, b"no", "shop@example.com"),
        smtplib.SMTPDataError(554, b"spam"),
        UnicodeEncodeError("ascii", "é", 0, 1, "no"),
    ],
)
def test_a_mail_that_is_refused_is_an_answer(pause: Pause, error: Exception) -> None:
    for _ in range(FAILURES - 1):
        pause.note_failure(TimeoutError())

    pause.note_failure(error)
    pause.note_failure(TimeoutError())

    assert pause.seconds_left() == 0
