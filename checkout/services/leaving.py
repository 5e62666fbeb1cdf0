"""Carts that nobody comes back to: marked as abandoned, told of in the journal, and deleted in the end."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from checkout.models import Cart
from database.rows import delete_in_batches, fetch_rows
from database.transactions import unit_of_work
from events.actors import Actor

# Carts with something in them that nobody has touched for a while. Only those tell the journal to whose owner somebody
# can write. A cart that is being changed right now is not abandoned.
ABANDON = """
with idle as (
    select cart.id, coalesce(nullif(cart.email, ''), customer.email, '') <> '' as has_email
    from checkout_cart cart left join accounts_user customer on customer.id = cart.user_id
    where cart.state = 'open' and cart.updated_at < clock_timestamp() - make_interval(hours => %(hours)s::int)
        and exists (select from checkout_cartline line where line.cart_id = cart.id)
    order by cart.updated_at limit %(limit)s::int
    for update of cart skip locked
), abandoned as (
    update checkout_cart as cart set state = 'abandoned' from idle where cart.id = idle.id returning cart.id
), told as (
    insert into events_event (kind, subject, payload, actor, channel)
    select 'cart.abandoned', 'cart:' || id, jsonb_build_object('cart_id', id), %(actor)s::text, %(channel)s::text
    from idle where has_email
)
select count(*) from abandoned
"""


@unit_of_work
def abandon_carts(*, actor: Actor, limit: int = 500) -> int:
    """Mark up to `limit` carts that were not touched for CART_ABANDONED_HOURS; answers how many.

    The journal hears of those with an email (`cart.abandoned`). Locks the carts.
    """
    params = {
        "hours": settings.CART_ABANDONED_HOURS,
        "limit": limit,
        "actor": str(actor),
        "channel": actor.channel,
    }
    [(count,)] = fetch_rows(ABANDON, params)
    return int(count)


def delete_old_carts() -> int:
    """Delete the carts that were not touched for CART_KEEP_DAYS, whatever became of them; answers how many.

    The orders stay. Holds of such carts have ended long ago.
    """
    oldest = timezone.now() - timedelta(days=settings.CART_KEEP_DAYS)
    return delete_in_batches(Cart.objects.filter(updated_at__lt=oldest))


def erase_carts(user_id: int) -> None:
    """Delete the carts of a customer who is forgotten. What they hold ends by itself. For accounts.leaving."""
    Cart.objects.filter(user_id=user_id).delete()
