"""The one mail about a cart that was left: claimed before it is sent, and never claimed again.

Each verb is one statement, and a transaction by itself. A preview of the mail undoes it.
"""

from typing import NamedTuple
from uuid import UUID

from django.db.models.functions import Now

from database.rows import fetch_rows
from marketing.models import CartReminder, Topic
from marketing.willing import willing

# The cart's state is read in the statement that claims: one that was placed, or opened again, is not reminded of, nor
# is whoever has ordered since, by whatever way.
CLAIM = """
insert into marketing_cartreminder as reminder (cart_id, consent_id)
select cart.id, consent.id
from checkout_cart cart join marketing_consent consent on consent.email = %(email)s::text
where cart.id = %(cart_id)s::uuid and cart.state = 'abandoned' and cart.order_id is null and {willing}
    and not exists (
        select from orders_order later where later.order_date > cart.updated_at
        and (later.user_id = cart.user_id or (later.user_id is null and later.email = consent.email))
    )
on conflict (cart_id) do nothing
returning consent_id
"""


class Claimed(NamedTuple):
    """The right to send the reminder of a cart, once."""

    cart_id: UUID
    consent_id: int


def claim_reminder(*, cart_id: UUID, email: str) -> Claimed | None:
    """Claim the reminder of a cart with this folded address; None where there is none to send, or it was claimed."""
    rows = fetch_rows(CLAIM.format(willing=willing(Topic.CART_REMINDERS)), {"cart_id": cart_id, "email": email})
    return Claimed(cart_id, int(rows[0][0])) if rows else None


def note_reminded(claimed: Claimed) -> None:
    """The reminder was sent."""
    CartReminder.objects.filter(pk=claimed.cart_id).update(sent_at=Now())


def give_back(claimed: Claimed) -> None:
    """The mail server has certainly not taken the reminder, so it may be claimed again."""
    CartReminder.objects.filter(pk=claimed.cart_id, sent_at=None).delete()
