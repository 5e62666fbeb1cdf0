"""Bearer tokens for DRF: the user and the session behind a request."""

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
    """Signs a request in by its access token. `request.user` is then the user, `request.auth` the session's id."""

    def authenticate(self, request: Request) -> tuple[User, UUID] | None:
        """The user and the session of the request's token; None for a request without a bearer token.

        A token that is forged or expired, or whose session has ended, counts as none. `refused_token` then notes it on
        the request: an answer for visitors tells the client of the token, and where one must be signed in the refusal
        is InvalidToken.
        """
        header = request.META.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        claims = read_access_token(token.strip())
        if claims is None or (user := find_user(claims.session_id)) is None:
            # api.problems looks for it on Django's request; config.health has no other one.
            asked: Any = getattr(request, "_request", request)
            asked.refused_token = InvalidToken()
            return None
        return user, claims.session_id

    def authenticate_header(self, request: Request) -> str:
        """The scheme that a 401 names in `WWW-Authenticate`."""
        return "Bearer"


class BearerScheme(OpenApiAuthenticationExtension):
    """The bearer scheme in the API's description."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The scheme as OpenAPI writes it."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def user_of(request: Request) -> User:
    """The signed-in user, typed as our model. For views whose permissions let nobody else in."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def session_of(request: Request) -> UUID:
    """The id of the session that a signed-in request belongs to."""
    session: Any = request.auth
    assert isinstance(session, UUID)  # noqa: S101
    return session


def actor_of(request: Request) -> Actor:
    """The actor whom ledgers and journals name for the changes that this request makes."""
    user = user_of(request)
    return Actor(user.pk, "api", user.is_staff)
