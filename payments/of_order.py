"""The payments of an order on its page: how each stands, what is under way, and what a person has to do."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import cached_property

from accounts.names import name_actors
from orders.models import Order
from payments.history import history_of
from payments.models import Dispute, Operation, Payment
from payments.money import Account
from payments.words import money, way_of

SEES = "payments.view_payment"
UNDER_WAY = {
    Operation.Kind.CREATE: "beginning a payment of {amount}",
    Operation.Kind.AUTHORIZE: "setting {amount} apart",
    Operation.Kind.CAPTURE: "taking {amount}",
    Operation.Kind.CANCEL: "cancelling the payment",
    Operation.Kind.REFUND: "giving {amount} back",
}


@dataclass(frozen=True)
class Shown:
    """A payment as the pages of staff show it."""

    payment: Payment

    @cached_property
    def account(self) -> Account:
        """The payment with what belongs to it."""
        return Account(self.payment, list(self.payment.operations.all()), list(self.payment.disputes.all()))

    @property
    def way(self) -> str:
        """Who carries it, and by what."""
        return way_of(self.payment)

    @property
    def amounts(self) -> list[tuple[str, str]]:
        """What was asked for, came and went back, each with its name. Fees are there where they are known."""
        payment = self.payment
        figures = [("Amount", payment.amount), ("Captured", payment.captured), ("Refunded", payment.refunded)]
        if self.account.disputed:
            figures.append(("Disputed", self.account.disputed))
        if payment.fees is not None:
            figures.append(("Fees", payment.fees))
        return [(name, money(amount, payment.currency)) for name, amount in figures]

    @property
    def under_way(self) -> list[tuple[str, Operation]]:
        """What was asked of the provider and nobody knows the end of."""
        payment, unknown = self.payment, Operation.State.INTENDED
        return [
            (UNDER_WAY[Operation.Kind(o.kind)].format(amount=money(o.amount or payment.amount, payment.currency)), o)
            for o in self.account.operations
            if o.state == unknown
        ]

    @property
    def disputes(self) -> list[tuple[str, Dispute]]:
        """What the buyer asks the bank to give back."""
        return [(money(row.amount, self.payment.currency), row) for row in self.account.disputes]


def payments_of(request: HttpRequest, order: Order) -> dict[str, Any] | None:
    """What the page of an order shows of its payments. None for staff who may not see them, and without payments."""
    if not request.user.has_perm(SEES):
        return None
    payments = list(order.payments.prefetch_related("operations", "disputes").order_by("id"))
    if not payments:
        return None
    moments = history_of(payments)
    name_actors(request, moments)
    return {"rows": [Shown(payment) for payment in payments], "moments": moments, "blocked": order.shipping_blocked}
