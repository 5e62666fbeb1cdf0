"""Actors: who does something, and through which channel. Every service that changes something takes one."""

from dataclasses import dataclass
from typing import Any, Literal

from django.http import HttpRequest

# "backfill" is for loaders that write about the past. Their events get a place in the feed and cause no mails.
Channel = Literal["api", "admin", "command", "worker", "backfill"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a program with an API key, or else the system. Ledgers and journals keep the text, such as "staff:3".

    A visitor is somebody who has not shown who they are. Journals name one; no service does anything for one.
    """

    user_id: int | None
    channel: Channel
    is_staff: bool = False
    is_visitor: bool = False
    key_id: int | None = None

    @property
    def is_system(self) -> bool:
        """Whether it is the shop itself, a command or the worker."""
        return self.user_id is None and self.key_id is None and not self.is_visitor

    def __str__(self) -> str:
        if self.key_id is not None:
            return f"key:{self.key_id}"
        if self.user_id is None:
            return "visitor" if self.is_visitor else "system"
        return f"{'staff' if self.is_staff else 'customer'}:{self.user_id}"


def admin_actor(request: HttpRequest) -> Actor:
    """The member of staff who uses a page of the admin."""
    return Actor(request.user.pk, "admin", is_staff=True)


def actor_of(request: Any) -> Actor:
    """The actor whom ledgers and journals name for the changes that a request to the API makes.

    It is the user who is signed in, or the holder of a key, who says by itself who it is. For views whose permissions
    let nobody else in: a visitor is an AssertionError.
    """
    user = request.user
    assert user.is_authenticated, "nobody is signed in"  # noqa: S101
    own = getattr(user, "actor", None)
    return own if isinstance(own, Actor) else Actor(user.pk, "api", user.is_staff)


VISITOR = Actor(None, "api", is_visitor=True)
COMMAND = Actor(None, "command")
WORKER = Actor(None, "worker")
BACKFILL = Actor(None, "backfill")
