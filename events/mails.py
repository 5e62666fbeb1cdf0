"""Sending a mail that follows from an event: from templates/mail/, at least once, never by two workers at once.

The claim is a row, not a lock, because sending talks to another machine. What a claim cannot rule out is a worker that
dies between the mail server's yes and the note of it: then the mail is sent again under the same Message-ID.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import make_msgid, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.db.models.functions import Now
from django.template.loader import render_to_string
from procrastinate import RetryStrategy

from events.models import SentMail

# Longer than any attempt can take: an SMTP dialogue has about a dozen steps of at most EMAIL_TIMEOUT (10 s) each.
CLAIM_SECONDS = 300
# 3, 9, 27 ... seconds: ten attempts over a day.
RETRY = RetryStrategy(max_attempts=10, exponential_wait=3)

CLAIM = """
insert into events_sentmail as mail (key, message_id, claimed_at) values (%s, %s, clock_timestamp())
on conflict (key) do update set claimed_at = clock_timestamp()
    where mail.sent_at is null
    and (mail.claimed_at is null or mail.claimed_at < clock_timestamp() - make_interval(secs => %s))
returning id, message_id, claimed_at
"""


class ClaimedElsewhere(Exception):
    """Another worker is sending this mail, or died over it. The retry finds out which."""


class NotSent(Exception):
    """The mail server did not take the mail."""


@dataclass(frozen=True, slots=True)
class Claim:
    id: int
    message_id: str
    claimed_at: datetime


def send_once(key: str, template: str, context: Mapping[str, Any], *, to: Sequence[str]) -> bool:
    """Send `mail/<template>` unless the mail of this key has gone out before. Returns whether it was sent now.

    Refuses with ClaimedElsewhere while another worker holds a fresh claim. When the mail server refuses or is away,
    the claim is given back and NotSent raised, so that the job's retry need not wait.
    """
    subject, text, html = render(template, context)
    claim = claim_mail(key)
    if claim is None:
        return False
    message = EmailMultiAlternatives(
        subject, text, to=list(to), headers={"Message-ID": claim.message_id, "Auto-Submitted": "auto-generated"}
    )
    message.attach_alternative(html, "text/html")
    mine = SentMail.objects.filter(pk=claim.id, claimed_at=claim.claimed_at)
    try:
        message.send()
    except Exception as error:
        mine.update(claimed_at=None)
        # The error's own text may hold the address, and would end in a log.
        raise NotSent(f"{key}: {type(error).__name__}") from None
    mine.update(sent_at=Now())
    return True


def claim_mail(key: str) -> Claim | None:
    """The right to send this mail now, or None when it has been sent. Raises ClaimedElsewhere."""
    message_id = make_msgid(domain=parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or None)
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [key, message_id, CLAIM_SECONDS])
        row = cursor.fetchone()
    if row:
        return Claim(*row)
    if SentMail.objects.filter(key=key, sent_at=None).exists():
        raise ClaimedElsewhere(key)
    return None


def render(template: str, context: Mapping[str, Any]) -> tuple[str, str, str]:
    """Subject, text and HTML. The first line of the text template is the subject."""
    everything = {"shop": settings.SHOP_NAME, **context}
    text = render_to_string(f"mail/{template}.txt", everything)
    subject, _, body = text.partition("\n")
    html = render_to_string(f"mail/{template}.html", everything | {"subject": subject})
    return subject.strip(), body.strip() + "\n", html


def masked(address: str) -> str:
    """An address as it may stand in a log: `c***@example.com`."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"
