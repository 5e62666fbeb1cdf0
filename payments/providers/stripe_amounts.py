"""Amounts as Stripe writes them: whole numbers of the smallest unit, by rules that are not quite ISO 4217's."""

from decimal import Decimal

from database.currencies import places_in
from payments.providers.snapshot import ProviderRefused

# https://docs.stripe.com/currencies. Ariary have no decimals there, and krónur and Ugandan shillings have two that are
# always 00. All others are as ISO 4217 says.
PLACES = {"MGA": 0, "ISK": 2, "UGX": 2}


def to_units(amount: Decimal, currency: str) -> int:
    """An amount in Stripe's units: 1250 for 12.50 USD, 500 for 500 JPY.

    Raises ProviderRefused for what Stripe cannot charge: of three decimals the last one must be 0.
    """
    places = PLACES.get(currency, places_in(currency))
    units = amount.scaleb(places)
    if units != units.to_integral_value() or (places == 3 and units % 10):
        raise ProviderRefused("amount_not_chargeable", f"Stripe cannot charge or refund exactly {amount} {currency}.")
    return int(units)


def from_units(units: int, currency: str) -> Decimal:
    """An amount with the decimals of its currency: 12.50 for 1250 of USD."""
    amount = Decimal(units).scaleb(-PLACES.get(currency, places_in(currency)))
    exact = amount.quantize(Decimal(1).scaleb(-places_in(currency)))
    return exact if exact == amount else amount
