"""What a provider says is joined with what we know. The sequence in which snapshots come does not matter.

Notifications, the buyer's refresh, the reconciler and the answers of calls all end here. The join never goes back: of
two figures the larger one counts, of two states the higher one, and an entry of the books is written once.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils import timezone

from database.transactions import unit_of_work
from events.actors import WORKER, Actor
from events.services import publish
from inventory.models import ClockTimestamp
from orders.models import Order
from payments.models import Dispute, Entry, Operation, Payment
from payments.money import NOTHING, Account, Books
from payments.providers.snapshot import RANK, Disputed, Refunded, Snapshot
from payments.services.books import (
    Kind,
    books_of,
    follow,
    in_places_of,
    intend,
    locked_account,
    locked_order,
    tell_changes,
)

State = Operation.State
Review = Payment.Review
# A payment by which money may still come is looked at after so many minutes, the last of them again and again.
LOOKS = (1, 5, 15, 60)
# Why a refund that the provider had begun is refused.
FAILED = "failed"


@unit_of_work
def apply(payment_id: int, snapshot: Snapshot, actor: Actor = WORKER) -> list[int]:
    """Join what a provider says of a payment with what we know, and let the order follow.

    Answers the ids of the operations that this begins. A snapshot that says nothing new changes nothing. Refuses
    NotFound. Locks the order, its payments, and what the verbs of orders lock.
    """
    order, books, account = locked_account(payment_id)
    before, was = account.payment.state, order.status
    join(account, books, snapshot)
    begun = [*taking_of_wallet(account, books, snapshot, actor), *follow(order, books)]
    tell(account.payment, before, has_confirmed=order.status != was)
    schedule(account)
    return begun


def join(account: Account, books: Books, snapshot: Snapshot) -> None:
    """Let one account know what the provider knows."""
    payment = account.payment
    columns: dict[str, Any] = {
        "provider_ref": payment.provider_ref or snapshot.ref,
        "method_label": snapshot.method_label or payment.method_label,
        "failure_code": snapshot.failure_code or payment.failure_code,
        "expiring_at": snapshot.expires_at or payment.expiring_at,
        "captured": max(payment.captured, in_places_of(snapshot.captured, payment.currency)),
        "fees": payment.fees if snapshot.fees is None else snapshot.fees,
    }
    if RANK[snapshot.state] > RANK[payment.state]:
        columns["state"] = snapshot.state
        if account.is_takeable and snapshot.state != "paid" and books.outstanding > NOTHING:
            columns["review"] = Review.LET_GO
    if mismatch := mismatch_of(payment, snapshot):
        columns["review"] = mismatch
    for capture in snapshot.captures:
        enter(payment, Entry.Kind.CAPTURED, capture.amount, capture.ref)
    owed = books.owed
    for refund in snapshot.refunds:
        owed -= join_refund(account, refund, owed)
    for dispute in snapshot.disputes:
        join_dispute(account, dispute)
    columns["refunded"] = min(account.given_back, columns["captured"])
    if payment.review == Review.REFUND_REFUSED and columns["refunded"] == columns["captured"]:
        columns["review"] = ""  # all of it went back another way
    write(payment, columns)
    resolve_answered(account, snapshot)


def mismatch_of(payment: Payment, snapshot: Snapshot) -> str:
    """Why the money of a snapshot is not what was asked for; empty where it is."""
    if snapshot.currency != payment.currency:
        return Review.OTHER_CURRENCY
    return Review.OTHER_AMOUNT if snapshot.amount != payment.amount else ""


def enter(payment: Payment, kind: str, amount: Decimal, ref: str) -> bool:
    """Write a line into the books, once for each of the provider's ids. Tells whether it is new."""
    told = {"order_id": payment.order_id, "amount": in_places_of(amount, payment.currency), "at": timezone.now()}
    _, is_new = Entry.objects.get_or_create(payment=payment, kind=kind, provider_ref=ref, defaults=told)
    return is_new


def join_refund(account: Account, refund: Refunded, owed: Decimal) -> Decimal:
    """Let our operation know of a refund, and answer how much of what is owed a refund pays that we did not ask for.

    One that was made at the provider's own pages is adopted. A refund that failed after it was done is refused.
    """
    payment, paid_of_owed = account.payment, NOTHING
    operation = operation_of(account, refund)
    if operation is None:
        paid_of_owed = min(refund.amount, max(NOTHING, owed))
        operation = Operation.objects.create(
            payment=payment,
            kind=Kind.REFUND,
            state=State.DONE,
            amount=refund.amount,
            goodwill=refund.amount - paid_of_owed,
            provider_ref=refund.ref,
            reason="At the provider.",
            actor=str(WORKER),
            resolved_at=timezone.now(),
        )
        account.operations.append(operation)
    if refund.state == "failed":
        if operation.state != State.REFUSED:
            if Entry.objects.filter(payment=payment, kind=Entry.Kind.REFUNDED, provider_ref=refund.ref).exists():
                enter(payment, Entry.Kind.REFUND_FAILED, refund.amount, refund.ref)
            refuse(account, operation, FAILED, Review.REFUND_REFUSED, ref=refund.ref)
        return NOTHING
    if operation.failure_code == FAILED:  # a snapshot from before it failed
        return NOTHING
    # Also one that was held for refused: the provider has carried it out later than anybody waited for it.
    resolve(operation, State.DONE, ref=refund.ref)
    if enter(payment, Entry.Kind.REFUNDED, refund.amount, refund.ref):
        announce(
            payment,
            "payment.refunded",
            operation_id=operation.pk,
            amount=str(refund.amount),
            goodwill=str(operation.goodwill),
            lines=operation.lines,
        )
    return paid_of_owed


def operation_of(account: Account, refund: Refunded) -> Operation | None:
    """Our operation behind a refund: by our id in its metadata, else by the provider's id."""
    for operation in account.operations:
        if operation.kind == Kind.REFUND and (
            operation.pk == refund.operation_id or operation.provider_ref == refund.ref
        ):
            return operation
    return None


def join_dispute(account: Account, dispute: Disputed) -> None:
    """Let the books know of a dispute. One that was decided stays so."""
    payment = account.payment
    row = next((d for d in account.disputes if d.provider_ref == dispute.ref), None)
    is_open = dispute.status == "open"
    if row is None:
        row = Dispute.objects.create(
            payment=payment,
            provider_ref=dispute.ref,
            status=dispute.status,
            amount=dispute.amount,
            reason=dispute.reason[:64],
            due_by=dispute.due_by,
        )
        account.disputes.append(row)
        enter(payment, Entry.Kind.DISPUTED, dispute.amount, dispute.ref)
        announce(payment, "payment.disputed", dispute_id=row.pk, status=str(row.status), amount=str(row.amount))
    elif row.status == Dispute.Status.OPEN and not (is_open and row.due_by == dispute.due_by):
        if not is_open:
            changes = {"status": [str(row.status), str(dispute.status)]}
            announce(payment, "payment.dispute_changed", dispute_id=row.pk, changes=changes)
        row.status, row.due_by = Dispute.Status(dispute.status), dispute.due_by or row.due_by
        row.save(update_fields=["status", "due_by"])
    if row.status == Dispute.Status.WON and enter(payment, Entry.Kind.REINSTATED, row.amount, row.provider_ref):
        announce(payment, "payment.reinstated", dispute_id=row.pk)


def resolve_answered(account: Account, snapshot: Snapshot) -> None:
    """Resolve the operations that the snapshot answers. A refund is answered by itself alone."""
    ended = snapshot.state in ("cancelled", "failed", "paid")
    answered = {
        Kind.CREATE: True,
        Kind.AUTHORIZE: snapshot.state == "authorized" or bool(snapshot.captures),
        Kind.CAPTURE: bool(snapshot.captures),
        Kind.CANCEL: ended,
    }
    for kind, is_answered in answered.items():
        for operation in account.unknown(kind):
            if is_answered:
                resolve(operation, State.DONE)
            elif kind in (Kind.AUTHORIZE, Kind.CAPTURE) and ended:
                resolve(operation, State.REFUSED, code=snapshot.state)


def resolve(operation: Operation, state: str, *, ref: str = "", code: str = "") -> None:
    """Write down how an operation ended."""
    if operation.state == state and (not ref or operation.provider_ref == ref):
        return
    operation.state, operation.resolved_at = state, operation.resolved_at or timezone.now()
    operation.provider_ref, operation.failure_code = ref or operation.provider_ref, code or operation.failure_code
    operation.save(update_fields=["state", "resolved_at", "provider_ref", "failure_code"])


def refuse(account: Account, operation: Operation, code: str, review: str, *, ref: str = "") -> None:
    """Write down that the provider refused an operation, and that a person has to look at the payment."""
    resolve(operation, State.REFUSED, ref=ref, code=code[:64])
    write(account.payment, {"review": account.payment.review or review})
    announce(account.payment, "payment.needs_review", review=account.payment.review, operation_id=operation.pk)


def write(payment: Payment, columns: dict[str, Any]) -> None:
    """Write what is another now, with a higher version."""
    changed = {name: value for name, value in columns.items() if getattr(payment, name) != value}
    if not changed:
        return
    tell_changes(payment, changed)
    Payment.objects.filter(pk=payment.pk).update(**changed, version=F("version") + 1, updated_at=ClockTimestamp())
    for name, value in changed.items():
        setattr(payment, name, value)


def taking_of_wallet(account: Account, books: Books, snapshot: Snapshot, actor: Actor) -> list[int]:
    """Take what a wallet's owner approved, or set it apart to be taken later, unless the payment was given up."""
    payment = account.payment
    wanted = snapshot.approved and payment.state == Payment.State.OPEN and payment.fenced_at is None
    if not wanted or not account.counts or account.is_being_taken or books.outstanding < payment.amount:
        return []
    kind = Kind.AUTHORIZE if payment.capture_method == Payment.CaptureMethod.MANUAL else Kind.CAPTURE
    return [intend(account, kind, amount=payment.amount, actor=actor).pk]


def tell(payment: Payment, before: str, *, has_confirmed: bool) -> None:
    """Publish that a payment has come further, and whether that has confirmed its order."""
    told = {"authorized": "payment.authorized", "paid": "payment.paid", "failed": "payment.failed"}
    if payment.state != before and payment.state in told:
        amount = str(payment.captured or payment.amount)
        announce(payment, told[payment.state], amount=amount, confirmed=has_confirmed)


def announce(payment: Payment, kind: str, **payload: object) -> None:
    """Publish an event about a payment."""
    told = {"order_id": payment.order_id, "payment_id": payment.pk} | payload
    publish(kind, told, subject=f"order:{payment.order_id}", actor=WORKER)


def schedule(account: Account) -> None:
    """Say when a payment is looked at again: while money may come by it, and while anything is unknown."""
    payment = account.payment
    unknown = any(operation.state == State.INTENDED for operation in account.operations)
    if payment.state in Payment.LIVE or unknown:
        minutes = LOOKS[min(payment.checks, len(LOOKS) - 1)]
        at = timezone.now() + timedelta(minutes=minutes)
    else:
        at = None
    Payment.objects.filter(pk=payment.pk).update(next_check_at=at)


@unit_of_work
def settle_order(order_id: int, actor: Actor = WORKER) -> list[int]:
    """Let an order follow its money after a change of the order: cancelled, fewer units, a return, a parcel.

    So does one that costs nothing, which no payment will confirm. Answers the ids of the operations that this begins.
    Locks the order and its payments.
    """
    has_payments = Payment.objects.filter(order=order_id).exists()
    if not has_payments and not Order.objects.filter(pk=order_id, total_amount=0).exists():
        return []  # whatever begins later begins with the order as it is
    order = locked_order(order_id)
    return follow(order, books_of(order), actor)
