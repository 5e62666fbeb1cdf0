"""The mailed link that confirms an email: who gets it, what it is good for, and what else confirms."""

import re
import time
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core import mail, signing
from django.core.signing import TimestampSigner
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import leaving, tasks
from accounts.mailed_links import confirmation_token, uid_of
from accounts.models import User
from accounts.services import update_user
from accounts.tests.factories import PASSWORD, client_of, make_user
from config.subscriptions import SUBSCRIPTIONS
from events.actors import COMMAND
from events.models import Event

CONFIRM = "/api/v1/users/confirm-email"
AGAIN = "/api/v1/users/me/confirm-email"
DAY = 86_400
NEW = "another long one 7"


@pytest.fixture
def ann(db: None) -> User:
    return make_user(email="ann@example.com", password=PASSWORD)


def link_of(user: User) -> dict[str, str]:
    return {"uid": uid_of(user), "token": confirmation_token(user)}


def is_confirmed(user: User) -> bool:
    return User.objects.get(pk=user.pk).email_confirmed_at is not None


def send(user: User, kind: str = "user.registered", event_id: int = 7) -> None:
    tasks.mail_email_confirmation(event_id=event_id, kind=kind, payload={"user_id": user.pk})


@pytest.mark.parametrize("kind", ["user.registered", "user.email_changed", "user.confirmation_requested"])
def test_the_mail_follows_a_registration_a_new_email_and_the_wish_for_one(kind: str) -> None:
    assert tasks.mail_email_confirmation in SUBSCRIPTIONS[kind]


def test_the_mail_holds_a_link_that_confirms_and_nothing_that_was_typed(
    ann: User, api: APIClient, settings: Any
) -> None:
    settings.EMAIL_CONFIRM_URL = "https://shop.test/confirm?uid={uid}&token={token}"

    send(ann)
    send(ann)

    [message] = mail.outbox
    assert (message.subject, message.to) == ("Confirm your email", ["ann@example.com"])
    assert ann.first_name not in message.body
    assert "within 3 days" in message.body
    found = re.search(r"https://shop\.test/confirm\?uid=(\S+)&token=(\S+)", str(message.body))
    assert found
    answer = api.post(CONFIRM, {"uid": found[1], "token": found[2]})
    assert (answer.status_code, answer.json()) == (200, {"detail": "The email is confirmed."})
    assert is_confirmed(ann)


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"anonymised_at": timezone.now()}, {"email_confirmed_at": timezone.now()}]
)
def test_nothing_is_mailed_to_whom_it_would_be_of_no_use(ann: User, change: dict[str, Any]) -> None:
    User.objects.filter(pk=ann.pk).update(**change)

    send(ann)

    assert mail.outbox == []


def test_staff_get_the_mail_only_when_they_ask_for_it(db: None) -> None:
    clerk = make_user(is_staff=True)

    send(clerk)
    assert mail.outbox == []

    send(clerk, "user.confirmation_requested")
    assert len(mail.outbox) == 1


def test_confirming_is_told_once_and_is_no_edit(ann: User, api: APIClient) -> None:
    link = link_of(ann)

    assert [api.post(CONFIRM, link).status_code for _ in range(2)] == [200, 200]

    told = Event.objects.get(kind="user.email_confirmed")
    assert (told.subject, told.payload, told.actor) == (f"user:{ann.pk}", {"user_id": ann.pk}, f"customer:{ann.pk}")
    assert User.objects.get(pk=ann.pk).version == ann.version
    shown = client_of(ann).get("/api/v1/users/me").json()["email_confirmed_at"]
    assert shown is not None


def test_an_account_says_that_it_is_not_confirmed(ann: User) -> None:
    assert client_of(ann).get("/api/v1/users/me").json()["email_confirmed_at"] is None


def test_a_link_that_is_worth_nothing_is_refused_in_one_and_the_same_way(ann: User, api: APIClient) -> None:
    good, other = link_of(ann), make_user()
    reset = default_token_generator.make_token(ann)
    other_salt = TimestampSigner(salt="other").sign(uid_of(ann)).partition(":")[2]
    User.objects.filter(pk=(disabled := make_user()).pk).update(is_active=False)

    answers = [
        api.post(CONFIRM, link)
        for link in (
            good | {"token": good["token"] + "x"},
            good | {"token": reset},
            good | {"token": other_salt},
            good | {"uid": uid_of(other)},
            good | {"uid": "MTAwMDAwMDAwMDAw"},
            good | {"uid": "?"},
            link_of(disabled),
        )
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(400, "invalid_confirmation_token")}
    assert len({str(answer.json() | {"request_id": ""}) for answer in answers}) == 1
    assert not User.objects.filter(email_confirmed_at__isnull=False).exists()
    assert not Event.objects.filter(kind="user.email_confirmed").exists()


def test_a_link_works_for_its_days_and_not_longer(ann: User, api: APIClient, settings: Any, monkeypatch: Any) -> None:
    link, now = link_of(ann), time.time()
    settings.EMAIL_CONFIRM_DAYS = 2

    def let_signatures_be_read_at(moment: float) -> None:
        monkeypatch.setattr(signing, "time", SimpleNamespace(time=lambda: moment))

    let_signatures_be_read_at(now + 2 * DAY + 60)
    assert api.post(CONFIRM, link).status_code == 400

    let_signatures_be_read_at(now + 2 * DAY - 60)
    assert api.post(CONFIRM, link).status_code == 200


def test_a_new_email_is_not_confirmed_and_the_link_to_the_old_one_confirms_nothing(ann: User, api: APIClient) -> None:
    link = link_of(ann)
    api.post(CONFIRM, link)

    client_of(ann).patch("/api/v1/users/me", {"email": "new@example.com", "current_password": PASSWORD})

    assert not is_confirmed(ann)
    assert api.post(CONFIRM, link).status_code == 400
    assert not is_confirmed(ann)


def test_another_case_of_the_same_email_stays_confirmed(ann: User, api: APIClient) -> None:
    api.post(CONFIRM, link_of(ann))

    update_user(user_id=ann.pk, changes={"email": "Ann@example.com"}, actor=COMMAND)
    update_user(user_id=ann.pk, changes={"city": "Salem"}, actor=COMMAND)

    assert is_confirmed(ann)


def test_a_new_password_by_a_mailed_link_confirms_the_email(ann: User, api: APIClient) -> None:
    link = {"uid": uid_of(ann), "token": default_token_generator.make_token(ann), "new_password": NEW}

    assert api.post("/api/v1/users/password-reset/confirm", link).status_code == 200

    assert is_confirmed(ann)
    assert Event.objects.filter(kind="user.email_confirmed", subject=f"user:{ann.pk}").count() == 1


def test_a_refused_new_password_confirms_nothing(ann: User, api: APIClient) -> None:
    link = {"uid": uid_of(ann), "token": default_token_generator.make_token(ann), "new_password": "short"}

    assert api.post("/api/v1/users/password-reset/confirm", link).status_code == 400
    assert not is_confirmed(ann)


def test_the_mail_is_asked_for_again_as_long_as_it_is_of_use(ann: User, api: APIClient) -> None:
    client = client_of(ann)

    first = client.post(AGAIN)
    api.post(CONFIRM, link_of(ann))
    second = client.post(AGAIN)

    assert (first.status_code, second.status_code, first.json()) == (202, 202, second.json())
    assert Event.objects.filter(kind="user.confirmation_requested").count() == 1


def test_mails_and_links_are_limited(ann: User, api: APIClient, settings: Any) -> None:
    settings.RATE_LIMITS, settings.RATE_LIMIT_REGISTER, settings.RATE_LIMIT_PASSWORD_RESET = True, (3, 60), (2, 60)
    client, link = client_of(ann), link_of(ann) | {"token": "x"}

    assert [client.post(AGAIN).status_code for _ in range(3)] == [202, 202, 429]
    assert [api.post(CONFIRM, link).status_code for _ in range(4)] == [400, 400, 400, 429]


def test_who_is_forgotten_has_no_confirmed_email(ann: User, api: APIClient) -> None:
    api.post(CONFIRM, link_of(ann))

    leaving.anonymise_user(user_id=ann.pk, actor=COMMAND)

    assert not is_confirmed(ann)
