"""By which way somebody decides on mails to a mailbox: who, through which channel, and from where."""

from dataclasses import dataclass

from accounts.clients import pseudonym
from events.actors import VISITOR, WORKER, Actor


@dataclass(frozen=True, slots=True)
class Way:
    """What a proof tells of a decision beside the decision. `source` stands for the address of the Internet."""

    actor: Actor
    channel: str
    source: str = ""


def way_of(address: str, channel: str, actor: Actor = VISITOR) -> Way:
    """The way of a request from this address."""
    return Way(actor, channel, pseudonym(address))


BY_WORKER = Way(WORKER, "worker")
