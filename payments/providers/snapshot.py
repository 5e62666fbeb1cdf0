"""What a provider says about a payment, in one shape for all of them, and how a call to a provider can end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

# As far as money has come. A payment never falls to a lower rank; `paid` beats `cancelled`, since money has come.
State = Literal["starting", "open", "authorized", "cancelled", "failed", "paid"]
RANK: Mapping[str, int] = {"starting": 0, "open": 1, "authorized": 2, "cancelled": 3, "failed": 3, "paid": 4}


@dataclass(frozen=True, slots=True)
class Captured:
    """Money that was taken, by the provider's id of the capture. `fee` is the provider's part, where it is known."""

    ref: str
    amount: Decimal
    at: datetime | None = None
    fee: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money that goes back. `pending` may still fail; `operation_id` is ours where the shop asked for it."""

    ref: str
    amount: Decimal
    state: Literal["pending", "done", "failed"]
    at: datetime | None = None
    operation_id: int | None = None


@dataclass(frozen=True, slots=True)
class Disputed:
    """A buyer asked their bank for the money back. `amount` has been taken from the shop while it is open or lost."""

    ref: str
    status: Literal["open", "won", "lost"]
    amount: Decimal
    reason: str = ""
    due_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One payment as its provider has it now. Amounts are in units of the currency (12.50, not cents).

    `client` is what the buyer's browser needs to pay (a client secret, or a page to approve on). It is handed on, and
    never stored or logged. `approved` says that a wallet's owner agreed, and that the shop may capture. `payment_id` is
    ours, from the provider's metadata.
    """

    ref: str
    state: State
    amount: Decimal
    currency: str
    captures: tuple[Captured, ...] = ()
    refunds: tuple[Refunded, ...] = ()
    disputes: tuple[Disputed, ...] = ()
    approved: bool = False
    payment_id: int | None = None
    failure_code: str = ""
    # What staff and the buyer read: "Visa ···· 4242", "PayPal".
    method_label: str = ""
    # When money that was authorized can be captured no more.
    expires_at: datetime | None = None
    client: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def captured(self) -> Decimal:
        """The money that was taken, before refunds."""
        return sum((capture.amount for capture in self.captures), Decimal(0))

    @property
    def fees(self) -> Decimal | None:
        """What the provider keeps of it; None where it does not say so."""
        known = [capture.fee for capture in self.captures if capture.fee is not None]
        return sum(known, Decimal(0)) if known else None

    @property
    def refunded(self) -> Decimal:
        """The money that went back or is on its way back. A refund that failed does not count."""
        return sum((refund.amount for refund in self.refunds if refund.state != "failed"), Decimal(0))


@dataclass(frozen=True, slots=True)
class Request:
    """What a payment asks a provider for. `order_number` and `payment_id` are kept by it as metadata.

    `return_url` is where a buyer comes back to from the provider's page. `capture_method` is "automatic" (money is
    taken when the buyer pays) or "manual" (it is set apart, and taken later).
    """

    payment_id: int
    order_id: int
    order_number: str
    amount: Decimal
    currency: str
    capture_method: str
    return_url: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification whose signature was right. It is a trigger alone: what is true is fetched from the provider.

    `ref` is the payment that it speaks of, as the provider names payments, or empty where it cannot be read;
    `object_ref` is the object itself (a refund, a dispute). `payment_id` is ours, from the metadata.
    """

    event_id: str
    kind: str
    ref: str = ""
    object_ref: str = ""
    payment_id: int | None = None


class ProviderRefused(Exception):
    """The provider said no, and did nothing. `code` is its own word for why; `message` may be shown to staff."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code, self.message = code, message or code


class ProviderUnknown(Exception):
    """Nobody knows whether the provider did it: no answer in time, a broken connection, a 5xx, too many requests.

    The call is repeated with the same key, or the provider is asked what is true.
    """


class BadSignature(Exception):
    """A notification that the provider did not sign. Nothing of it is to be believed."""
