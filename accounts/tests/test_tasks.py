import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.models import Session as AdminSession
from django.core import mail
from django.utils import timezone
from django.utils.http import urlsafe_base64_decode

from accounts import tasks
from accounts.models import Session, User


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ann@example.com", "old password", first_name="Ann", last_name="Smith")


def send(user_id: int) -> None:
    tasks.mail_password_reset(event_id=7, kind="user.password_reset_requested", payload={"user_id": user_id})


def test_the_password_reset_mail_holds_a_link_whose_token_works(user: User, settings: Any) -> None:
    settings.PASSWORD_RESET_URL = "https://shop.test/reset?uid={uid}&token={token}"

    send(user.pk)

    [message] = mail.outbox
    assert (message.subject, message.to) == ("Set a new password", ["ann@example.com"])
    found = re.search(r"https://shop\.test/reset\?uid=(\S+)&token=(\S+)", str(message.body))
    assert found
    assert urlsafe_base64_decode(found[1]) == str(user.pk).encode()
    assert default_token_generator.check_token(user, found[2])
    assert "within 60 minutes" in message.body


def test_the_password_reset_mail_is_sent_once_per_request(user: User) -> None:
    send(user.pk)
    send(user.pk)

    assert len(mail.outbox) == 1


@pytest.mark.parametrize("change", [{"is_active": False}, {"anonymised_at": timezone.now()}])
def test_nothing_is_mailed_to_an_account_that_is_disabled_or_anonymised(user: User, change: dict[str, Any]) -> None:
    User.objects.filter(pk=user.pk).update(**change)

    send(user.pk)

    assert mail.outbox == []


def test_nothing_is_mailed_about_an_account_that_is_not_there(db: None) -> None:
    send(10**12)

    assert mail.outbox == []


def test_expired_sessions_are_forgotten(user: User) -> None:
    now = timezone.now()
    for number, expires_at in enumerate([now + timedelta(days=1), now - timedelta(seconds=1)]):
        Session.objects.create(user=user, refresh_jti=uuid.uuid4(), user_agent=str(number), expires_at=expires_at)
        AdminSession.objects.create(session_key=str(number), session_data="", expire_date=expires_at)

    tasks.purge_sessions(timestamp=0)

    assert Session.objects.get().user_agent == "0"
    assert AdminSession.objects.get().session_key == "0"
