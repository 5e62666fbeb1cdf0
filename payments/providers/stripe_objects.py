"""What Stripe's objects say, as a Snapshot."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from payments.providers.notices import number
from payments.providers.snapshot import Captured, Disputed, Refunded, Snapshot, State
from payments.providers.stripe_amounts import from_units

# Stripe leaves members out that do not apply, and its library then knows no such attribute: these are read by getattr.

if TYPE_CHECKING:
    from stripe import Charge, Dispute, PaymentIntent, Refund, StripeClient

# A PaymentIntent that was declined waits for another card: it is open.
STATES: dict[str, State] = {"requires_capture": "authorized", "canceled": "cancelled", "succeeded": "paid"}
REFUNDS: dict[str | None, Literal["pending", "done", "failed"]] = {
    "succeeded": "done",
    "failed": "failed",
    "canceled": "failed",
}
DISPUTES: dict[str, Literal["open", "won", "lost"]] = {
    "won": "won",
    "warning_closed": "won",
    "prevented": "won",
    "lost": "lost",
}


def read(client: "StripeClient", intent: "PaymentIntent") -> Snapshot:
    """A PaymentIntent whose charge, refunds and fee were expanded. Asks for further refunds, and for disputes."""
    from stripe import Charge

    currency = intent.currency.upper()
    charge = intent.latest_charge if isinstance(intent.latest_charge, Charge) else None
    taken = charge is not None and charge.captured and charge.status == "succeeded"
    return Snapshot(
        ref=intent.id,
        state=STATES.get(intent.status, "open"),
        amount=from_units(intent.amount, currency),
        currency=currency,
        captures=(captured(charge, currency),) if charge and taken else (),
        refunds=refunds(client, intent, charge, currency) if charge and taken else (),
        disputes=disputes(client, intent) if charge and charge.disputed else (),
        payment_id=number(getattr(intent.metadata, "payment_id", None)),
        failure_code=failure_of(intent) if intent.status != "succeeded" else "",
        method_label=label_of(charge) if charge else "",
        expires_at=capture_before(charge) if charge and intent.status == "requires_capture" else None,
        client={"client_secret": intent.client_secret or ""},
    )


def captured(charge: "Charge", currency: str) -> Captured:
    """The money that was taken. The fee is told where it is in the same currency."""
    from stripe import BalanceTransaction

    moved, fee = charge.balance_transaction, None
    if isinstance(moved, BalanceTransaction) and moved.currency.upper() == currency:
        fee = from_units(moved.fee, currency)
    return Captured(charge.id, from_units(charge.amount_captured, currency), moment(charge.created), fee)


def refunds(client: "StripeClient", intent: "PaymentIntent", charge: "Charge", currency: str) -> tuple[Refunded, ...]:
    """All refunds: a charge shows its latest ten, and says whether there are more."""
    shown = charge.refunds
    found = shown.data if shown else []
    if shown is None or shown.has_more:
        pages = client.v1.refunds.list({"payment_intent": intent.id, "limit": 100})
        found = list(pages.auto_paging_iter())
    return tuple(
        Refunded(
            ref=refund.id,
            amount=from_units(refund.amount, currency),
            state=REFUNDS.get(refund.status, "pending"),
            at=moment(refund.created),
            operation_id=operation_of(refund),
        )
        for refund in found
        if not was_let_go(refund, charge)
    )


def operation_of(refund: "Refund") -> int | None:
    """Our operation that asked for a refund; None for one that was made at Stripe's dashboard."""
    return number(getattr(refund.metadata, "operation_id", None)) if refund.metadata else None


def was_let_go(refund: "Refund", charge: "Charge") -> bool:
    """Whether it is what a capture of a part left of the authorization: it was never taken, so it does not go back."""
    return (
        refund.balance_transaction is None
        and operation_of(refund) is None
        and refund.amount == charge.amount - charge.amount_captured
    )


def disputes(client: "StripeClient", intent: "PaymentIntent") -> tuple[Disputed, ...]:
    """The disputes of a payment. An inquiry of a bank, which takes no money yet, is one too: it wants an answer."""
    pages = client.v1.disputes.list({"payment_intent": intent.id, "limit": 100})
    return tuple(disputed(dispute) for dispute in pages.auto_paging_iter())


def disputed(dispute: "Dispute") -> Disputed:
    """One dispute."""
    due = dispute.evidence_details.due_by
    return Disputed(
        ref=dispute.id,
        status=DISPUTES.get(dispute.status, "open"),
        amount=from_units(dispute.amount, dispute.currency.upper()),
        reason=dispute.reason,
        due_by=moment(due) if due else None,
    )


def failure_of(intent: "PaymentIntent") -> str:
    """Why the buyer's last try failed, by Stripe's word for it; empty when none has."""
    error = intent.last_payment_error
    words = [getattr(error, name, None) for name in ("decline_code", "code", "type")]
    return next((word[:64] for word in words if word), "")


def label_of(charge: "Charge") -> str:
    """What the buyer paid with, in words: "Visa ···· 4242"."""
    details = charge.payment_method_details
    if details is None:
        return ""
    card = getattr(details, "card", None)
    if card is not None:
        return f"{(card.brand or 'card').title()} ···· {card.last4}"
    return details.type.replace("_", " ").title()[:64]


def capture_before(charge: "Charge") -> datetime | None:
    """Until when money that was authorized can be captured, where Stripe says so."""
    until = getattr(getattr(charge.payment_method_details, "card", None), "capture_before", None)
    return moment(until) if until else None


def moment(seconds: int) -> datetime:
    """A time as Stripe writes it."""
    return datetime.fromtimestamp(seconds, UTC)
