"""What happened to payments, in words for staff: what was asked, what providers said, and how money went."""

from collections.abc import Iterator, Sequence

from django.db.models import Q, prefetch_related_objects

from orders.models import OrderItem
from orders.timeline import Moment
from payments.models import Dispute, Entry, Notification, Operation, Payment
from payments.words import money, provider_in_words

# Providers repeat themselves. The newest of their notifications are told.
MOST_NOTICES = 50
ASKED = {
    Operation.Kind.CREATE: "A payment of {amount} was begun",
    Operation.Kind.AUTHORIZE: "Setting {amount} apart was asked for",
    Operation.Kind.CAPTURE: "Taking {amount} was asked for",
    Operation.Kind.CANCEL: "Cancelling the payment was asked for",
    Operation.Kind.REFUND: "A refund of {amount} was asked for",
}
WENT = {
    Entry.Kind.CAPTURED: "{amount} were taken",
    Entry.Kind.REFUNDED: "{amount} went back to the buyer",
    Entry.Kind.REFUND_FAILED: "A refund of {amount} failed: the money is with the shop again",
    Entry.Kind.DISPUTED: "The buyer's bank took {amount} back for a dispute",
    Entry.Kind.REINSTATED: "The bank gave {amount} of a dispute back",
}
ENDED = {Operation.State.DONE: "Done", Operation.State.REFUSED: "Refused by the provider"}
STANDS = {
    Dispute.Status.OPEN: "It is to be answered at the provider",
    Dispute.Status.WON: "The shop has won",
    Dispute.Status.LOST: "The shop has lost",
}


def history_of(payments: Sequence[Payment]) -> list[Moment]:
    """The life of the payments of one order, oldest first. `who` is put there by accounts.names."""
    if not payments:
        return []
    prefetch_related_objects(payments, "operations", "entries", "disputes")
    skus = dict(OrderItem.objects.filter(order=payments[0].order_id).values_list("pk", "sku"))
    moments = [*notices(payments)]
    for payment in payments:
        moments += [asked(payment, operation, skus) for operation in payment.operations.all()]
        moments += [
            Moment(
                entry.at, WENT[Entry.Kind(entry.kind)].format(amount=money(entry.amount, payment.currency)), "system"
            )
            for entry in payment.entries.all()
        ]
        moments += [disputed(payment, dispute) for dispute in payment.disputes.all()]
    return sorted(moments, key=lambda moment: moment.at)


def asked(payment: Payment, operation: Operation, skus: dict[int, str]) -> Moment:
    """What the provider was asked for, and how that ended."""
    amount = money(payment.amount if operation.amount is None else operation.amount, payment.currency)
    words = ASKED[Operation.Kind(operation.kind)].format(amount=amount)
    details = [f"{units} x {skus.get(int(line_id), line_id)}" for line_id, units in operation.lines.items()]
    if operation.goodwill:
        details.append(f"{money(operation.goodwill, payment.currency)} of it nobody was owed")
    details.append(outcome(operation))
    return Moment(
        operation.created_at,
        words if payment.provider == "manual" else f"{words} at {provider_in_words(payment.provider)}",
        operation.actor,
        reason=operation.reason,
        details=details,
    )


def outcome(operation: Operation) -> str:
    """How an operation ended, or that nobody knows it yet."""
    if operation.state == Operation.State.INTENDED:
        times = f"asked {operation.tries} times" if operation.tries != 1 else "asked once"
        return f"There is no answer yet: {times}"
    ended = ENDED[Operation.State(operation.state)]
    return f"{ended}: {operation.failure_code}" if operation.failure_code else ended


def disputed(payment: Payment, dispute: Dispute) -> Moment:
    """That the buyer has asked the bank for the money back, and how it stands."""
    details = [f"Reason: {dispute.reason.replace('_', ' ')}"] if dispute.reason else []
    details.append(STANDS[Dispute.Status(dispute.status)])
    words = f"The buyer disputes {money(dispute.amount, payment.currency)}"
    return Moment(dispute.opened_at, words, "system", details=details)


def notices(payments: Sequence[Payment]) -> Iterator[Moment]:
    """What the providers have notified the shop of."""
    about = Q()
    for payment in payments:
        named = Q(provider=payment.provider, payment_said=payment.pk)
        if payment.provider_ref:
            named |= Q(provider=payment.provider, ref=payment.provider_ref)
        about |= named
    for row in Notification.objects.filter(about).order_by("-id")[:MOST_NOTICES]:
        details = [] if row.handled_at else ["Nobody has looked into it yet"]
        words = f"{provider_in_words(row.provider)} notified the shop: {row.kind}"
        yield Moment(row.received_at, words, "system", details=details)
