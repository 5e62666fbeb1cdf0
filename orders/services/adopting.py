"""Guests' orders come to the account of whoever turns out to have been the guest."""

from accounts.leaving import LOCK_PERSON
from accounts.models import User
from database.rows import fetch_rows
from database.text import email_key
from database.transactions import unit_of_work
from events.actors import Actor
from orders.models import Order
from orders.services.verbs import record, write_columns


@unit_of_work
def adopt_orders(*, user_id: int, actor: Actor) -> int:
    """Attach the orders that were placed by guests with a customer's email to the customer; returns how many.

    Only for an email that its owner has confirmed: otherwise whoever opens an account with it would read them.
    Repeating it changes nothing. Locks the customer, against being forgotten meanwhile, then the orders.
    """
    fetch_rows(LOCK_PERSON, {"user_id": user_id})
    user = User.objects.filter(pk=user_id, email_confirmed_at__isnull=False, anonymised_at=None).first()
    if user is None:
        return 0
    guests = Order.objects.filter(user=None, email=email_key(user.email)).order_by("pk")
    orders = list(guests.select_for_update(of=("self",), no_key=True))
    for order in orders:
        write_columns(order, user_id=user_id)
        record(order, "adopted", order.status, actor, user_id=user_id)
    return len(orders)
