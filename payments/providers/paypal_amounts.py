"""Amounts as PayPal writes them: texts with the decimals of the currency, as PayPal counts them."""

from decimal import Decimal
from typing import Any

from database.currencies import places_in
from payments.providers.snapshot import ProviderRefused

# https://developer.paypal.com/api/rest/reference/currency-codes: forints and Taiwan dollars without decimals.
PLACES = {"HUF": 0, "TWD": 0}


def money(amount: Decimal, currency: str) -> dict[str, str]:
    """An amount for PayPal. Raises ProviderRefused for more decimals than PayPal knows."""
    value = amount.quantize(Decimal(1).scaleb(-PLACES.get(currency, places_in(currency))))
    if value != amount:
        raise ProviderRefused("DECIMAL_PRECISION", f"PayPal cannot charge or refund exactly {amount} {currency}.")
    return {"currency_code": currency, "value": f"{value:f}"}


def amount_in(money: dict[str, Any]) -> Decimal:
    """The amount of a member like {"currency_code": "USD", "value": "12.50"}, with the decimals of its currency."""
    return Decimal(money["value"]).quantize(Decimal(1).scaleb(-places_in(money["currency_code"])))
