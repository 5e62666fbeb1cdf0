"""Mails before they are sent: each kind that follows from an event, made of the newest event of that kind.

The job itself makes the preview, in a transaction that is undone, so what is shown is what a buyer would get now.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import transaction

from config.subscriptions import SUBSCRIPTIONS
from events import mails
from events.models import Event

# Staff see what a buyer gets, so they may see orders and people.
SEES = ("events.view_sentmail", "orders.view_order", "accounts.view_user")


class Kind(NamedTuple):
    """A kind of event that mails follow from, and the newest event of it."""

    name: str
    event: Event | None


def mailing(kind: str) -> list[Callable[..., Any]]:
    """The jobs that send the mails of a kind of event."""
    return [job for job in SUBSCRIPTIONS.get(kind, ()) if job.queue == mails.QUEUE]


def kinds() -> list[Kind]:
    """All kinds of events that mails follow from, by name."""
    return [Kind(name, newest(name)) for name in sorted(SUBSCRIPTIONS) if mailing(name)]


def newest(kind: str) -> Event | None:
    """The newest event of a kind."""
    return Event.objects.filter(kind=kind).order_by("-id").first()


def previews_of(event: Event, *, upto: int | None = None) -> list[mails.Preview]:
    """The mails that an event would be followed by now. None where there is nothing to tell any more.

    With `upto` no more jobs are run than that mail needs: the frame of the first one does not make the others again.
    """
    with transaction.atomic(), mails.previewing() as found:
        for job in mailing(event.kind):
            job(event_id=event.pk, kind=event.kind, payload=event.payload)
            if upto is not None and len(found) > upto:
                break
        transaction.set_rollback(True)
    return found
