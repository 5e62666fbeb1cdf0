"""The providers of money. Each is a module with the same functions, and answers in Snapshots.

A call refuses with ProviderRefused when the provider said no, and with ProviderUnknown when nobody knows. No call is
made within a transaction.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Protocol, cast

from django.conf import settings

from payments.exceptions import UnknownProvider
from payments.providers.snapshot import Notice, Request, Snapshot


class Provider(Protocol):
    """What the shop asks of a provider.

    `BY_HAND` says that staff are the provider. `CANCELS` says that a payment which nobody has paid can be cancelled
    there. An order stays payable for `PAYABLE_FOR` after a payment was begun. The provider knows the key of a call
    again for KEY_LIFETIME at least.
    """

    BY_HAND: bool
    CANCELS: bool
    PAYABLE_FOR: timedelta
    KEY_LIFETIME: timedelta

    def name(self) -> str:
        """What buyers read."""

    def publishable_key(self) -> str:
        """What the provider's script in the browser needs, and anybody may see; empty without one."""

    def create(self, request: Request, key: str) -> Snapshot:
        """Begin a payment."""

    def fetch(self, ref: str) -> Snapshot:
        """How a payment is now."""

    def authorize(self, ref: str, key: str) -> Snapshot:
        """Set money apart that a wallet's owner approved. Providers without wallets answer how the payment is."""

    def capture(self, ref: str, amount: Decimal, currency: str, key: str) -> Snapshot:
        """Take money that was set apart or approved."""

    def cancel(self, ref: str, key: str) -> Snapshot:
        """Let nobody pay it any more."""

    def refund(self, ref: str, amount: Decimal, currency: str, key: str, operation_id: int) -> Snapshot:
        """Give money back. The provider keeps our operation's id with the refund."""

    def find(self, *, payment_id: int | None = None, since: datetime | None = None) -> list[Snapshot]:
        """What the provider has of one payment of ours, by its metadata, or of all since then."""

    def parse_notification(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """What a notification is about. Refuses BadSignature."""


# By these words a provider says that it has no such payment (any more): PayPal forgets an order that nobody approved.
GONE = frozenset({"RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"})
# Which setting says that the shop uses a provider.
CONFIGURED_BY = {"stripe": "STRIPE_SECRET_KEY", "paypal": "PAYPAL_CLIENT_ID", "manual": "MANUAL_PAYMENT_NAME"}


def provider(name: str) -> Provider:
    """The module of a provider. Its payments are seen to also when it is configured no more."""
    return cast(Provider, import_module(f"payments.providers.{name}"))


def configured() -> dict[str, Provider]:
    """The providers by which this shop takes money."""
    return {name: provider(name) for name, setting in CONFIGURED_BY.items() if getattr(settings, setting)}


def configured_provider(name: str) -> Provider:
    """A provider by which this shop takes money. Refuses UnknownProvider."""
    if name not in configured():
        raise UnknownProvider(f"This shop takes no money by {name}.")
    return provider(name)
