"""The mail server: how long it may take over a mail, and that it is left alone for a while when it does not answer.

Each mail that a silent server is asked to take costs a worker's thread a time-out. After FAILURES in a row nobody asks
for PAUSE_SECONDS; the mails wait in their queue meanwhile, and none of them loses an attempt.
"""

import logging
import smtplib
import socket
import threading
import time
from contextlib import suppress

from django.core.mail.backends import smtp

logger = logging.getLogger(__name__)

FAILURES = 3
PAUSE_SECONDS = 60.0
# EMAIL_TIMEOUT is for each answer of the server. A whole dialogue, of about a dozen answers, ends after so many of it:
# a server can also send a byte now and then for ever.
TIMEOUTS_A_DIALOGUE = 4
# The server has answered, and refuses this one mail.
ABOUT_THE_MAIL = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError)


class Pause:
    """Whether this process leaves the mail server alone, and until when."""

    def __init__(self) -> None:
        self.failures, self.until = 0, 0.0

    def note_success(self) -> None:
        """The server has answered."""
        self.failures = 0

    def note_failure(self, error: Exception) -> None:
        """A mail was not sent. An error that is about this one mail says that the server has answered."""
        if isinstance(error, ABOUT_THE_MAIL) or not isinstance(error, OSError):
            self.note_success()
            return
        self.failures += 1
        if self.failures >= FAILURES:
            self.until = time.monotonic() + PAUSE_SECONDS
            logger.warning(
                "the mail server does not answer (%s): no mail is sent for %d s", type(error).__name__, PAUSE_SECONDS
            )

    def seconds_left(self) -> float:
        """For how long nobody should ask; 0 when the server may be asked."""
        return max(0.0, self.until - time.monotonic())


pause = Pause()


class Dialogue(smtplib.SMTP):
    """A connection to the mail server that is shut when the whole dialogue takes too long."""

    clock: threading.Timer
    line: socket.socket | None = None
    is_over = False

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self.clock = threading.Timer(TIMEOUTS_A_DIALOGUE * timeout, self.end)
        self.clock.daemon = True
        self.clock.start()
        try:
            connected: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # not in the stubs
        except BaseException:
            self.clock.cancel()
            raise
        # TLS will put another socket in the place of this one. What is shut by the copy is shut for both.
        self.line = connected.dup()
        if self.is_over:
            connected.close()
            raise TimeoutError("The mail server takes too long.")
        return connected

    def end(self) -> None:
        """Shut the connection: whoever waits for the server finds that it has hung up."""
        self.is_over = True
        if self.line:
            with suppress(OSError):  # closed already
                self.line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        if self.line:
            self.clock.cancel()
            self.line.close()
        super().close()


class DialogueOverTLS(smtplib.SMTP_SSL, Dialogue):
    """The same with TLS from the first byte on."""


class SMTPBackend(smtp.EmailBackend):
    """Django's backend, over dialogues that end."""

    @property
    def connection_class(self) -> type[Dialogue]:
        """The class of connections to the server."""
        return DialogueOverTLS if self.use_ssl else Dialogue
