"""Sending the mails that follow from events, made from templates/mail/.

Nobody has confirmed that an address belongs to the person who has typed it. So a mail says what the shop itself knows,
number, articles, totals and a link, and nothing that a customer has typed: a stranger could make the shop mail it.

Each mail is sent at least once, and never by two workers at once. A worker claims the mail in a row, since a lock would
be held while another machine answers. If the worker dies after the mail server has said yes and before the row says so,
the mail is sent again under the same Message-ID.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from email.utils import make_msgid, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone
from procrastinate import RetryStrategy

from events.mail_server import pause
from events.models import SentMail

# The queue of jobs that send mails. Its workers do nothing else, and no other worker waits for a mail server.
QUEUE = "mail"
# No attempt takes longer: a dialogue with the mail server ends after four times EMAIL_TIMEOUT, of 60 s at most.
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


# A mail may hold the secret that opens an order or an account, in the rest of an address.
ADDRESS = re.compile(r"(https?://[^/\s\"'<>]+)/[^\s\"'<>]*")


class ClaimedElsewhere(Exception):
    """Another worker has claimed this mail, and either sends the mail now or has died. The job's retry finds out."""


class NotSent(Exception):
    """The mail server did not take the mail."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one worker to send one mail. `claimed_at` tells this claim from a later one."""

    id: int
    message_id: str
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail that was made and not sent. Its links lead nowhere."""

    subject: str
    text: str
    html: str
    to: Sequence[str]
    # The names of what is attached.
    attached: Sequence[str]


_previews: ContextVar[list[Preview] | None] = ContextVar("previews", default=None)


@contextmanager
def previewing() -> Iterator[list[Preview]]:
    """Keep the mails of this block in a list: nothing is claimed, and nothing is sent."""
    found: list[Preview] = []
    token = _previews.set(found)
    try:
        yield found
    finally:
        _previews.reset(token)


def send_once(
    key: str,
    template: str,
    context: Mapping[str, Any],
    *,
    to: Sequence[str],
    attachments: Sequence[tuple[str, bytes, str]] = (),
) -> bool:
    """Send `mail/<template>`, unless the mail of this key was sent before. Returns whether this call has sent the mail.

    Each of `attachments` is the name of a file, its content and its media type.

    Raises ClaimedElsewhere while another worker holds a fresh claim. When the mail server refuses or does not answer,
    this gives the claim back and raises NotSent, so that the job's retry need not wait for the claim to grow old.
    """
    subject, text, html = render(template, context)
    previews = _previews.get()
    if previews is not None:
        text, html = (ADDRESS.sub(r"\1/", part) for part in (text, html))
        previews.append(Preview(subject, text, html, to, [name for name, _, _ in attachments]))
        return False
    claim = claim_mail(key)
    if claim is None:
        return False
    message = EmailMultiAlternatives(
        subject, text, to=list(to), headers={"Message-ID": claim.message_id, "Auto-Submitted": "auto-generated"}
    )
    message.attach_alternative(html, "text/html")
    for attachment in attachments:
        message.attach(*attachment)
    mine = SentMail.objects.filter(pk=claim.id, claimed_at=claim.claimed_at)
    try:
        message.send()
    except Exception as error:
        pause.note_failure(error)
        mine.update(claimed_at=None)
        # The error's own text may hold the address, and an error's text ends in a log.
        raise NotSent(f"{key}: {type(error).__name__}") from None
    pause.note_success()
    mine.update(sent_at=Now())
    return True


def claim_mail(key: str) -> Claim | None:
    """Claim a mail; None when the mail has been sent. Raises ClaimedElsewhere."""
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
    """The subject, the text and the HTML of a mail. The first line of the text template is the subject."""
    seller = [settings.SHOP_LEGAL_NAME or settings.SHOP_NAME, *settings.SHOP_LEGAL_ADDRESS]
    everything = {"shop": settings.SHOP_NAME, "logo": settings.SHOP_LOGO_URL, "seller": seller, **context}
    with timezone.override(settings.SHOP_TIME_ZONE):
        text = render_to_string(f"mail/{template}.txt", everything)
        subject, _, body = text.partition("\n")
        html = render_to_string(f"mail/{template}.html", everything | {"subject": subject})
    return subject.strip(), body.strip() + "\n", html


def masked(address: str) -> str:
    """An address in the form that logs may hold: `c***@example.com`."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"
