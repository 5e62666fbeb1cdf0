"""Sessions: what a token is good for, and when it stops."""

import threading
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.conf import settings
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher
from django.db import connection
from django.test import override_settings

from accounts import passwords
from accounts.models import Session, User
from accounts.sessions import end_session, find_user, start_session
from accounts.tests.factories import PASSWORD, client_of, make_user
from api import cache
from database.refusals import Refusal

ME = "/api/v1/users/me"
LOGIN = "/api/v1/users/login"
REFRESH = "/api/v1/users/token/refresh"


def bearer(token: str) -> dict[str, Any]:
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


@pytest.mark.django_db
def test_logging_in_with_json_gives_a_pair_that_works(api: Any) -> None:
    user = make_user(password=PASSWORD)
    answer = api.post(LOGIN, {"email": user.email.upper(), "password": PASSWORD})
    assert answer.status_code == 200
    assert set(answer.data) == {"access_token", "refresh_token", "token_type", "expires_in", "device_token"}
    assert (answer.data["token_type"], answer.data["expires_in"]) == ("bearer", 900)
    assert api.get(ME, **bearer(answer.data["access_token"])).data["user_id"] == user.pk


@pytest.mark.django_db
def test_logging_in_with_the_oauth2_form_works(api: Any) -> None:
    user = make_user(password=PASSWORD)
    form = f"grant_type=password&username={user.email}&password={PASSWORD.replace(' ', '+')}"
    answer = api.generic("POST", LOGIN, form, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "form", ["username=a&username=b&password=c", "username=%ff", "username=a%00&password=b", "&" * 99]
)
def test_a_broken_form_is_refused(api: Any, form: str) -> None:
    answer = api.generic("POST", LOGIN, form, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.django_db
def test_every_failed_login_is_the_same_answer_after_one_hash(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known, disabled = make_user(password=PASSWORD), make_user(password=PASSWORD, is_active=False)
    hashes: list[str] = []
    encode = BCryptSHA256PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        hashes.append("one")
        return encode(self, password, salt)

    monkeypatch.setattr(BCryptSHA256PasswordHasher, "encode", counted)
    answers = []
    for email, password in ((known.email, "wrong"), ("nobody@example.com", PASSWORD), (disabled.email, PASSWORD)):
        hashes.clear()
        answer = api.post(LOGIN, {"email": email, "password": password})
        answers.append((answer.status_code, answer["WWW-Authenticate"], answer.json() | {"request_id": ""}))
        assert hashes == ["one"]
    assert answers[0][0] == 401
    assert answers[0] == answers[1] == answers[2]
    assert not Session.objects.exists()


@pytest.mark.django_db
def test_logging_out_ends_access_and_refresh_at_once_and_tells_the_denylist(
    api: Any, django_capture_on_commit_callbacks: Any
) -> None:
    pair = start_session(user_id=make_user().pk)
    with django_capture_on_commit_callbacks(execute=True):
        assert api.post("/api/v1/users/logout", **bearer(pair.access_token)).status_code == 200
    refused = api.get(ME, **bearer(pair.access_token))
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    assert refused["WWW-Authenticate"].startswith("Bearer")
    assert api.post(REFRESH, {"refresh_token": pair.refresh_token}).status_code == 401
    assert cache.read(f"denied:{Session.objects.get().id.hex}") == b"1"


@pytest.mark.django_db
def test_existing_clients_log_out_with_get(api: Any) -> None:
    pair = start_session(user_id=make_user().pk)
    assert api.get("/api/v1/users/logout", **bearer(pair.access_token)).status_code == 200
    assert api.get(ME, **bearer(pair.access_token)).status_code == 401


@pytest.mark.django_db
def test_disabling_a_user_counts_from_the_next_request_on(api: Any) -> None:
    user = make_user()
    pair = start_session(user_id=user.pk)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert api.get(ME, **bearer(pair.access_token)).status_code == 401
    assert api.post(REFRESH, {"refresh_token": pair.refresh_token}).status_code == 401


@pytest.mark.django_db
def test_tokens_of_another_kind_key_or_audience_are_refused(api: Any) -> None:
    user = make_user()
    pair = start_session(user_id=user.pk)
    claims = jwt.decode(pair.access_token, options={"verify_signature": False})
    key = str(settings.SIMPLE_JWT["SIGNING_KEY"])
    forged = [
        pair.refresh_token,
        "x",
        "",
        pair.access_token[:-2],
        jwt.encode(claims, "another key of at least thirty-two bytes", "HS256"),
        jwt.encode(claims, key, "HS512"),
        jwt.encode(claims | {"aud": "else"}, key, "HS256"),
        jwt.encode(claims | {"iss": "else"}, key, "HS256"),
        jwt.encode(claims | {"exp": 1}, key, "HS256"),
        jwt.encode(claims | {"sid": "x"}, key, "HS256"),
        jwt.encode(claims | {"sid": uuid4().hex}, key, "HS256"),
        jwt.encode({name: value for name, value in claims.items() if name != "sid"}, key, "HS256"),
    ]
    assert [api.get(ME, **bearer(token)).status_code for token in forged] == [401] * len(forged)
    assert api.post(REFRESH, {"refresh_token": pair.access_token}).status_code == 401
    assert api.get(ME, **bearer(pair.access_token)).status_code == 200


@pytest.mark.django_db
def test_a_token_that_was_good_a_moment_ago_is_refused_when_its_time_is_over(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = start_session(user_id=make_user().pk).access_token
    assert api.get(ME, **bearer(token)).status_code == 200
    expires_at = jwt.decode(token, options={"verify_signature": False})["exp"] + settings.TOKEN_LEEWAY_SECONDS
    for moment, status in ((expires_at - 0.1, 200), (expires_at, 401)):
        monkeypatch.setattr("accounts.tokens.time.time", lambda moment=moment: moment)
        assert api.get(ME, **bearer(token)).status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"iat": 3}, 200),
        ({"iat": 30}, 401),
        ({"nbf": 3}, 200),
        ({"nbf": 30}, 401),
        ({"exp": -3}, 200),
        ({"exp": -30}, 401),
    ],
)
def test_clocks_may_differ_by_some_seconds(api: Any, changes: dict[str, int], status: int) -> None:
    pair = start_session(user_id=make_user().pk)
    key = str(settings.SIMPLE_JWT["SIGNING_KEY"])
    now = int(time.time())

    def of_another_clock(token: str) -> str:
        claims = jwt.decode(token, options={"verify_signature": False})
        return jwt.encode(claims | {name: now + seconds for name, seconds in changes.items()}, key, "HS256")

    assert api.get(ME, **bearer(of_another_clock(pair.access_token))).status_code == status
    assert api.post(REFRESH, {"refresh_token": of_another_clock(pair.refresh_token)}).status_code == status


def race(contestants: int, work: Any) -> list[Any]:
    """Run `work` in that many threads, begun at once; returns what each returned or refused."""
    barrier, results = threading.Barrier(contestants), []

    def contestant() -> None:
        try:
            connection.ensure_connection()
            barrier.wait()
            results.append(work())
        except Refusal as refusal:
            results.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=contestant) for _ in range(contestants)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db
def test_a_storm_of_logins_is_busy_instead_of_taking_every_core(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_user(password=PASSWORD)
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", 0.01)
    with passwords.hashing():
        answer = api.post(LOGIN, {"email": user.email, "password": PASSWORD})
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert api.post(LOGIN, {"email": user.email, "password": PASSWORD}).status_code == 200


@pytest.mark.django_db
@override_settings(RATE_LIMIT_LOGIN_PER_ACCOUNT=(3, 60))
def test_guessing_is_limited_per_account(api: Any) -> None:
    user = make_user(password=PASSWORD)
    statuses = [api.post(LOGIN, {"email": user.email, "password": "wrong"}).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]


@pytest.mark.django_db
def test_a_signed_in_request_asks_for_its_user_once(django_assert_num_queries: Any) -> None:
    client = client_of(make_user())
    with django_assert_num_queries(1):
        client.get(ME)


@pytest.mark.django_db
def test_ending_an_unknown_session_is_harmless() -> None:
    end_session(session_id=uuid4(), reason="logout")
    assert find_user(uuid4()) is None
