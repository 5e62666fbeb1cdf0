"""Tokens that are not valid any more: none where none is needed, refused where one is."""

from typing import Any

import jwt
import pytest
from django.conf import settings as shop_settings
from rest_framework.test import APIClient

from accounts.models import Session, User
from accounts.sessions import start_session
from accounts.tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
USERS = "/api/v1/users"
CHALLENGE = 'Bearer error="invalid_token"'
PERSON = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "password": PASSWORD}
PUBLIC: tuple[tuple[str, str, Any, int], ...] = (
    ("GET", "/api/v1/products", None, 200),
    ("GET", "/api/v1/products/facets", None, 200),
    ("GET", "/api/v1/products/none", None, 404),
    ("GET", "/api/v1/categories", None, 200),
    ("GET", "/api/v1/nowhere", None, 404),
    ("POST", USERS, PERSON, 201),
    ("POST", USERS, {}, 400),
    ("POST", f"{USERS}/password-reset", {"email": "ada@example.com"}, 202),
    ("POST", f"{USERS}/password-reset/confirm", {"uid": "x", "token": "x", "new_password": PASSWORD}, 400),
)
NEEDED = (
    ("GET", f"{USERS}/me"),
    ("GET", USERS),
    ("GET", "/api/v1/orders/my-orders"),
    ("POST", "/api/v1/orders"),
    ("POST", "/api/v1/products"),
    ("DELETE", f"{USERS}/me"),
)


def expired_token() -> str:
    claims = jwt.decode(start_session(user_id=make_user().pk).access_token, options={"verify_signature": False})
    return jwt.encode(claims | {"iat": 1, "exp": 2}, str(shop_settings.SIMPLE_JWT["SIGNING_KEY"]), "HS256")


def ended_token() -> str:
    token = start_session(user_id=make_user().pk).access_token
    client_with(token).post(f"{USERS}/logout")
    return token


def token_of_the_disabled() -> str:
    user = make_user()
    token = start_session(user_id=user.pk).access_token
    User.objects.filter(pk=user.pk).update(is_active=False)
    return token


TOKENS = {
    "expired": expired_token,
    "ended": ended_token,
    "disabled": token_of_the_disabled,
    "malformed": lambda: "no.token.ofours",
    "refresh token": lambda: start_session(user_id=make_user().pk).refresh_token,
    "empty": lambda: "",
}


def client_with(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def seen(answer: Any) -> Any:
    """What a client sees, without what differs from request to request, and without what a shared cache may keep.

    An answer to a visitor alone is for all visitors.
    """
    others = ("X-Request-ID", "WWW-Authenticate", "Cache-Control", "Vary")
    ours = {name: value for name, value in answer.headers.items() if name not in others}
    document = answer.json() if answer.content else {}
    return answer.status_code, ours, {name: value for name, value in document.items() if name != "request_id"}


@pytest.mark.parametrize("kind", TOKENS)
def test_where_no_token_is_needed_a_refused_one_counts_as_none(kind: str, api: Any, settings: Any) -> None:
    settings.RATE_LIMITS = False
    client = client_with(TOKENS[kind]())
    for method, path, body, status in PUBLIC:
        if status == 201:  # a second one would be another answer
            answer = client.generic(method, path, "{}", content_type="text/plain")
            visitors = api.generic(method, path, "{}", content_type="text/plain")
        else:
            answer, visitors = (getattr(one, method.lower())(path, body) for one in (client, api))
            assert answer.status_code == status, path
        assert seen(answer) == seen(visitors), path
        if path != "/api/v1/nowhere":  # where there is no endpoint, nobody looks at a token
            assert answer["WWW-Authenticate"] == CHALLENGE, path
        assert "WWW-Authenticate" not in visitors.headers


@pytest.mark.parametrize("kind", TOKENS)
def test_one_registers_with_a_refused_token(kind: str) -> None:
    answer = client_with(TOKENS[kind]()).post(USERS, PERSON)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (201, CHALLENGE)
    assert User.objects.filter(email="ada@example.com").exists()


@pytest.mark.parametrize("kind", TOKENS)
def test_where_a_token_is_needed_a_refused_one_is_401(kind: str) -> None:
    client = client_with(TOKENS[kind]())
    for method, path in NEEDED:
        answer = getattr(client, method.lower())(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token"), path
        assert answer["WWW-Authenticate"] == CHALLENGE


def test_an_unchanged_list_tells_of_the_token_too(api: Any) -> None:
    etag = api.get("/api/v1/categories")["ETag"]
    answer = client_with("no.token.ofours").get("/api/v1/categories", headers={"If-None-Match": etag})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (304, CHALLENGE)


def test_a_good_token_is_not_challenged_on_a_public_path() -> None:
    client = client_with(start_session(user_id=make_user().pk).access_token)
    assert "WWW-Authenticate" not in client.get("/api/v1/products").headers
    assert Session.objects.live().count() == 1
