"""The one way by which a mail of this app comes to somebody: to a mailbox that wants it, or to the staff who try it.

No other code makes such a mail. `write_to` takes the id of a consent and never an address, asks once more whether it is
given, and reads the address in that same statement. Each mail has the links and the headers by which it is ended.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from accounts.models import User
from database.rows import fetch_rows
from events import mails
from marketing.links import preferences_url, unsubscribe_url
from marketing.markup import as_html, as_text
from marketing.models import Campaign, Topic
from marketing.willing import willing

ADDRESS = "select email from marketing_consent consent where id = %(consent_id)s::bigint and {willing}"


class NotWanted(Exception):
    """There is no consent, or none any more. Nothing was sent."""


def write_to(
    consent_id: int, topic: Topic, key: str, template: str, context: Mapping[str, Any], *, recipient_id: int = 0
) -> None:
    """Send the mail of this key to the mailbox of a consent, once, if the consent is given for this topic.

    Raises NotWanted, and what `mails.send_once` raises.
    """
    rows = fetch_rows(ADDRESS.format(willing=willing(topic)), {"consent_id": consent_id})
    if not rows:
        raise NotWanted
    [(address,)] = rows
    compose(key, template, context, to=address, consent_id=consent_id, recipient_id=recipient_id)


def write_to_oneself(user_id: int, key: str, template: str, context: Mapping[str, Any]) -> None:
    """Send a mail that is being tried to the member of staff who tries it, and to nobody else.

    Its links end nothing. Raises NotWanted for whoever does not work here, and what `mails.send_once` raises.
    """
    colleague = User.objects.filter(pk=user_id, is_active=True, is_staff=True, anonymised_at=None).first()
    if colleague is None:
        raise NotWanted
    compose(key, template, context, to=colleague.email)


@contextmanager
def previewing_for(email: str, template: str, context: Mapping[str, Any]) -> Iterator[mails.Preview]:
    """The mail as it would be for this address. Nothing is claimed, and nothing is sent."""
    with mails.previewing() as found:
        compose("preview", template, context, to=email)
        yield found[0]


def compose(
    key: str, template: str, context: Mapping[str, Any], *, to: str, consent_id: int = 0, recipient_id: int = 0
) -> None:
    """Send a mail with its links and headers. For the functions above alone, which know that it is wanted."""
    unsubscribe = unsubscribe_url(consent_id, recipient_id)
    links = {"unsubscribe": unsubscribe, "preferences": preferences_url(consent_id, recipient_id)}
    # RFC 8058: a mail program ends the mails by one POST to this address, without a page and without a log-in.
    headers = {
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
    }
    mails.send_once(key, template, {**context, **links}, to=[to], headers=headers)


def content_of(campaign: Campaign) -> dict[str, Any]:
    """What the templates of a campaign are told."""
    return {"headline": campaign.subject, "content": as_text(campaign.text), "html_content": as_html(campaign.text)}
