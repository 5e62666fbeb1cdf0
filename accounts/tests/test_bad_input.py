"""What no client should send: refused with the place it is wrong in, nothing written, no error of ours."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Session, User
from accounts.tests.factories import PASSWORD, client_of, make_user
from api.problems import safety_net
from events.models import Event

USERS = "/api/v1/users"
LOGIN = f"{USERS}/login"
FORM = "application/x-www-form-urlencoded"
WRONG = [None, 1, 10**30, 1.5, True, [], {}, ["a"], {"a": 1}, "", "a\x00b", "x" * 100_000]
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "register": (USERS, {"first_name": "A", "last_name": "B", "email": "a@example.com", "password": PASSWORD}),
    "login": (LOGIN, {"email": "a@example.com", "password": "some password"}),
    "refresh": (f"{USERS}/token/refresh", {"refresh_token": "x"}),
    "reset": (f"{USERS}/password-reset", {"email": "a@example.com"}),
    "confirm": (f"{USERS}/password-reset/confirm", {"uid": "MQ", "token": "a-b", "new_password": PASSWORD}),
}


def assert_refused(answer: Any) -> None:
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), answer.content
    assert answer.json()["code"]
    assert not safety_net


@pytest.mark.django_db
@pytest.mark.parametrize("name", BODIES)
def test_a_member_of_the_wrong_kind_is_refused(api: Any, settings: Any, name: str) -> None:
    settings.RATE_LIMITS = False
    path, body = BODIES[name]
    for field in body:
        for value in WRONG:
            assert_refused(api.post(path, body | {field: value}))
        assert_refused(api.post(path, {key: value for key, value in body.items() if key != field}))
    for raw in ("", "[]", "null", '"text"', "{", '{"email": "\\ud800"}', '{"email": 1, "email": 2}', "[" * 9999):
        assert_refused(api.generic("POST", path, raw, content_type="application/json"))
    assert_refused(api.generic("POST", path, b'{"email": "\xff"}', content_type="application/json"))
    assert not any(model.objects.exists() for model in (User, Session, Event))


@pytest.mark.django_db
def test_no_field_of_the_model_can_be_slipped_into_a_profile() -> None:
    user = make_user()
    client = client_of(user)
    before = User.objects.filter(pk=user.pk).values().get()
    allowed = {"first_name", "last_name", "email", "phone", "address_line1", "address_line2", "city", "state"}
    allowed |= {"postal_code", "country", "password"}
    names = {field.name for field in User._meta.get_fields()} | {"user_id", "role", "status", "total", "price"}
    for name in names - allowed:
        answer = client.patch(f"{USERS}/me", {name: 1})
        assert_refused(answer)
        assert [error["code"] for error in answer.json()["errors"]] == ["unknown_field"]
    assert User.objects.filter(pk=user.pk).values().get() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (f"{FORM}; charset=UTF-8", 200),
        ("Application/X-WWW-Form-Urlencoded", 200),
        (f"{FORM}; charset=utf-16", 400),
        (f"{FORM}; charset=nonsense", 400),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
    ],
)
def test_a_form_is_read_as_utf8_or_not_at_all(api: Any, content_type: str, status: int) -> None:
    form = f"username={make_user(password=PASSWORD).email}&password={PASSWORD.replace(' ', '+')}"
    assert api.generic("POST", LOGIN, form, content_type=content_type).status_code == status


@pytest.mark.django_db
def test_tokens_are_stored_by_no_cache(api: Any) -> None:
    tokens = api.post(LOGIN, {"email": make_user(password=PASSWORD).email, "password": PASSWORD})
    again = api.post(f"{USERS}/token/refresh", {"refresh_token": tokens.data["refresh_token"]})
    assert (tokens["Cache-Control"], again["Cache-Control"]) == ("no-store", "no-store")


@pytest.mark.django_db
def test_a_look_at_the_logout_does_not_log_out() -> None:
    client = client_of(make_user())
    assert client.head(f"{USERS}/logout").status_code == 405
    assert client.get(f"{USERS}/me").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Bearer a b", "Bearer \xff", "Bearer " + "x" * 9999, "Basic x"]
)
def test_a_broken_authorization_header_is_nobody(api: Any, header: str) -> None:
    answer = api.get(f"{USERS}/me", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.django_db
def test_the_list_costs_the_same_for_many_users(as_staff: Any) -> None:
    clerk = as_staff("order desk")

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert clerk.get(USERS).status_code == 200
        return len(queries)

    few = statements()
    for _ in range(15):
        make_user()
    # The session with its user, the devices of staff, two for the permissions, and the page.
    assert statements() == few == 5
