"""Asking the provider, outside of every transaction: the call of an operation, and a look at what is true.

The row of the operation is on disk before the call, and its key is made of the row. So whoever finds an operation that
is not resolved may repeat the call: after a crash, after a time-out, as often as it takes.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from database.transactions import unit_of_work
from events.actors import WORKER
from payments import providers
from payments.models import Operation, Payment
from payments.money import NOTHING, Account
from payments.providers.snapshot import ProviderRefused, ProviderUnknown, Request, Snapshot
from payments.services.applying import announce, apply, refuse, resolve, schedule, write
from payments.services.books import Kind, follow, intend, locked_account

State = Operation.State
# Nobody else repeats a call within so long: a call takes 20 seconds at most.
LEASE = timedelta(seconds=60)
# After so many calls without an answer the provider is asked what is true: it may replay a stored error for ever.
TRIES_BEFORE_LOOKING = 3


def carry_out(operation_id: int) -> Snapshot | None:
    """Make the call of an operation, and join what the provider answers; follow with what that begins.

    Answers the snapshot; None where the operation is resolved or somebody else is at it. Refuses ProviderUnknown where
    the provider did not answer (the operation stays intended), and ProviderRefused where it said no (which is written
    down). Safe to repeat at any time.
    """
    operation = lease(operation_id)
    if operation is None:
        return None
    lifetime = providers.provider(operation.payment.provider).KEY_LIFETIME
    key_is_old = timezone.now() - operation.created_at > lifetime
    if key_is_old or operation.tries > TRIES_BEFORE_LOOKING:
        look(operation.payment_id)
        operation = again(operation.pk)
        if operation is None:
            return None
    try:
        snapshot = call(operation, operation.payment)
    except ProviderRefused as refusal:
        if operation.kind == Kind.REFUND:
            # Somebody may have given the money back at the provider's own pages a moment ago.
            seen(operation.payment_id)
        carry_on(refused(operation.pk, refusal))
        raise
    carry_on(answered(operation.pk, snapshot))
    return snapshot


@unit_of_work
def lease(operation_id: int) -> Operation | None:
    """Take an operation that is not resolved, unless somebody took it within LEASE."""
    free = Q(called_at=None) | Q(called_at__lt=timezone.now() - LEASE)
    taken = Operation.objects.unknown().filter(free, pk=operation_id)
    if not taken.update(called_at=timezone.now(), tries=F("tries") + 1):
        return None
    return Operation.objects.select_related("payment__order__user").get(pk=operation_id)


def call(operation: Operation, payment: Payment) -> Snapshot:
    """The provider's answer to an operation."""
    provider, ref = providers.provider(payment.provider), payment.provider_ref or ""
    if operation.kind == Kind.CREATE:
        return provider.create(request_of(payment), operation.key)
    if operation.kind == Kind.AUTHORIZE:
        return provider.authorize(ref, operation.key)
    if operation.kind == Kind.CAPTURE:
        return provider.capture(ref, operation.amount or payment.amount, payment.currency, operation.key)
    if operation.kind == Kind.CANCEL:
        return provider.cancel(ref, operation.key)
    amount = operation.amount or payment.amount
    return provider.refund(ref, amount, payment.currency, operation.key, operation.pk)


def request_of(payment: Payment) -> Request:
    """What a payment asks for, in the words of providers."""
    order = payment.order
    return Request(
        payment_id=payment.pk,
        order_id=order.pk,
        order_number=order.number,
        amount=payment.amount,
        currency=payment.currency,
        capture_method=payment.capture_method,
        return_url=payment.return_url,
        email=order.contact_email,
    )


def answered(operation_id: int, snapshot: Snapshot) -> list[int]:
    """Join the answer of a call. A cancelled wallet that can be cancelled nowhere is fenced, which is as good."""
    operation = Operation.objects.select_related("payment").get(pk=operation_id)
    provider = providers.provider(operation.payment.provider)
    if operation.kind == Kind.CANCEL and snapshot.state == "open" and not provider.CANCELS:
        # Money can only come by our own capture, and a payment that is fenced is never captured.
        snapshot = replace(snapshot, state="cancelled", approved=False)
    return apply(operation.payment_id, snapshot)


@unit_of_work
def refused(operation_id: int, refusal: ProviderRefused) -> list[int]:
    """Write down that a provider said no. What was to be begun has failed; the rest is for people, or to be looked at.

    A payment that cannot be cancelled is looked at: it may be paid by now. A refund of more than is left there calls
    nobody where all of it was owed: what is owed still is asked for anew. Locks the order and its payments.
    """
    order, books, account = locked_account(payment_of(operation_id))
    operation = next(o for o in account.operations if o.pk == operation_id)
    if operation.state != State.INTENDED:
        return []
    if operation.kind == Kind.CREATE:
        resolve(operation, State.REFUSED, code=refusal.code[:64])
        write(account.payment, {"state": Payment.State.FAILED, "failure_code": refusal.code[:64]})
        announce(account.payment, "payment.failed", amount=str(account.payment.amount))
    elif operation.kind == Kind.CANCEL or has_gone_back(account, operation):
        resolve(operation, State.REFUSED, code=refusal.code[:64])
    elif operation.kind != Kind.REFUND and account.payment.state == Payment.State.OPEN:
        # A wallet could not pay what its owner approved: the buyer chooses another source there, and nobody else can.
        resolve(operation, State.REFUSED, code=refusal.code[:64])
        write(account.payment, {"failure_code": refusal.code[:64]})
    else:
        review = Payment.Review.REFUND_REFUSED if operation.kind == Kind.REFUND else Payment.Review.CAPTURE_REFUSED
        refuse(account, operation, refusal.code, review)
    begun = follow(order, books)
    schedule(account)
    return begun


def has_gone_back(account: Account, operation: Operation) -> bool:
    """Whether a refund asks for money that has gone back by others, so that a person has nothing to decide."""
    if operation.kind != Kind.REFUND:
        return False
    left = account.held + (operation.amount or NOTHING)  # what is held leaves the refunds under way out
    return left <= NOTHING or (left < (operation.amount or NOTHING) and operation.goodwill == NOTHING)


def seen(payment_id: int) -> None:
    """Look at a payment, if its provider answers."""
    with suppress(ProviderUnknown, ProviderRefused):
        look(payment_id)


def look(payment_id: int) -> Snapshot | None:
    """Ask the provider what is true of a payment, join it, and follow with what that begins.

    Answers None for a payment that the provider does not know by name yet. Refuses ProviderUnknown and ProviderRefused.
    """
    payment = Payment.objects.get(pk=payment_id)
    provider = providers.provider(payment.provider)
    if payment.provider_ref is not None:
        snapshot = fetched(payment, payment.provider_ref)
    elif found := provider.find(payment_id=payment_id):
        snapshot = found[0]
    else:
        return None
    carry_on(apply(payment_id, snapshot))
    return snapshot


def fetched(payment: Payment, ref: str) -> Snapshot:
    """How a payment is at its provider. One that the provider has forgotten can be paid no more: it is cancelled."""
    try:
        return providers.provider(payment.provider).fetch(ref)
    except ProviderRefused as refusal:
        if refusal.code not in providers.GONE:
            raise
        return Snapshot(ref, "cancelled", payment.amount, payment.currency, payment_id=payment.pk)


@unit_of_work
def again(operation_id: int) -> Operation | None:
    """Let a new operation take the place of one that the provider was seen not to have carried out.

    Its call follows within the minute of LEASE in which the provider was looked at. Locks the order and its payments.
    """
    _, _, account = locked_account(payment_of(operation_id))
    old = next(o for o in account.operations if o.pk == operation_id)
    if old.state != State.INTENDED:
        return None
    resolve(old, State.REFUSED, code="no_answer")
    asked = {"goodwill": old.goodwill, "lines": old.lines, "reason": old.reason}
    called = {"called_at": timezone.now(), "tries": 1}
    new = intend(account, Kind(old.kind), actor=WORKER, amount=old.amount, **asked, **called)
    return Operation.objects.select_related("payment__order__user").get(pk=new.pk)


def payment_of(operation_id: int) -> int:
    """The id of the payment that an operation is about."""
    return Operation.objects.values_list("payment_id", flat=True).get(pk=operation_id)


def carry_on(operation_ids: Iterable[int]) -> None:
    """Carry out what an answer has begun. What gets no answer is left to the reconciler."""
    for operation_id in operation_ids:
        try:
            carry_out(operation_id)
        except (ProviderUnknown, ProviderRefused):
            continue
