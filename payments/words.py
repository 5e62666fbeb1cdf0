"""Payments in words of staff: who carries them, amounts, and why somebody has to look."""

from decimal import Decimal

from database.money import places_of
from payments.models import Payment

PROVIDERS = {"stripe": "Stripe", "paypal": "PayPal", "manual": "By hand"}


def provider_in_words(provider: str) -> str:
    """What staff call a provider."""
    return PROVIDERS.get(provider, provider)


def way_of(payment: Payment) -> str:
    """How a payment is made: "Stripe, Visa ···· 4242"."""
    provider = provider_in_words(payment.provider)
    return f"{provider}, {payment.method_label}" if payment.method_label not in ("", provider) else provider


def money(amount: Decimal, currency: str) -> str:
    """An amount in the decimals of its currency, with the currency."""
    return f"{amount:,.{places_of(currency)}f} {currency}"
