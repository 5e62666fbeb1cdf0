"""Mails in development: each becomes a file that any mail program opens, and a line on the console."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from events.mails import masked


class FolderBackend(BaseEmailBackend):
    """Writes each mail as an `.eml` file into the folder `EMAIL_FILE_PATH`. The console line masks the address."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails and return how many. A file has its final name only when it is whole."""
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            file = folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.eml"
            unfinished = file.with_suffix(".part")
            unfinished.write_bytes(message.message().as_bytes())
            unfinished.rename(file)
            addresses = ", ".join(masked(parseaddr(recipient)[1]) for recipient in message.recipients())
            place = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
            print(f'mail: "{message.subject}" to {addresses} -> {place}', flush=True)
        return len(email_messages)
