"""Leaving: with the password, not at once, and not for ever until the days are over."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db.models import F
from django.utils import timezone

from accounts import leaving, tasks
from accounts.leaving import begin_to_leave, erase_if_due, erase_leavers, restore_user
from accounts.models import Session, User
from accounts.services import set_password
from accounts.sessions import start_session
from accounts.tests.factories import PASSWORD, client_of, make_user
from database.refusals import Refusal
from events.actors import COMMAND, WORKER, Actor
from events.models import Event
from tests.threads import overtaken

USERS = "/api/v1/users"
ME = f"{USERS}/me"
BODY = {"current_password": PASSWORD}


def let_days_pass(days: float) -> None:
    User.objects.update(leaving_at=F("leaving_at") - timedelta(days=days))


def state_of(user: User) -> tuple[Any, int]:
    return User.objects.filter(pk=user.pk).values().get(), Session.objects.live().filter(user=user).count()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (None, ("current_password", "required")),
        ({}, ("current_password", "required")),
        ({"current_password": None}, ("current_password", "null")),
        ({"current_password": "wrong one"}, ("current_password", "wrong_password")),
        (BODY | {"now": True}, ("now", "unknown_field")),
    ],
)
def test_a_token_alone_erases_nobody(body: Any, error: tuple[str, str]) -> None:
    user = make_user(password=PASSWORD)
    client = client_of(user)
    before = state_of(user)
    answer = client.delete(ME, body)
    assert answer.status_code == 400
    assert [(found["field"], found["code"]) for found in answer.json()["errors"]] == [error]
    assert state_of(user) == before


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/orders/1", "/api/v1/products/1", "/api/v1/categories/none"])
def test_other_deletions_take_no_body(as_admin: Any, path: str) -> None:
    answer = as_admin.delete(path, BODY)
    assert (answer.status_code, answer.json()["code"]) == (400, "unexpected_body")


@pytest.mark.django_db
def test_leaving_ends_the_sessions_and_erases_nothing_yet() -> None:
    user = make_user(email="gone@example.com", city="Paris", password=PASSWORD)
    client = client_of(user)
    assert client.delete(ME, BODY).status_code == 204
    assert client.get(ME).status_code == 401
    assert not Session.objects.live().filter(user=user).exists()
    user.refresh_from_db()
    assert (user.email, user.city, user.is_active) == ("gone@example.com", "Paris", True)
    assert Event.objects.get(kind="user.leaving").payload == {"user_id": user.pk}


@pytest.mark.django_db
def test_whoever_leaves_logs_in_again_and_stays(api: Any) -> None:
    user = make_user(password=PASSWORD, city="Paris")
    assert "erase_at" not in client_of(user).get(ME).data
    client_of(user).delete(ME, BODY)
    let_days_pass(13)
    login = api.post(f"{USERS}/login", {"email": user.email, "password": PASSWORD})
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {login.data['access_token']}")
    user.refresh_from_db()
    assert user.leaving_at is not None
    due = (user.leaving_at + timedelta(days=14)).isoformat().replace("+00:00", "Z")
    assert api.get(ME).data["erase_at"] == due
    stays = api.post(f"{ME}/restore")
    assert (stays.status_code, stays.data["city"], "erase_at" in stays.data) == (200, "Paris", False)
    again = api.post(f"{ME}/restore")
    assert again.data == stays.data
    let_days_pass(100)
    assert erase_leavers(actor=WORKER) == 0
    assert Event.objects.filter(kind="user.restored").count() == 1


@pytest.mark.django_db
def test_leaving_twice_leaves_at_the_first_time() -> None:
    user = make_user(password=PASSWORD)
    client_of(user).delete(ME, BODY)
    let_days_pass(5)
    before = User.objects.get().leaving_at
    assert client_of(user).delete(ME, BODY).status_code == 204
    assert User.objects.get().leaving_at == before
    assert Event.objects.filter(kind="user.leaving").count() == 1


@pytest.mark.django_db
def test_the_worker_erases_when_the_days_are_over(api: Any) -> None:
    user, stays = make_user(email="gone@example.com", city="Paris", password=PASSWORD), make_user()
    client_of(user).delete(ME, BODY)
    let_days_pass(13.9)
    tasks.erase_leavers(timestamp=0)
    assert User.objects.get(pk=user.pk).city == "Paris"
    let_days_pass(0.2)
    tasks.erase_leavers(timestamp=0)
    user.refresh_from_db()
    assert (user.city, user.first_name, user.is_active, user.erase_at) == ("", "", False, None)
    assert "gone" not in user.email
    assert Event.objects.get(kind="user.anonymised").actor == "system"
    assert api.post(f"{USERS}/login", {"email": "gone@example.com", "password": PASSWORD}).status_code == 401
    with pytest.raises(Refusal) as refusal:
        restore_user(user_id=user.pk, actor=COMMAND)
    assert refusal.value.code == "not_found"
    assert User.objects.get(pk=stays.pk).anonymised_at is None


@pytest.mark.django_db
def test_without_days_the_next_run_of_the_worker_erases(settings: Any) -> None:
    settings.ERASE_AFTER_DAYS = 0
    user = make_user(password=PASSWORD)
    client_of(user).delete(ME, BODY)
    let_days_pass(0.001)
    assert erase_leavers(actor=WORKER) == 1
    assert User.objects.get().anonymised_at is not None


@pytest.mark.django_db(transaction=True)
def test_who_stays_while_the_worker_is_about_to_erase_stays() -> None:
    user = make_user(leaving_at=timezone.now() - timedelta(days=15))
    erased = overtaken(
        lambda: restore_user(user_id=user.pk, actor=Actor(user.pk, "api")),
        lambda: erase_if_due(user_id=user.pk, actor=WORKER),
    )
    assert erased is False
    assert User.objects.get().anonymised_at is None


@pytest.mark.django_db(transaction=True)
def test_control_a_worker_that_does_not_look_again_erases_whoever_stays() -> None:
    user = make_user(leaving_at=timezone.now() - timedelta(days=15))
    overtaken(
        lambda: restore_user(user_id=user.pk, actor=Actor(user.pk, "api")),
        lambda: leaving.anonymise_user(user_id=user.pk, actor=WORKER),
    )
    assert User.objects.get().anonymised_at is not None


@pytest.mark.django_db
def test_a_password_that_is_not_the_current_one_any_more_erases_nobody() -> None:
    user = make_user(password=PASSWORD)
    checked = user.password
    set_password(user=User.objects.get(), password="another good password", actor=COMMAND)
    with pytest.raises(Refusal) as refusal:
        begin_to_leave(user_id=user.pk, encoded=checked, actor=COMMAND)
    assert refusal.value.code == "password_replaced"
    assert User.objects.get().leaving_at is None


@pytest.mark.django_db
def test_the_last_administrator_stays(caplog: pytest.LogCaptureFixture) -> None:
    first, second = (make_user(is_staff=True, is_superuser=True, password=PASSWORD) for _ in range(2))
    assert client_of(first).delete(ME, BODY).status_code == 204
    # The first one is still there, and is about to leave.
    answer = client_of(second).delete(ME, BODY)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    assert User.objects.get(pk=second.pk).leaving_at is None
    User.objects.filter(pk=second.pk).update(is_active=False)
    let_days_pass(15)
    with caplog.at_level(logging.WARNING):
        assert erase_leavers(actor=WORKER) == 0
    assert f"user {first.pk} wants to leave and is the last administrator" in caplog.text
    assert User.objects.get(pk=first.pk).is_active


@pytest.mark.django_db
def test_guesses_of_the_password_are_attempts_to_sign_in(settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (3, 60)
    user = make_user(password=PASSWORD)
    client = client_of(user)
    answers = [client.delete(ME, {"current_password": f"Guess {number}"}).status_code for number in range(3)]
    assert (answers, client.delete(ME, BODY).status_code) == ([400, 400, 400], 429)
    assert User.objects.get().leaving_at is None


@pytest.mark.django_db
def test_staff_keep_a_customer_who_leaves(staff_pages: Any) -> None:
    user = make_user(leaving_at=timezone.now())
    clerk, stranger = staff_pages("administrator"), staff_pages("order desk")
    assert "Leaves on" in clerk.get(f"/admin/accounts/user/{user.pk}/change/").content.decode()
    assert stranger.post(f"/admin/accounts/user/{user.pk}/restore/").status_code == 403
    assert clerk.get(f"/admin/accounts/user/{user.pk}/restore/").status_code == 405
    assert User.objects.get(pk=user.pk).leaving_at is not None
    assert clerk.post(f"/admin/accounts/user/{user.pk}/restore/").status_code == 302
    assert User.objects.get(pk=user.pk).leaving_at is None
    assert "Leaves on" not in clerk.get(f"/admin/accounts/user/{user.pk}/change/").content.decode()
    assert Event.objects.get(kind="user.restored").channel == "admin"


@pytest.mark.django_db
def test_only_administrators_keep_other_staff() -> None:
    colleague, clerk = make_user(is_staff=True, leaving_at=timezone.now()), make_user(is_staff=True)
    with pytest.raises(Refusal) as refusal:
        restore_user(user_id=colleague.pk, actor=Actor(clerk.pk, "admin", is_staff=True))
    assert refusal.value.code == "permission_denied"
    assert User.objects.get(pk=colleague.pk).leaving_at is not None


@pytest.mark.django_db
def test_leaving_is_mailed_with_its_day_and_nothing_that_was_typed() -> None:
    user = make_user(email="ann@example.com", first_name="Win a car", password=PASSWORD)
    client_of(user).delete(ME, BODY)
    for _ in range(2):
        tasks.mail_leaving(event_id=7, kind="user.leaving", payload={"user_id": user.pk})
    [message] = mail.outbox
    day = timezone.now().date() + timedelta(days=14)
    assert (message.subject, message.to) == ("Your account will be erased", ["ann@example.com"])
    html = str(message.alternatives[0][0])  # type: ignore[union-attr]  # of EmailMultiAlternatives
    for body in (message.body, html):
        assert f"will be erased on {day}" in body
        assert "car" not in body
    restore_user(user_id=user.pk, actor=COMMAND)
    tasks.mail_leaving(event_id=8, kind="user.leaving", payload={"user_id": user.pk})
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_who_leaves_can_go_on_until_then() -> None:
    user = make_user(leaving_at=timezone.now())
    token = start_session(user_id=user.pk).access_token
    client = client_of(user)
    assert client.patch(ME, {"city": "Rome"}, HTTP_AUTHORIZATION=f"Bearer {token}").data["city"] == "Rome"
