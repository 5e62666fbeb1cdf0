"""Sending what is due, a mail at a time: claimed, written, and noted, in this sequence."""

import time
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from checkout.models import Cart, CartLine
from checkout.tokens import token_of
from database.text import email_key
from events import mails
from marketing import services
from marketing.models import Campaign, Consent, Recipient, Topic
from marketing.services.sending import Claimed
from marketing.ways import BY_WORKER
from marketing.writing import NotWanted, content_of, write_to

State = Recipient.State


def send_due(seconds: float) -> int:
    """Send what is due of all campaigns, for so many seconds at most; answers how many mails were sent.

    Stops when the mail server takes nothing. What waits is due again a minute later.
    """
    sent, until = 0, time.monotonic() + seconds
    services.give_up_lost_claims()
    while time.monotonic() < until:
        claimed = services.claim()
        if claimed is None:
            break
        if not claimed.wants_it:
            continue
        try:
            sent += send_claimed(claimed)
        except mails.NotSent:
            break
    services.finish_campaigns()
    return sent


def send_claimed(claimed: Claimed) -> bool:
    """Send one claimed mail, and note what became of it; answers whether it was sent.

    Raises NotSent when the mail server takes no mails.
    """
    campaign = Campaign.objects.get(pk=claimed.campaign_id)
    key = f"campaign:{campaign.pk}:{claimed.recipient_id}"
    try:
        write_to(
            claimed.consent_id,
            Topic.NEWS,
            key,
            "campaign",
            content_of(campaign),
            recipient_id=claimed.recipient_id,
        )
    except NotWanted:
        services.note(claimed.recipient_id, State.SKIPPED)
        return False
    except mails.NotSent as error:
        if error.no_mailbox:
            services.note(claimed.recipient_id, State.FAILED, bounced=True)
            email = Consent.objects.get(pk=claimed.consent_id).email
            services.note_undeliverable(email=email, way=BY_WORKER)
            return False
        if not error.certain:
            services.note(claimed.recipient_id, State.UNKNOWN)
            raise
        services.note_not_taken(claimed.recipient_id)
        raise
    services.note(claimed.recipient_id, State.SENT)
    return True


def remind(cart_id: UUID) -> None:
    """Mail whoever has left a cart what is in it, once for each cart, if they want such mails.

    Raises NotSent when the mail server has certainly not taken the mail: then it may be tried again.
    """
    cart = Cart.objects.select_related("user").filter(pk=cart_id, state=Cart.State.ABANDONED).first()
    if cart is None or not (address := address_of(cart)):
        return
    claimed = services.claim_reminder(cart_id=cart_id, email=address)
    if claimed is None:
        return
    token = token_of(cart_id) if cart.user is None else ""
    lines: QuerySet[CartLine] = cart.lines.select_related("variant__product")
    context = {"lines": lines, "url": settings.CART_URL.format(cart_id=cart_id, token=token)}
    try:
        write_to(claimed.consent_id, Topic.CART_REMINDERS, f"cart.reminder:{cart_id}", "cart_abandoned", context)
    except NotWanted:
        return
    except mails.NotSent as error:
        if error.certain:
            services.give_back(claimed)
            raise
        return
    services.note_reminded(claimed)


def address_of(cart: Cart) -> str:
    """The folded address of whoever has left a cart; empty where there is none."""
    address = cart.email or (cart.user.email if cart.user is not None else "")
    try:
        return email_key(address) if address else ""
    except ValidationError:
        return ""
