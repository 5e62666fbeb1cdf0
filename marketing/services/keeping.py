"""For how long consents are kept: what nobody confirms goes in days, and the address of one that has ended in years."""

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from database.transactions import unit_of_work
from marketing.models import Consent
from marketing.services.consents import State
from marketing.services.customers import erase
from marketing.ways import BY_WORKER

BATCH = 500
# A day more than the link works, which may be followed at this very moment.
UNCONFIRMED = """
with old as (
    select id from marketing_consent consent
    where state = 'asked' and changed_at < clock_timestamp() - make_interval(days => %(days)s + 1)
    order by changed_at limit %(batch)s
    for update skip locked
), with_history as (
    select id from old
    where exists (select from marketing_proof proof where proof.consent_id = old.id and proof.what <> 'asked')
), back as (
    update marketing_consent consent set state = 'withdrawn', changed_at = clock_timestamp()
    from with_history where consent.id = with_history.id
), proofs as (
    delete from marketing_proof proof using old
    where proof.consent_id = old.id and old.id not in (select id from with_history)
)
select array_agg(id) filter (where id not in (select id from with_history)), count(*) from old
"""
ENDED_CARTS = """
delete from marketing_cartreminder reminder
where not exists (select from checkout_cart cart where cart.id = reminder.cart_id)
"""


def delete_unconfirmed() -> int:
    """Delete the consents that nobody has confirmed in time, with their proofs; answers how many there were.

    One that was given and withdrawn before is only withdrawn again. Locks the consents.
    """
    total = 0
    while found := delete_some_unconfirmed():
        total += found
    return total


@unit_of_work
def delete_some_unconfirmed() -> int:
    """One batch of it."""
    with connection.cursor() as cursor:
        cursor.execute(UNCONFIRMED, {"days": settings.NEWSLETTER_CONFIRM_DAYS, "batch": BATCH})
        gone, found = cursor.fetchone()
    Consent.objects.filter(pk__in=gone or []).delete()
    return int(found)


def long_ended() -> QuerySet[Consent]:
    """The consents that have ended CONSENT_KEEP_YEARS ago and still have their address."""
    years = timedelta(days=366 * settings.CONSENT_KEEP_YEARS)
    return Consent.objects.filter(state=State.WITHDRAWN, erased_at=None, changed_at__lt=Now() - years)


def erase_long_ended() -> int:
    """Forget the addresses of consents that ended long ago; answers how many."""
    total = 0
    while found := erase_some():
        total += found
    return total


@unit_of_work
def erase_some() -> int:
    """One batch of it. Locks the consents."""
    rows = list(long_ended().select_for_update(no_key=True, skip_locked=True).order_by("pk")[:BATCH])
    for consent in rows:
        erase(consent, BY_WORKER)
    return len(rows)


def forget_ended_carts() -> None:
    """Delete what is known of reminders of carts that are gone."""
    with connection.cursor() as cursor:
        cursor.execute(ENDED_CARTS)
