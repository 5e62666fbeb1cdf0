"""Writing the journal. Reading it and acting on it is the dispatcher's."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.transaction import TransactionManagementError

from events.actors import Actor
from events.models import Event


def publish(kind: str, payload: Mapping[str, Any], *, subject: str, actor: Actor) -> None:
    """Record that something became true; it counts only if the caller's transaction commits.

    `kind` is past tense ("order.placed"), `subject` names the thing ("order:17"). Refuses to run outside a
    transaction: an event that stands without its effect, or an effect without its event, would be a lie.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("An event is published in the transaction of its effect.")
    Event.objects.create(kind=kind, subject=subject, payload=dict(payload), actor=str(actor), channel=actor.channel)
