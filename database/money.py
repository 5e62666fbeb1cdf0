"""Money in the currency of the shop: how many decimals it has, and the columns that keep it.

Columns are `numeric` without a scale. An amount is written with the decimals of the currency and read as it was
written, so that a statement may show it as it stands, and a currency with three decimals needs no other table.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from database.currencies import PLACES as PLACES
from database.currencies import places_in


def places_of(currency: str = "") -> int:
    """The decimals of a currency; without one, of the shop's."""
    return places_in(currency or settings.CURRENCY)


def smallest() -> Decimal:
    """The smallest amount of the shop's currency: a cent, a yen, a fils."""
    return Decimal(1).scaleb(-places_of())


def in_places(amount: Decimal) -> Decimal:
    """The amount with the decimals of the shop's currency, rounded half up."""
    return amount.quantize(smallest(), ROUND_HALF_UP)


def highest_price() -> Decimal:
    """The highest price: the whole units of MAX_PRICE, and as much of one more as the currency can say."""
    return settings.MAX_PRICE.to_integral_value("ROUND_FLOOR") + 1 - smallest()


def validate_cost(amount: Decimal) -> None:
    """Refuse (ValidationError) a negative amount, one above the highest price, and more decimals than there are."""
    if amount != in_places(amount):
        places = places_of()
        said = f"at most {places} decimals" if places else "no decimals"
        raise ValidationError(f"An amount of {settings.CURRENCY} has {said}.", "max_decimal_places")
    if amount < 0:
        raise ValidationError("This must be 0 or more.", "min_value")
    if amount > highest_price():
        raise ValidationError(f"This must be {highest_price()} or less.", "max_value")


def validate_price(amount: Decimal) -> None:
    """Refuse (ValidationError) what `validate_cost` refuses, and 0: a price is the smallest amount or more."""
    validate_cost(amount)
    if amount < smallest():
        raise ValidationError(f"This must be {smallest()} or more.", "min_value")


class MoneyField(models.DecimalField):  # type: ignore[type-arg]  # Django's own class cannot be subscribed
    """A column of money, written with the decimals of the shop's currency."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"max_digits": None, "decimal_places": None})

    def check(self, **kwargs: Any) -> list[Any]:
        """Django's own, but for the digits, which PostgreSQL does not need."""
        return models.Field.check(self, **kwargs)

    def db_type(self, connection: Any) -> str:
        """A number of any scale."""
        return "numeric"

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """The amount with the decimals of the currency. An expression stays as it is."""
        return super().get_db_prep_save(in_places(value) if isinstance(value, Decimal) else value, connection)

    def formfield(self, **kwargs: Any) -> Any:
        """A field of a form whose steps are the smallest amount."""
        return super().formfield(**{"decimal_places": places_of()} | kwargs)
