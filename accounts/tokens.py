"""The two tokens of a session. They are signed and never stored. accounts.sessions decides what a token is good for."""

import math
import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken


@dataclass(frozen=True)
class TokenPair:
    """The tokens that a client gets. `expires_in` is the life of the access token in seconds.

    `device_token` comes with a log-in alone (accounts.known_devices).
    """

    access_token: str
    refresh_token: str
    expires_in: int
    device_token: str = ""


@dataclass(frozen=True)
class Claims:
    """The ids that a genuine token carries: its session's and its own."""

    session_id: UUID
    jti: UUID


def issue_pair(*, session_id: UUID, user_id: int, refresh_jti: UUID, issued_at: datetime) -> TokenPair:
    """Sign the access token and the refresh token that a session has from `issued_at` on.

    `refresh_jti` becomes the refresh token's id. The same arguments give the same two tokens, byte for byte.
    """
    access, refresh = AccessToken(), RefreshToken()
    for token, jti in ((access, uuid5(refresh_jti, "access")), (refresh, refresh_jti)):
        token["sub"], token["sid"], token["jti"] = str(user_id), session_id.hex, jti.hex
        token.set_iat(at_time=issued_at)
        token.set_exp(from_time=issued_at)
    life = settings.ACCESS_TOKEN_LIFETIME - (timezone.now() - issued_at)
    return TokenPair(str(access), str(refresh), max(0, math.ceil(life.total_seconds())))


def read_access_token(text: str) -> Claims | None:
    """The claims of an access token; None for anything else, a refresh token included."""
    return read(AccessToken, text)


def read_refresh_token(text: str) -> Claims | None:
    """The claims of a refresh token; None for anything else, an access token included."""
    return read(RefreshToken, text)


def read(kind: Any, text: str) -> Claims | None:
    """The claims of a token of this kind; None for any other text and for a token whose time is not now.

    TOKEN_LEEWAY_SECONDS are added at both ends, since the machine that signed the token may have another clock.
    """
    try:
        claims, expires_at = verified(kind, text)
    except (TokenError, KeyError, ValueError):
        return None
    return claims if time.time() < expires_at + settings.TOKEN_LEEWAY_SECONDS else None


@lru_cache(maxsize=4096)
def verified(kind: Any, text: str) -> tuple[Claims, int]:
    """The claims of a genuine token, and the second of the epoch at which the token expires.

    A token always has the same claims, and a client sends the same token with each request. Checking the signature
    took a tenth of an order, so the result is remembered. Expiry and session are checked with each request.
    """
    # Signature, algorithm, issuer, audience, times and the token's type are checked by the class itself.
    token = kind(text.encode())
    return Claims(session_id=UUID(hex=str(token["sid"])), jti=UUID(hex=str(token["jti"]))), int(token["exp"])
