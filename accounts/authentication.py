"""Bearer tokens and keys for DRF: the user and the session, or the key, behind a request."""

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from accounts.api_keys import KeyHolder, find_key, holder_of, is_key, mark_used, needed_scopes
from accounts.exceptions import InvalidApiKey, InvalidToken
from accounts.models import ApiKey, User
from accounts.sessions import find_user
from accounts.tokens import read_access_token
from api.addresses import client_address
from api.throttles import count, window


def bearer_of(request: Any) -> str | None:
    """The token or the key that stands in a request's `Authorization`; None where it names no bearer."""
    scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


class BearerAuthentication(BaseAuthentication):
    """Signs a request in by its access token. `request.user` is then the user, `request.auth` the session's id."""

    def authenticate(self, request: Request) -> tuple[User, UUID] | None:
        """The user and the session of the request's token; None for a request without a bearer token.

        A token that is forged or expired, or whose session has ended, counts as none. `refused_token` then notes it on
        the request: an answer for visitors tells the client of the token, and where one must be signed in the refusal
        is InvalidToken.
        """
        token = bearer_of(request)
        if token is None or is_key(token):
            return None
        claims = read_access_token(token)
        if claims is None or (user := find_user(claims.session_id)) is None:
            # api.problems looks for it on Django's request; config.health has no other one.
            asked: Any = getattr(request, "_request", request)
            asked.refused_token = InvalidToken()
            return None
        return user, claims.session_id

    def authenticate_header(self, request: Request) -> str:
        """The scheme that a 401 names in `WWW-Authenticate`."""
        return "Bearer"


class KeyAuthentication(BaseAuthentication):
    """Signs a request in by a secret key (accounts.api_keys). `request.user` and `request.auth` are then its holder.

    A key is believed in `Authorization` alone. One in a query string would stand in the logs of every proxy.
    """

    def authenticate(self, request: Request) -> tuple[KeyHolder, KeyHolder] | None:
        """The holder of the request's key; None for a request without one.

        Unlike a token, a key that is unknown, revoked or expired is refused wherever it comes: a program does not fall
        back to what visitors see. api.views finds the refusal on the request, where it also challenges the client.
        """
        text = bearer_of(request)
        if text is None or not is_key(text):
            return None
        key = find_key(text, ApiKey.Kind.SECRET)
        if key is None:
            asked: Any = request._request
            asked.refused_token = InvalidApiKey()
            asked.refused_key = refusal_of_wrong_key(request)
            return None
        mark_used(key)
        holder = holder_of(key)
        return holder, holder

    def authenticate_header(self, request: Request) -> str:
        """The scheme that a 401 names in `WWW-Authenticate`."""
        return "Bearer"


def refusal_of_wrong_key(request: Any) -> InvalidApiKey | Throttled:
    """How a wrong key is answered. An address shows as many as it may try passwords, and then has to wait."""
    if not settings.RATE_LIMITS:
        return InvalidApiKey()
    wait = count([window(settings.RATE_LIMIT_LOGIN_PER_ADDRESS, "key-address", client_address(request))])
    return Throttled(wait) if wait else InvalidApiKey()


class KeyScheme(OpenApiAuthenticationExtension):
    """The scheme of secret keys in the API's description."""

    target_class = "accounts.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The scheme as OpenAPI writes it."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "sk_…", "description": "A secret API key."}

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]] | None:
        """Where an operation is for keys; None where it is not.

        Its scopes are told by docs/api.md and by each refusal: many tools know scopes of OAuth alone.
        """
        needed = needed_scopes(auto_schema.view, auto_schema.method)
        return None if needed is None else {str(self.name): []}


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
