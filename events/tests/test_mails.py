import email
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from events.mails import CLAIM_SECONDS, ClaimedElsewhere, NotSent, masked, send_once
from events.models import SentMail
from tests.threads import at_once

CONTEXT: dict[str, Any] = {"link": "https://shop.test/reset?a=1&b=2", "minutes": 60}


def send(key: str = "reset:1") -> bool:
    return send_once(key, "password_reset", CONTEXT, to=["ann@example.com"])


@pytest.mark.django_db
def test_a_mail_has_text_and_html_from_the_templates() -> None:
    assert send()

    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    assert message.subject == "Set a new password"
    assert message.to == ["ann@example.com"]
    assert "https://shop.test/reset?a=1&b=2" in message.body
    [(html, mimetype)] = message.alternatives
    assert mimetype == "text/html"
    assert "https://shop.test/reset?a=1&amp;b=2" in str(html)


@pytest.mark.django_db
def test_a_mail_is_sent_once_per_key() -> None:
    send()

    assert not send()

    assert len(mail.outbox) == 1
    assert SentMail.objects.get(key="reset:1").sent_at


@pytest.mark.django_db
def test_a_mail_that_the_server_refused_is_tried_again_under_the_same_message_id(settings: Any) -> None:
    settings.EMAIL_BACKEND = "events.tests.mailboxes.Refusing"
    with pytest.raises(NotSent, match=r"^reset:1: SMTPRecipientsRefused$"):
        send()
    claim = SentMail.objects.get()
    assert (claim.sent_at, claim.claimed_at) == (None, None)

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send()

    assert mail.outbox[0].extra_headers["Message-ID"] == claim.message_id


@pytest.mark.django_db
def test_the_claim_of_another_worker_is_respected() -> None:
    SentMail.objects.create(key="reset:1", message_id="<a@example.com>", claimed_at=timezone.now())

    with pytest.raises(ClaimedElsewhere):
        send()

    assert mail.outbox == []


@pytest.mark.django_db
def test_the_claim_of_a_worker_that_died_is_taken_over_under_the_same_message_id() -> None:
    long_ago = timezone.now() - timedelta(seconds=CLAIM_SECONDS + 1)
    SentMail.objects.create(key="reset:1", message_id="<a@example.com>", claimed_at=long_ago)

    assert send()

    assert mail.outbox[0].extra_headers["Message-ID"] == "<a@example.com>"


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_send_one_mail(settings: Any) -> None:
    settings.EMAIL_BACKEND = "events.tests.mailboxes.Slow"

    results = at_once([send] * 4)

    assert results.count(True) == 1
    assert sum(isinstance(result, ClaimedElsewhere) for result in results) == 3
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_in_development_a_mail_is_a_file_and_a_line_on_the_console(
    settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_BACKEND = "events.mail_backend.FolderBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")

    send()

    [file] = (tmp_path / "mail").iterdir()
    message = email.message_from_bytes(file.read_bytes())
    assert (message["To"], message["Subject"]) == ("ann@example.com", "Set a new password")
    assert capsys.readouterr().out == f'mail: "Set a new password" to a***@example.com -> {file}\n'


def test_a_masked_address_keeps_one_letter_and_the_domain() -> None:
    assert masked("ann.smith@example.com") == "a***@example.com"
