"""Writing the journal. The dispatcher reads the journal and acts on it."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.transaction import TransactionManagementError

from events.actors import Actor
from events.kinds import KINDS
from events.models import Event


class UndeclaredKind(ValueError):
    """A mistake of ours: an event of a kind that events/kinds does not declare."""


def publish(kind: str, payload: Mapping[str, Any], *, subject: str, actor: Actor) -> None:
    """Record that something became true. The event is written in the caller's transaction, and undone with it.

    `kind` is past tense ("order.placed"), `subject` names the thing ("order:17"). Refuses to run outside a transaction
    (TransactionManagementError), since there an event could stand without its effect, and an effect without its event.
    A kind that nobody has declared is refused too (UndeclaredKind).
    """
    if kind not in KINDS:
        raise UndeclaredKind(kind)
    if not connection.in_atomic_block:
        raise TransactionManagementError("An event is published in the transaction of its effect.")
    Event.objects.create(kind=kind, subject=subject, payload=dict(payload), actor=str(actor), channel=actor.channel)
