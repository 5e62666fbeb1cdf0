"""Clients: what the services know of the browser or program behind an attempt to log in."""

import hashlib
import hmac
from dataclasses import dataclass

from django.conf import settings

from events.actors import Channel


@dataclass(frozen=True, slots=True)
class Client:
    """One browser or program. `device` names the known device that it is (accounts.known_devices), "" for a stranger.

    `source` stands for the address in logs and journal: equal for equal addresses, and nobody reads an address from it.
    """

    source: str = ""
    device: str = ""
    user_agent: str = ""
    channel: Channel = "api"

    @property
    def known(self) -> bool:
        """Whether the account knows the device."""
        return bool(self.device)


def pseudonym(text: str) -> str:
    """What stands in logs for an address or a name that must not: twelve digits of a hash with the shop's key."""
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()[:12]
