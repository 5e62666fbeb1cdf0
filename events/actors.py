"""Who does something, and through which channel. Every service that changes something is told."""

from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest

# "backfill" is for loaders that write about the past: their events get a place in the feed, and nobody is mailed.
Channel = Literal["api", "admin", "command", "worker", "backfill"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or the system itself. Its text form, which ledgers and journals keep, names no personal data."""

    user_id: int | None
    channel: Channel
    is_staff: bool = False

    def __str__(self) -> str:
        if self.user_id is None:
            return "system"
        return f"{'staff' if self.is_staff else 'customer'}:{self.user_id}"


def admin_actor(request: HttpRequest) -> Actor:
    """The member of staff who uses a page of the admin."""
    return Actor(request.user.pk, "admin", is_staff=True)


COMMAND = Actor(None, "command")
WORKER = Actor(None, "worker")
BACKFILL = Actor(None, "backfill")
