"""What an order has of its money, by its payments: pure figures, from rows that are locked."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from payments.models import Dispute, Operation, Payment

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Account:
    """One payment with its operations and disputes."""

    payment: Payment
    operations: list[Operation]
    disputes: list[Dispute]

    @property
    def counts(self) -> bool:
        """Whether its money counts for the order: not where it is another amount or currency than was asked for."""
        return self.payment.review not in Payment.MISMATCHES

    @property
    def is_takeable(self) -> bool:
        """Whether money was set apart that the shop may take."""
        return self.payment.state == Payment.State.AUTHORIZED and self.payment.fenced_at is None

    @property
    def disputed(self) -> Decimal:
        """What the bank has taken back, or may keep."""
        return sum((d.amount for d in self.disputes if d.status != Dispute.Status.WON), NOTHING)

    @property
    def going_back(self) -> Decimal:
        """The refunds of which nobody knows whether the provider carried them out."""
        return sum((o.amount or NOTHING for o in self.unknown(Operation.Kind.REFUND)), NOTHING)

    @property
    def held(self) -> Decimal:
        """What the shop has of it, when all refunds that were asked for are carried out."""
        return self.payment.net - self.going_back - self.disputed

    @property
    def goodwill(self) -> Decimal:
        """What went back beyond what was owed."""
        refused = Operation.State.REFUSED
        return sum((o.goodwill for o in self.operations if o.state != refused), NOTHING)

    @property
    def is_being_taken(self) -> bool:
        """Whether money of it is being set apart or taken, and nobody knows yet whether that was carried out."""
        return bool(self.unknown(Operation.Kind.AUTHORIZE) or self.unknown(Operation.Kind.CAPTURE))

    @property
    def is_cancellable(self) -> bool:
        """Whether the provider can be asked to cancel it: it is known there, and none of its money is being taken."""
        return self.payment.state in (Payment.State.OPEN, Payment.State.AUTHORIZED) and not self.is_being_taken

    @property
    def given_back(self) -> Decimal:
        """The refunds that the provider has carried out, or is about to."""
        done = (o for o in self.operations if o.kind == Operation.Kind.REFUND and o.state == Operation.State.DONE)
        return sum((o.amount or NOTHING for o in done), NOTHING)

    def unknown(self, kind: Operation.Kind) -> list[Operation]:
        """The operations of a kind that are not resolved."""
        return [o for o in self.operations if o.kind == kind and o.state == Operation.State.INTENDED]


@dataclass(frozen=True, slots=True)
class Books:
    """All payments of one order, and what the order costs by now."""

    accounts: list[Account]
    costs: Decimal

    @property
    def counted(self) -> list[Account]:
        """The accounts whose money counts."""
        return [account for account in self.accounts if account.counts]

    @property
    def held(self) -> Decimal:
        """What the shop has of the order's money."""
        return sum((account.held for account in self.counted), NOTHING)

    @property
    def due(self) -> Decimal:
        """What the shop may keep: the costs less what was given back beyond what was owed."""
        return max(NOTHING, self.costs - sum((account.goodwill for account in self.counted), NOTHING))

    @property
    def owed(self) -> Decimal:
        """What is to go back to the buyer, with the refunds under way taken off."""
        return max(NOTHING, self.held - self.due)

    @property
    def outstanding(self) -> Decimal:
        """What the buyer has still to pay."""
        return max(NOTHING, self.due - self.held)

    @property
    def authorized(self) -> Decimal:
        """What has been set apart and can be taken: not by a payment that is being cancelled."""
        return sum((account.payment.amount for account in self.counted if account.is_takeable), NOTHING)

    @property
    def status(self) -> str:
        """What the order says of its payment: the words of the contract."""
        captured = sum((a.payment.captured for a in self.counted), NOTHING)
        refunded = sum((a.payment.refunded for a in self.counted), NOTHING)
        if any(account.disputed for account in self.counted):
            return "disputed"
        if not captured:
            return "authorized" if self.authorized else "unpaid"
        if refunded >= captured:
            return "refunded"
        return "partly_refunded" if refunded else "paid"


def accounts_of(
    payments: Iterable[Payment], operations: Iterable[Operation], disputes: Iterable[Dispute]
) -> list[Account]:
    """Payments with what belongs to them."""
    operations, disputes = list(operations), list(disputes)
    return [
        Account(
            payment,
            [operation for operation in operations if operation.payment_id == payment.pk],
            [dispute for dispute in disputes if dispute.payment_id == payment.pk],
        )
        for payment in payments
    ]
