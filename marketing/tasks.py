"""The background work of marketing: links that confirm, campaigns, reminders of carts, and what is kept no longer."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from events import mails
from marketing import services
from marketing.links import confirm_url
from marketing.mailing import remind, send_due
from marketing.models import Campaign, Consent, Proof
from marketing.writing import NotWanted, content_of, write_to_oneself

# For so long each minute. Mails about orders go before it, and have the rest of the time.
SECONDS_A_MINUTE = 20.0


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_newsletter_confirmation(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail the link by which a mailbox agrees to be written to. It is no advertising, and has nothing of it.

    Does nothing when the mailbox has agreed already, or what was asked for is over. The token is made here, so that no
    token stands in the journal.
    """
    consent = Consent.objects.filter(pk=payload["consent_id"], state=Consent.State.ASKED, erased_at=None).first()
    proof = Proof.objects.filter(pk=payload["proof_id"]).select_related("wording").first()
    if consent is None or proof is None:
        return
    context = {
        "link": confirm_url(consent.pk, proof.pk),
        "days": settings.NEWSLETTER_CONFIRM_DAYS,
        "wording": proof.wording.text if proof.wording else "",
    }
    mails.send_once(f"{kind}:{event_id}", "newsletter_confirmation", context, to=[consent.email])


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_cart_reminder(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail whoever has left a cart what is in it, where CART_REMINDERS is on and they want such mails."""
    if settings.CART_REMINDERS:
        remind(UUID(payload["cart_id"]))


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_campaign_test(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail a campaign to the member of staff who tries it. Does nothing for whoever works here no more."""
    campaign = Campaign.objects.filter(pk=payload["campaign_id"]).first()
    if campaign is None:
        return
    with suppress(NotWanted):
        write_to_oneself(payload["user_id"], f"{kind}:{event_id}", "campaign", content_of(campaign))


@app.periodic(cron="* * * * *")
@app.task(queue=mails.QUEUE, retry=mails.RETRY, priority=-10)
def mail_campaigns(timestamp: int) -> None:
    """Send what is due of the campaigns. What is not sent in this minute is due in the next one.

    Two at the same time claim different mails, and keep the rate together.
    """
    send_due(SECONDS_A_MINUTE)


# Nobody would ask for it later, so a worker that dies, or a lock that is not to be had, is tried again.
@app.task(retry=RetryStrategy(max_attempts=10, exponential_wait=3))
def tie_consent(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Tie a consent to the account whose owner has shown that they read the mailbox."""
    services.link_account(user_id=payload["user_id"])


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="purge_consents")
def purge_consents(timestamp: int) -> None:
    """Delete what nobody has confirmed, and forget the addresses of consents that ended long ago."""
    services.delete_unconfirmed()
    services.erase_long_ended()
    services.forget_ended_carts()
