"""The two tokens of a session: signed, never stored. simplejwt signs and checks; what they mean is sessions.py's."""

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken


@dataclass(frozen=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True)
class Claims:
    """What a token that is genuine and has not expired says about itself."""

    session_id: UUID
    jti: UUID


def issue_pair(*, session_id: UUID, user_id: int, refresh_jti: UUID) -> TokenPair:
    access, refresh = AccessToken(), RefreshToken()
    for token, jti in ((access, uuid4()), (refresh, refresh_jti)):
        token["sub"], token["sid"], token["jti"] = str(user_id), session_id.hex, jti.hex
    return TokenPair(str(access), str(refresh), int(settings.ACCESS_TOKEN_LIFETIME.total_seconds()))


def read_access_token(text: str) -> Claims | None:
    """The claims of an access token; None for anything else, a refresh token included."""
    return read(AccessToken, text)


def read_refresh_token(text: str) -> Claims | None:
    return read(RefreshToken, text)


def read(kind: Any, text: str) -> Claims | None:
    try:
        claims, expires_at = verified(kind, text)
    except (TokenError, KeyError, ValueError):
        return None
    return claims if time.time() < expires_at else None


@lru_cache(maxsize=4096)
def verified(kind: Any, text: str) -> tuple[Claims, int]:
    """What a genuine token says, and until when.

    It comes with each request and never says anything else, while checking it took a tenth of an order. Whether it is
    still good is asked each time, of the clock and of the session.
    """
    # Signature, algorithm, issuer, audience, expiry and the token's type are checked by the class itself.
    token = kind(text.encode())
    return Claims(session_id=UUID(hex=str(token["sid"])), jti=UUID(hex=str(token["jti"]))), int(token["exp"])
