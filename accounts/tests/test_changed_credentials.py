"""Whose email or password was changed hears of it, also where somebody else has changed both."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.db.models import F
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.leaving import anonymise_user
from accounts.models import FormerEmail, User
from accounts.services import update_user
from accounts.tasks import mail_changed_credentials, purge_sessions
from accounts.tests.factories import PASSWORD, client_of, make_user
from events.actors import COMMAND
from events.mails import NotSent
from events.models import Event
from events.tests.rewriting import rewriting

pytestmark = pytest.mark.django_db
USERS = "/api/v1/users"
NEW = "another good password"
KINDS = ("user.email_changed", "user.password_changed")
EMAIL_SUBJECT = "The email of your account was changed"
PASSWORD_SUBJECT = "The password of your account was changed"


@pytest.fixture
def user() -> User:
    return make_user(email="old@example.com", password=PASSWORD, first_name="Win at evil.example")


def run_jobs() -> list[tuple[str, list[str]]]:
    """Run the jobs of all events as the dispatcher would, and return subject and recipients of the mails so far."""
    for event in Event.objects.filter(kind__in=KINDS).order_by("id"):
        mail_changed_credentials(event_id=event.pk, kind=event.kind, payload=event.payload)
    return [(str(message.subject), message.to) for message in mail.outbox]


def change(user: User, **changes: str) -> None:
    body = changes | {"current_password": PASSWORD}
    assert client_of(user).patch(f"{USERS}/me", body).status_code == 200


def test_another_email_is_told_to_the_old_address(user: User) -> None:
    change(user, email="new@example.com")
    assert run_jobs() == [(EMAIL_SUBJECT, ["old@example.com"])]
    html = str(mail.outbox[0].alternatives[0][0])  # type: ignore[union-attr]  # of EmailMultiAlternatives
    for body in (mail.outbox[0].body, html):
        assert "this address is not used for it any more" in body
        assert not any(typed in body for typed in ("evil.example", "new@example.com"))


def test_another_password_is_told_to_the_address(user: User) -> None:
    change(user, password=NEW)
    assert run_jobs() == [(PASSWORD_SUBJECT, ["old@example.com"])]


def test_both_at_once_are_told_to_the_old_address(user: User) -> None:
    change(user, email="new@example.com", password=NEW)
    assert run_jobs() == [
        (EMAIL_SUBJECT, ["old@example.com"]),
        (PASSWORD_SUBJECT, ["old@example.com"]),
        (PASSWORD_SUBJECT, ["new@example.com"]),
    ]


def test_of_two_changes_each_is_told_to_the_addresses_before_it(user: User) -> None:
    change(user, email="second@example.com")
    FormerEmail.objects.update(replaced_at=F("replaced_at") - timedelta(hours=1))
    with rewriting("events_event"):
        Event.objects.update(at=F("at") - timedelta(hours=1))
    change(User.objects.get(), email="third@example.com")
    assert run_jobs() == [
        (EMAIL_SUBJECT, ["old@example.com"]),
        (EMAIL_SUBJECT, ["old@example.com"]),
        (EMAIL_SUBJECT, ["second@example.com"]),
    ]


def test_a_change_by_staff_and_a_reset_are_told_too(user: User, as_admin: Any, api: Any, staff_pages: Any) -> None:
    assert as_admin.patch(f"{USERS}/{user.pk}", {"email": "new@example.com"}).status_code == 200
    user.refresh_from_db()
    link = {"uid": urlsafe_base64_encode(force_bytes(user.pk)), "token": default_token_generator.make_token(user)}
    assert api.post(f"{USERS}/password-reset/confirm", link | {"new_password": NEW}).status_code == 200
    page = staff_pages().post(f"/admin/accounts/user/{user.pk}/password/", {"password": "yet another one 77"})
    assert page.status_code == 302
    told = run_jobs()
    assert told.count((EMAIL_SUBJECT, ["old@example.com"])) == 1
    assert told.count((PASSWORD_SUBJECT, ["old@example.com"])) == 2
    assert told.count((PASSWORD_SUBJECT, ["new@example.com"])) == 2


def test_nothing_is_told_of_other_changes(user: User) -> None:
    change(user, city="Paris", email="OLD@example.com")
    update_user(user_id=user.pk, changes={"email": "old@EXAMPLE.com"}, actor=COMMAND)
    assert run_jobs() == []
    assert not FormerEmail.objects.exists()


def test_a_change_is_told_once_and_each_address_for_itself(user: User, settings: Any) -> None:
    change(user, email="new@example.com", password=NEW)
    settings.EMAIL_BACKEND = "events.tests.mailboxes.Refusing"
    with pytest.raises(NotSent):
        run_jobs()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    run_jobs()
    assert len(run_jobs()) == 3
    assert all(len(message.to) == 1 for message in mail.outbox)


def test_the_journal_does_not_know_the_addresses(user: User) -> None:
    change(user, email="new@example.com")
    assert "example.com" not in str(list(Event.objects.values_list("payload", "subject")))


def test_who_is_forgotten_is_told_nothing_and_leaves_no_address(user: User) -> None:
    change(user, email="new@example.com", password=NEW)
    anonymise_user(user_id=user.pk, actor=COMMAND)
    assert run_jobs() == []
    assert not FormerEmail.objects.exists()


def test_an_address_that_was_replaced_a_week_ago_is_forgotten(user: User) -> None:
    change(user, email="new@example.com")
    purge_sessions(timestamp=0)
    assert FormerEmail.objects.get().email == "old@example.com"
    FormerEmail.objects.update(replaced_at=F("replaced_at") - timedelta(days=8))
    purge_sessions(timestamp=0)
    assert not FormerEmail.objects.exists()
