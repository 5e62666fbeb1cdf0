"""Passwords under pressure: all or nothing, one winner, and no session that outlives the password it was begun with."""

import threading
import time
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import default_token_generator
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts import passwords, sessions
from accounts.leaving import anonymise_user
from accounts.mailed_links import confirm_password_reset
from accounts.models import Session, User
from accounts.services import register_user, set_password
from accounts.tests.factories import PASSWORD, client_of, make_user
from accounts.tests.test_sessions import race
from database.refusals import Refusal
from events.actors import Actor

ME = "/api/v1/users/me"
RESET = "/api/v1/users/password-reset"
NEW = "another good password"


def won(results: list[Any]) -> int:
    return sum(not isinstance(result, Refusal) for result in results)


@pytest.mark.django_db
def test_a_weak_new_password_leaves_the_rest_of_the_profile_unchanged() -> None:
    user = make_user(password=PASSWORD)
    body = {"city": "Paris", "password": "short", "current_password": PASSWORD}
    assert client_of(user).patch(ME, body).status_code == 400
    user.refresh_from_db()
    assert (user.city, user.version) == ("", 1)


@pytest.mark.django_db
def test_a_taken_email_leaves_the_password_unchanged() -> None:
    make_user(email="taken@example.com")
    user = make_user(password=PASSWORD)
    body = {"email": "taken@example.com", "password": NEW, "current_password": PASSWORD}
    assert client_of(user).patch(ME, body).status_code == 409
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.django_db
def test_profile_and_password_change_together() -> None:
    user = make_user(password=PASSWORD)
    client = client_of(user)
    answer = client.patch(ME, {"city": "Paris", "password": NEW, "current_password": PASSWORD})
    assert (answer.status_code, answer.data["city"]) == (200, "Paris")
    assert answer.data == client.get(ME).data


@pytest.mark.django_db(transaction=True)
def test_two_uses_of_one_reset_link_at_once_set_one_password(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", 30)
    settings.RATE_LIMITS = False
    user = make_user(password=PASSWORD)
    uid, token = urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)
    results = race(8, lambda: confirm_password_reset(uid=uid, token=token, password=NEW))
    assert won(results) == 1
    assert {result.code for result in results if isinstance(result, Refusal)} == {"invalid_reset_token"}


@pytest.mark.django_db(transaction=True)
def test_a_login_that_overlaps_a_password_change_gets_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is right when it is compared, and another one by the time the session would begin."""
    user = make_user(password=PASSWORD)
    compare = passwords.is_password_of

    def compare_then_lose(candidate: User | None, password: str, *, known: bool) -> bool:
        right = compare(candidate, password, known=known)
        set_password(user=User.objects.get(pk=user.pk), password=NEW, actor=Actor(user.pk, "api"))
        return right

    monkeypatch.setattr(sessions, "is_password_of", compare_then_lose)
    with pytest.raises(Refusal) as refusal:
        sessions.log_in(email=user.email, password=PASSWORD)
    assert refusal.value.code == "invalid_credentials"
    assert not Session.objects.live().exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_registrations_of_one_email_at_once_one_succeeds(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", 30)
    settings.RATE_LIMITS = False
    results = race(8, lambda: register_user(email="ada@example.com", password=NEW, first_name="A", last_name="L"))
    assert won(results) == User.objects.count() == 1
    assert {result.code for result in results if isinstance(result, Refusal)} == {"email_taken"}


@pytest.mark.django_db(transaction=True)
def test_administrators_who_all_leave_at_once_leave_one_behind() -> None:
    everyone = [make_user(is_staff=True, is_superuser=True).pk for _ in range(3)]
    leaving = iter(everyone)
    turn = threading.Lock()

    def leave() -> None:
        with turn:
            user_id = next(leaving)
        anonymise_user(user_id=user_id, actor=Actor(user_id, "api", is_staff=True))

    race(3, leave)
    assert User.objects.filter(is_superuser=True, is_active=True).exists()


@pytest.mark.django_db
def test_an_account_is_found_through_the_index_of_its_email() -> None:
    make_user(email="Ada@example.com")
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
    assert "user_email_unique" in User.objects.with_email("ADA@example.com").explain()
    assert User.objects.with_email("aDA@example.com").get().email == "Ada@example.com"
    assert User.objects.get_by_natural_key("ADA@example.com") == User.objects.get()


@pytest.mark.django_db
def test_asking_for_a_reset_costs_the_same_for_everyone(api: Any) -> None:
    known, disabled = make_user(), make_user(is_active=False)
    statements = []
    for email in (known.email, disabled.email, "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            assert api.post(RESET, {"email": email}).status_code == 202
        statements.append([query["sql"].split()[0] for query in queries])
    assert statements[0] == statements[1] == statements[2]


@pytest.mark.django_db
def test_a_storm_of_logins_leaves_threads_for_orders() -> None:
    """One hashes, one waits; other strangers are refused without waiting, so at most two threads are taken."""
    hashes, waits = threading.Event(), threading.Event()
    finish = threading.Event()

    def hash_slowly() -> None:
        with passwords.hashing():
            hashes.set()
            finish.wait(10)

    def wait_for_the_turn() -> None:
        hashes.wait(10)
        with passwords.place_in(passwords._places, seconds=0):
            waits.set()
            finish.wait(10)

    threads = [threading.Thread(target=work) for work in (hash_slowly, wait_for_the_turn)]
    for thread in threads:
        thread.start()
    assert waits.wait(10)
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(Refusal) as refusal, passwords.hashing():
            pass
        assert refusal.value.status == 503
    assert time.monotonic() - began < passwords.PATIENCE_SECONDS
    finish.set()
    for thread in threads:
        thread.join()
    with passwords.hashing():
        pass


@pytest.mark.django_db
def test_a_login_renews_an_outdated_hash_but_never_undoes_another_password(api: Any, settings: Any) -> None:
    user = make_user(password=PASSWORD)
    settings.BCRYPT_ROUNDS = 5
    assert api.post("/api/v1/users/login", {"email": user.email, "password": PASSWORD}).status_code == 200
    user.refresh_from_db()
    assert "$05$" in user.password
    settings.BCRYPT_ROUNDS = 6
    User.objects.filter(pk=user.pk).update(password=make_password(NEW))
    assert passwords.is_password_of(user, PASSWORD)
    user.refresh_from_db()
    assert user.check_password(NEW)
