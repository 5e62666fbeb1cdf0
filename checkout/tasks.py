"""The background work of carts: what is abandoned, what is old, and the reminder that a shop may send."""

from typing import Any

from django.conf import settings
from procrastinate.contrib.django import app

from checkout import services
from checkout.models import Cart
from checkout.tokens import token_of
from events import mails
from events.actors import WORKER


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="abandon_carts")
def abandon_carts(timestamp: int) -> None:
    """Mark the carts that nobody has touched for a while."""
    while services.abandon_carts(actor=WORKER):
        pass


@app.periodic(cron="27 3 * * *")
@app.task(queueing_lock="delete_old_carts")
def delete_old_carts(timestamp: int) -> None:
    """Delete the carts that nobody comes back to."""
    services.delete_old_carts()


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_cart_reminder(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail whoever has abandoned a cart what is in it, once for each cart, where CART_REMINDERS is on.

    Nothing is sent about a cart that is not abandoned any more. The link of a guest's cart opens it.
    """
    if not settings.CART_REMINDERS:
        return
    cart = Cart.objects.select_related("user").filter(pk=payload["cart_id"], state=Cart.State.ABANDONED).first()
    if cart is None:
        return
    address = cart.email or (cart.user.email if cart.user and not cart.user.anonymised_at else "")
    if not address:
        return
    token = token_of(cart.pk) if cart.user is None else ""
    lines = cart.lines.select_related("variant__product")
    context = {"lines": lines, "url": settings.CART_URL.format(cart_id=cart.pk, token=token)}
    mails.send_once(f"{kind}:{cart.pk}", "cart_abandoned", context, to=[address])
