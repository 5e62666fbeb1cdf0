"""Money that comes by hand: a bank transfer, or cash on delivery. Staff are the provider, our books are its books."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from payments.models import Entry, Operation, Payment
from payments.providers.snapshot import (
    BadSignature,
    Captured,
    Notice,
    ProviderRefused,
    Refunded,
    Request,
    Snapshot,
    State,
)

BY_HAND, CANCELS = True, True
# A bank takes days.
PAYABLE_FOR = timedelta(days=settings.MANUAL_PAYMENT_DAYS)
KEY_LIFETIME = timedelta(days=36_500)


def name() -> str:
    """As the shop calls it: "Bank transfer"."""
    return str(settings.MANUAL_PAYMENT_NAME)


def publishable_key() -> str:
    """There is no script."""
    return ""


def create(request: Request, key: str) -> Snapshot:
    """Tell the buyer where the money goes."""
    return snapshot_of(Payment.objects.get(pk=request.payment_id))


def fetch(ref: str) -> Snapshot:
    """What our books say."""
    return snapshot_of(payment_named(ref))


def authorize(ref: str, key: str) -> Snapshot:
    """What our books say: nobody sets money apart by hand."""
    return fetch(ref)


def capture(ref: str, amount: Decimal, currency: str, key: str) -> Snapshot:
    """Staff say that the money has come."""
    payment = payment_named(ref)
    return snapshot_of(payment, state="paid", captures=(*captures_of(payment), Captured(key, amount)))


def cancel(ref: str, key: str) -> Snapshot:
    """Nobody waits for the money any more."""
    return snapshot_of(payment_named(ref), state="cancelled")


def refund(ref: str, amount: Decimal, currency: str, key: str, operation_id: int) -> Snapshot:
    """Staff say that they gave the money back."""
    payment = payment_named(ref)
    done = Refunded(key, amount, "done", operation_id=operation_id)
    return snapshot_of(payment, refunds=(*refunds_of(payment), done))


def find(*, payment_id: int | None = None, since: datetime | None = None) -> list[Snapshot]:
    """What our books say of one payment, or of all since then."""
    rows = Payment.objects.filter(provider="manual", provider_ref__isnull=False)
    rows = rows if payment_id is None else rows.filter(pk=payment_id)
    return [snapshot_of(row) for row in (rows if since is None else rows.filter(created_at__gte=since))]


def parse_notification(headers: Mapping[str, str], body: bytes) -> Notice:
    """Nobody notifies us by hand. Refuses BadSignature."""
    raise BadSignature("Nobody notifies us by hand.")


def payment_named(ref: str) -> Payment:
    """The payment with this name. Refuses ProviderRefused."""
    payment = Payment.objects.filter(provider_ref=ref).first()
    if payment is None:
        raise ProviderRefused("unknown_payment")
    return payment


def captures_of(payment: Payment) -> tuple[Captured, ...]:
    """The money that came."""
    rows = payment.entries.filter(kind=Entry.Kind.CAPTURED)
    return tuple(Captured(row.provider_ref, row.amount, row.at) for row in rows)


def refunds_of(payment: Payment) -> tuple[Refunded, ...]:
    """The money that went back."""
    done = payment.operations.filter(kind=Operation.Kind.REFUND, state=Operation.State.DONE)
    return tuple(Refunded(row.key, row.amount or Decimal(0), "done", row.resolved_at, row.pk) for row in done)


def snapshot_of(
    payment: Payment,
    *,
    state: State | None = None,
    captures: tuple[Captured, ...] | None = None,
    refunds: tuple[Refunded, ...] | None = None,
) -> Snapshot:
    """A payment as our books have it."""
    known: State = "open" if payment.state == Payment.State.STARTING else payment.state  # type: ignore[assignment]
    return Snapshot(
        ref=payment.provider_ref or f"manual-{payment.pk}",
        state=state or known,
        amount=payment.amount,
        currency=payment.currency,
        captures=captures_of(payment) if captures is None else captures,
        refunds=refunds_of(payment) if refunds is None else refunds,
        payment_id=payment.pk,
        method_label=settings.MANUAL_PAYMENT_NAME,
        client={"instructions": settings.MANUAL_PAYMENT_INSTRUCTIONS},
    )
