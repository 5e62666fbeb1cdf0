"""The links at the end of each mail, and the one that confirms a consent. They are signed, and stored nowhere.

Whoever has a link from a mail reads the mailbox. A link that ends mails works for ever, one that begins them for
NEWSLETTER_CONFIRM_DAYS.
"""

from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.core.signing import BadSignature, Signer, TimestampSigner


class Mailbox(NamedTuple):
    """Whose link it is, and in which mail of a campaign it stood; 0 for none."""

    consent_id: int
    recipient_id: int


def mail_signer() -> Signer:
    """What signs the links at the end of mails."""
    return Signer(key=settings.TOKEN_SIGNING_KEY, salt="marketing.mail")


def confirm_signer() -> TimestampSigner:
    """What signs the links that confirm."""
    return TimestampSigner(key=settings.TOKEN_SIGNING_KEY, salt="marketing.confirm")


def token_of(consent_id: int, recipient_id: int = 0) -> str:
    """The token by which a mailbox decides on its mails."""
    return mail_signer().sign(f"{consent_id}-{recipient_id}")


def mailbox_of(token: str) -> Mailbox | None:
    """Whose token this is; None for what is none."""
    try:
        consent_id, _, recipient_id = mail_signer().unsign(token).partition("-")
    except BadSignature:
        return None
    return Mailbox(int(consent_id), int(recipient_id))


def confirmation_token(consent_id: int, proof_id: int) -> str:
    """The token that confirms what was asked for, which this proof tells of."""
    return confirm_signer().sign(f"{consent_id}-{proof_id}")


def asked_in(token: str) -> tuple[int, int] | None:
    """The consent and the proof whose confirmation this is; None for what is none, or is too old."""
    try:
        text = confirm_signer().unsign(token, max_age=timedelta(days=settings.NEWSLETTER_CONFIRM_DAYS))
    except BadSignature:
        return None
    consent_id, _, proof_id = text.partition("-")
    return int(consent_id), int(proof_id)


def unsubscribe_url(consent_id: int, recipient_id: int = 0) -> str:
    """Where a mailbox ends its mails: by a POST at once, by a button on the page that a GET shows."""
    return f"{settings.PUBLIC_URL}/newsletter/unsubscribe/{token_of(consent_id, recipient_id)}"


def preferences_url(consent_id: int, recipient_id: int = 0) -> str:
    """Where a mailbox chooses what it is sent."""
    return f"{settings.PUBLIC_URL}/newsletter/preferences/{token_of(consent_id, recipient_id)}"


def confirm_url(consent_id: int, proof_id: int) -> str:
    """Where a mailbox confirms what was asked for."""
    return settings.NEWSLETTER_CONFIRM_URL.format(token=confirmation_token(consent_id, proof_id))
