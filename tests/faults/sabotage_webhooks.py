"""Protections of webhooks that can be taken away, each alone, in the worker, as those of sabotage.py."""

from collections.abc import Callable, Mapping

from events.webhooks import client, deliveries, loop, signing
from tests.faults.edges import put


def without(piece: str) -> None:
    """Take a piece out of the statement that claims."""
    if piece not in deliveries.CLAIM:
        raise AssertionError(f"events.webhooks.deliveries.CLAIM no longer says {piece!r}.")
    put(deliveries, "CLAIM", deliveries.CLAIM.replace(piece, ""))


def claim() -> None:
    """Send what another thread or worker is sending."""
    without("and (claimed_until is null or claimed_until < clock_timestamp())")
    without("and held.claimed_until >= clock_timestamp()")
    put(deliveries, "CLAIM", deliveries.CLAIM.replace("held.state = 'waiting'", "false"))


def position() -> None:
    """Send the events of a thing in any order."""
    without("and earlier.position < delivery.position")
    put(deliveries, "CLAIM", deliveries.CLAIM.replace("earlier.state = 'waiting'", "false"))
    put(
        deliveries,
        "CLAIM",
        deliveries.CLAIM.replace("order by next_attempt_at, position", "order by position desc"),
    )


def secret() -> None:
    """Sign with a secret that nobody knows."""
    own = signing.new_secret()
    signed = signing.headers_of
    put(loop, "headers_of", lambda message_id, body, valid: signed(message_id, body, [own]))


def address() -> None:
    """Connect to whatever address a name leads to."""
    put(client, "check", lambda address, *, is_encrypted: None)


def deadline() -> None:
    """Give each read the whole time, as libraries do."""
    put(client.Clock, "left", lambda clock: clock.ends - clock.began)


OF_WEBHOOKS: Mapping[str, Callable[[], None]] = {
    "claim on a delivery": claim,
    "position of an event of a thing": position,
    "secret of an endpoint": secret,
    "check of a receiver's address": address,
    "deadline of a webhook": deadline,
}
