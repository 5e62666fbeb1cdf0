"""What keeps the shop's books and the providers' alike, whatever was lost: looks by the clock, and the inbox.

Every part asks outside of transactions and in small steps, so that any number of workers may do this at once.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from database.transactions import unit_of_work
from events.actors import WORKER, Actor
from events.services import publish
from orders.models import Order
from payments import providers
from payments.models import Notification, Operation, Payment
from payments.providers.snapshot import Notice, ProviderRefused, ProviderUnknown, Snapshot
from payments.services.applying import apply, settle_order
from payments.services.books import BEFORE_EXPIRY, cancelling, locked_account
from payments.services.carrying import LEASE, carry_on, carry_out, look

logger = logging.getLogger(__name__)
LIMIT = 200
# The objects of so many days are compared with ours, once a day.
COMPARED_DAYS = 3
# What a notification names that we do not know may still be written here: its payment is just being begun.
GIVEN_UP_AFTER = timedelta(days=3)
UNKNOWN_OBJECT = "unknown_object"
SILENT_AFTER = 3
# Ids of what is to be looked at, each with the provider that is asked.
Rows = Sequence[tuple[int, str]]


@unit_of_work
def take_notice(provider: str, notice: Notice) -> int | None:
    """Put a notification into the inbox, once. Answers its id, or None where it is there already."""
    row, is_new = Notification.objects.get_or_create(
        provider=provider,
        event_id=notice.event_id,
        defaults={
            "kind": notice.kind[:64],
            "ref": notice.ref,
            "object_ref": notice.object_ref,
            "payment_said": notice.payment_id,
        },
    )
    if not is_new:
        return None
    payload = {"notification_id": row.pk, "provider": provider, "notice": notice.kind}
    publish("payment.noticed", payload, subject=f"notification:{row.pk}", actor=WORKER)
    return row.pk


def look_into(notification_id: int) -> bool:
    """Look at the payment that a notification speaks of. Tells whether it is known; an unknown one stays in the inbox.

    Refuses ProviderUnknown and ProviderRefused.
    """
    row = Notification.objects.get(pk=notification_id)
    if row.handled_at is not None:
        return True
    payment_id = payment_behind(row)
    if payment_id is not None:
        look(payment_id)
    is_known = payment_id is not None
    Notification.objects.filter(pk=row.pk).update(tries=F("tries") + 1, handled_at=timezone.now() if is_known else None)
    return is_known


def payment_behind(row: Notification) -> int | None:
    """Our payment that a notification speaks of: by the provider's name for it, else by our id in the metadata."""
    payments = Payment.objects.filter(provider=row.provider)
    for names in ({"provider_ref": row.ref}, {"pk": row.payment_said}):
        if all(names.values()) and (found := payments.filter(**names).values_list("pk", flat=True).first()):
            return found
    return None


def reconcile() -> int:
    """Finish what was left half done, and look at what is due. Answers how many things were looked at.

    A provider that has not answered SILENT_AFTER times is left alone until the next time: what is to be asked of the
    others need not wait for it.
    """
    steps = [
        *((carry_out, row) for row in unanswered()),
        *((look_again, row) for row in due_for_a_look()),
        *((look_into, row) for row in unread()),
        *((give_up_overdue, row) for row in overdue()),
        *((capture_expiring, row) for row in expiring()),
    ]
    silent: Counter[str] = Counter()
    for step, (pk, provider) in steps:
        if silent[provider] < SILENT_AFTER:
            silent[provider] += not quietly(step, pk)
    return len(steps)


def quietly(step: Callable[[int], object], pk: int) -> bool:
    """Run a step, and tell whether the provider has answered. One that has not, or said no, is asked another time."""
    try:
        step(pk)
    except ProviderUnknown as silence:
        logger.warning("%s %s: %s", step.__name__, pk, silence)
        return False
    except ProviderRefused as refusal:
        logger.warning("%s %s: %s", step.__name__, pk, refusal)
    return True


def unanswered() -> Rows:
    """The operations that nobody is at and nobody knows the end of; first those that were not tried for the longest."""
    before = timezone.now() - LEASE
    rows = Operation.objects.unknown().filter(created_at__lt=before).exclude(called_at__gte=before)
    waiting = rows.order_by(F("called_at").asc(nulls_first=True), "created_at")
    return list(waiting.values_list("pk", "payment__provider")[:LIMIT])


def due_for_a_look() -> Rows:
    """The payments that are to be looked at by now."""
    rows = Payment.objects.filter(next_check_at__lte=timezone.now()).order_by("next_check_at")
    return list(rows.values_list("pk", "provider")[:LIMIT])


def unread() -> Rows:
    """The notifications that were not looked into when they came. A stranger's stop being tried after some days."""
    now = timezone.now()
    rows = Notification.objects.filter(
        handled_at=None, received_at__lt=now - LEASE, received_at__gt=now - GIVEN_UP_AFTER
    ).exclude(kind=UNKNOWN_OBJECT)
    return list(rows.order_by("tries", "received_at").values_list("pk", "provider")[:LIMIT])


def overdue() -> Rows:
    """The payments of orders that the clock would cancel, if no money could come any more."""
    orders = list(Order.objects.overdue_but_payable().order_by("order_date").values_list("pk", flat=True)[:LIMIT])
    return list(Payment.objects.live().filter(order__in=orders).values_list("pk", "provider"))


def expiring() -> Rows:
    """The orders whose money was set apart, and can soon be taken no more."""
    soon = timezone.now() + BEFORE_EXPIRY
    rows = Payment.objects.filter(state=Payment.State.AUTHORIZED, expiring_at__lte=soon, fenced_at=None, review="")
    return list(rows.values_list("order_id", "provider")[:LIMIT])


def look_again(payment_id: int) -> None:
    """Look at a payment by the clock, and later than before the next time."""
    Payment.objects.filter(pk=payment_id).update(
        checks=F("checks") + 1, next_check_at=timezone.now() + timedelta(minutes=60)
    )
    look(payment_id)


def give_up_overdue(payment_id: int) -> None:
    """Give up a payment of an order whose time is over, after a last look: whoever has paid in time is not cancelled.

    The order itself is cancelled by the clock of orders, once its payment can take nothing any more.
    """
    look(payment_id)
    operation_id = ask_cancel(payment_id=payment_id, actor=WORKER)
    if operation_id is not None:
        carry_out(operation_id)


@unit_of_work
def ask_cancel(*, payment_id: int, actor: Actor) -> int | None:
    """Ask that a payment of an overdue order be cancelled. Answers the operation's id.

    None where the payment has ended or its money is being taken, and where the order is not overdue any more: the buyer
    has paid or asked for more time meanwhile.
    """
    order, _, account = locked_account(payment_id)
    if not account.is_cancellable or not Order.objects.overdue_but_payable().filter(pk=order.pk).exists():
        return None
    return cancelling(account, actor).pk


def capture_expiring(order_id: int) -> None:
    """Take money that was set apart before it is too late."""
    carry_on(settle_order(order_id))


def compare() -> int:
    """Join all that the providers have of the last days, and note what we do not know. Answers how many are unknown."""
    since, unknown = timezone.now() - timedelta(days=COMPARED_DAYS), 0
    for name, provider in providers.configured().items():
        if provider.BY_HAND:
            continue
        for snapshot in provider.find(since=since):
            unknown += not compare_one(name, snapshot)
    return unknown


def compare_one(name: str, snapshot: Snapshot) -> bool:
    """Join one object of a provider. Tells whether it belongs to a payment of ours; else the inbox gets it."""
    payments = Payment.objects.filter(provider=name)
    payment = payments.filter(provider_ref=snapshot.ref).first()
    if payment is None and snapshot.payment_id is not None:
        payment = payments.filter(pk=snapshot.payment_id, provider_ref=None).first()
    if payment is None:
        notice = Notice(f"{UNKNOWN_OBJECT}:{snapshot.ref}", UNKNOWN_OBJECT, ref=snapshot.ref)
        if snapshot.captures and take_notice(name, notice):
            logger.error("%s has money of %s, which no payment of ours has asked for.", name, snapshot.ref)
        return not snapshot.captures
    carry_on(apply(payment.pk, snapshot))
    return True
