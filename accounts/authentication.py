"""Bearer tokens for DRF: who sends this request?"""

from typing import Any
from uuid import UUID

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.exceptions import InvalidToken
from accounts.models import User
from accounts.sessions import find_user
from accounts.tokens import read_access_token
from events.actors import Actor


class BearerAuthentication(BaseAuthentication):
    """`request.user` is the session's user, `request.auth` the session's id."""

    def authenticate(self, request: Request) -> tuple[User, UUID] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        claims = read_access_token(token.strip())
        if claims is None or (user := find_user(claims.session_id)) is None:
            raise InvalidToken
        return user, claims.session_id

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BearerScheme(OpenApiAuthenticationExtension):
    """The same, for the API's description."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def user_of(request: Request) -> User:
    """The signed-in user, as its type; the view's permissions have seen to it that there is one."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def session_of(request: Request) -> UUID:
    """The session that a signed-in request belongs to."""
    session: Any = request.auth
    assert isinstance(session, UUID)  # noqa: S101
    return session


def actor_of(request: Request) -> Actor:
    """Who is to stand in ledgers and journals for what this request does."""
    user = user_of(request)
    return Actor(user.pk, "api", user.is_staff)
