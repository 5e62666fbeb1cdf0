"""Protections of payments that can be taken away, each alone, in web and worker, as those of sabotage.py.

What shows nothing when it is away is named in docs/concurrency.md: it is comfort.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.utils import timezone

from database.money import in_places
from orders.models import Order
from orders.models.order import OrderQuerySet
from payments import providers, services
from payments.models import Entry, Operation, Payment
from payments.money import Account, Books
from payments.providers import calls, paypal, stripe
from payments.providers.snapshot import ProviderRefused, ProviderUnknown, Snapshot
from payments.services import applying, asking, books, carrying
from tests.faults.edges import put


def same_key() -> None:
    """Give each try a key of its own."""
    put(Operation, "key", property(lambda operation: f"operation-{operation.pk}-{uuid4().hex}"))


def row_before_call() -> None:
    """Give money back first, and write that down when the provider has answered."""
    intend: Callable[..., Operation] = getattr(asking, "intend")  # noqa: B009  # edges.py has wrapped it

    def call_first(account: Account, kind: Operation.Kind, **told: Any) -> Operation:
        if kind != Operation.Kind.REFUND:
            return intend(account, kind, **told)
        with connection.cursor() as cursor:
            cursor.execute("select nextval(pg_get_serial_sequence('payments_operation', 'id'))")
            (number,) = cursor.fetchone()
        payment, key = account.payment, Operation(pk=number).key
        provider = providers.provider(payment.provider)
        provider.refund(payment.provider_ref or "", told["amount"], payment.currency, key, number)
        done = {"id": number, "state": Operation.State.DONE, "resolved_at": timezone.now()}
        return intend(account, kind, **told, **done)

    put(calls, "refuse_within_transaction", lambda: None)
    put(asking, "intend", call_first)


def question_of_the_clock() -> None:
    """Cancel an overdue order, and give its stock back, before its provider has said that no money can come."""

    def overdue(orders: OrderQuerySet) -> OrderQuerySet:
        return orders.pending_for(settings.PENDING_ORDER_HOURS, guests=False).past_payment()

    put(OrderQuerySet, "overdue_of_customers", overdue)


def automatic_refund() -> None:
    """Leave it to people to pay back what is owed."""
    put(books, "pay_back", lambda *args: [])


def join_of_snapshots() -> None:
    """Let the latest snapshot overwrite what is known."""
    join = applying.join

    def overwrite(account: Account, known: Books, snapshot: Snapshot) -> None:
        join(account, known, snapshot)
        payment = account.payment
        payment.state, payment.captured = Payment.State(snapshot.state), in_places(snapshot.captured)
        Payment.objects.filter(pk=payment.pk).update(state=payment.state, captured=payment.captured)

    put(applying, "join", overwrite)


def look_first() -> None:
    """Repeat a call whose key the provider may have forgotten, without a look at what it has done."""
    for module in (stripe, paypal):
        put(module, "KEY_LIFETIME", timedelta(days=36_500))
    put(carrying, "TRIES_BEFORE_LOOKING", 1_000_000)


def reconciler() -> None:
    """Let nobody look for what was left half done."""
    put(services, "reconcile", lambda: 0)


def silence_is_unknown() -> None:
    """Take no answer for a no."""
    call = carrying.call

    def call_or_refuse(*args: Any) -> Snapshot:
        try:
            return call(*args)
        except ProviderUnknown as silence:
            raise ProviderRefused("no_answer") from silence

    put(carrying, "call", call_or_refuse)


def unlocked_order(order_id: int) -> Order:
    return Order.objects.one(order_id)


def lock_of_beginning() -> None:
    """Begin a payment without a lock on its order."""
    put(asking, "locked_order", unlocked_order)


def fence() -> None:
    """Ask that a payment be cancelled, and let it take money until that is answered."""

    def unfenced(account: Account, actor: Any) -> Operation:
        return books.intend(account, Operation.Kind.CANCEL, actor=actor)

    put(books, "fence", unfenced)


def entries_once() -> None:
    """Write into the books whatever is told, however often."""

    def enter(payment: Payment, kind: str, amount: Any, ref: str) -> bool:
        words = {"payment": payment, "order_id": payment.order_id, "kind": kind, "provider_ref": ref}
        Entry.objects.create(**words, amount=books.in_places_of(amount, payment.currency))
        return True

    put(applying, "enter", enter)


OF_MONEY: Mapping[str, Callable[[], None]] = {
    "one key for all tries of a call": same_key,
    "row on disk before the call": row_before_call,
    "question of the clock before it cancels": question_of_the_clock,
    "automatic refund": automatic_refund,
    "join of what providers say": join_of_snapshots,
    "look before a call with an old key": look_first,
    "reconciler": reconciler,
    "no answer means that nobody knows": silence_is_unknown,
    "lock on an order that is to be paid": lock_of_beginning,
    "fence around what is cancelled": fence,
    "one entry for each thing that happened": entries_once,
}
