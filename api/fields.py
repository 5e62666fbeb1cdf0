"""Fields that take exactly what the contract says. In a body 1 is not "1"; in a query string everything is text."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from rest_framework import serializers

from database.days import first_moment, last_moment
from database.money import in_places, places_of
from database.text import normalised_email, refuse_hidden, refuse_hidden_in_lines, refuse_links

MAX_ID = 2**63 - 1
MAX_INT = 2**31 - 1
MAX_EXACT_FLOAT = 2**53
LONGEST_LINE = 2000
INTEGER = re.compile(r"-?[0-9]{1,19}\Z")
TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-](0[0-9]|1[0-4]):[0-5][0-9])\Z"
)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def in_query(field: serializers.Field[Any, Any, Any, Any]) -> bool:
    """Whether the field reads a query string, where every value is text."""
    return getattr(field.root, "is_query", False)


class Text(serializers.CharField):
    """A string, and only a string: in a body one line of characters that can be seen (database.text).

    Surrounding white space is cut off. `multiline=True` takes line breaks too, for descriptions; a text that may be
    longer than LONGEST_LINE has several lines unless it is said not to have them.
    """

    any_character = False

    def __init__(self, *, multiline: bool | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.multiline = (self.max_length or 0) > LONGEST_LINE if multiline is None else multiline

    def to_internal_value(self, data: Any) -> str:
        """Refuses everything but a string: numbers are not turned into text. In a body, hidden characters too."""
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data)
        # White space at the ends counts too: the description cannot say that it does not.
        if self.max_length and len(text) <= self.max_length < len(data):
            self.fail("max_length", max_length=self.max_length)
        if not (self.any_character or in_query(self)):
            (refuse_hidden_in_lines if self.multiline else refuse_hidden)(text)
        return text


class PersonName(Text):
    """The name of a person. It holds no address of a page, since the shop shows names to others."""

    default_validators = [refuse_links]


class Password(Text):
    """A password of any characters, white space at its ends included."""

    any_character = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 128, "trim_whitespace": False} | kwargs)


class Email(serializers.EmailField):
    """An email address of at most 254 characters, in the one form in which it is kept (database.text)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 254} | kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Refuses everything but a string, and hidden characters."""
        if not isinstance(data, str):
            self.fail("invalid")
        return normalised_email(super().to_internal_value(data))


class Integer(serializers.IntegerField):
    """A whole number within bounds; every integer of the contract has some."""

    def __init__(self, *, min_value: int = 0, max_value: int = MAX_INT, **kwargs: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        """Refuses text and booleans in a body, and everything but digits in a query string."""
        if in_query(self):
            if not (isinstance(data, str) and INTEGER.match(data)):
                self.fail("invalid")
            return int(data)
        # JSON has one kind of number, so 3.0 is an integer. Beyond 2**53 a float cannot name every integer.
        if isinstance(data, float) and data.is_integer() and abs(data) < MAX_EXACT_FLOAT:
            return int(data)
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class Id(Integer):
    """A positive 64-bit integer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **kwargs)


class Flag(serializers.BooleanField):
    """A boolean. In a query string it is written `true`, `false`, `1` or `0`."""

    def to_internal_value(self, data: Any) -> bool:
        """Refuses words and numbers in a body, and other words than the four in a query string."""
        if in_query(self):
            if data not in ("true", "false", "1", "0"):
                self.fail("invalid", input=data)
            return data in ("true", "1")
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Choice(serializers.ChoiceField):
    """One of the declared texts."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuses everything but a string, and strings that are not declared."""
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


@cache
def amounts(whole: str, places: int, *, zero: bool) -> re.Pattern[str]:
    """What an amount with these whole units and at most so many decimals looks like; `zero`: whether it may be 0."""
    decimals = rf"(\.[0-9]{{1,{places}}})?" if places else ""
    if zero:
        return re.compile(rf"(0|{whole}){decimals}\Z")
    # Without looking ahead, which not every reader of the description can: so many zeros, and then a digit.
    below_one = "|".join(rf"0\.{'0' * zeros}[1-9][0-9]{{0,{places - zeros - 1}}}" for zeros in range(places))
    return re.compile(rf"({below_one}|{whole}{decimals})\Z" if places else rf"{whole}\Z")


class Money(serializers.DecimalField):
    """A price: a decimal string from the smallest amount of the shop's currency to 9,999,999 and the decimals that the
    currency has. Never a float."""

    whole, zero, signed = "[1-9][0-9]{0,6}", False, False
    default_error_messages = {
        "number": 'Amounts are text, since numbers of JSON are rounded by many readers: write "{text}".',
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": None, "decimal_places": None} | kwargs)

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the text looks like."""
        text = amounts(self.whole, places_of(), zero=self.zero)
        return re.compile(f"-?{text.pattern}") if self.signed else text

    def to_internal_value(self, data: Any) -> Decimal:
        """Refuses numbers, exponents, signs and more decimals than the currency has.

        The refusal of a number shows it as text.
        """
        if isinstance(data, int | float) and not isinstance(data, bool):
            text = f"{data:.{places_of()}f}"
            is_so = self.pattern.match(text) and float(text) == data
            self.fail("number", text=text if is_so else str(in_places(Decimal("29.99"))))
        if not (isinstance(data, str) and self.pattern.match(data)):
            self.fail("invalid")
        return in_places(Decimal(data))


class Cost(Money):
    """The cost of a unit to the shop: like a price, but it may be 0."""

    zero = True

    def to_representation(self, value: Decimal) -> str:
        """The cost with the decimals of the currency, which old lines of the ledger may lack."""
        return str(in_places(value))


class Amount(Money):
    """A total: at most 14 digits before its decimals, not negative."""

    whole, zero = "[1-9][0-9]{0,13}", True


class Balance(Amount):
    """A total that may be below 0."""

    signed = True


class Timestamp(serializers.DateTimeField):
    """RFC 3339 with an offset of at most 14 hours, read as UTC."""

    def to_internal_value(self, value: Any) -> datetime:
        """Refuses what RFC 3339 does not know, and offsets of more than 14 hours."""
        if not isinstance(value, str):
            self.fail("invalid", format="RFC 3339")
        # A plus sign that a client forgot to encode arrives as a space.
        text = re.sub(r" (?=[0-9]{2}:[0-9]{2}\Z)", "+", value) if in_query(self) else value
        if not TIMESTAMP.match(text):
            self.fail("invalid", format="RFC 3339")
        try:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid", format="RFC 3339")


class DayOrTimestamp(Timestamp):
    """A date, which means its first moment in the shop (its last with `end_of_day`), or a timestamp."""

    def __init__(self, *, end_of_day: bool = False, **kwargs: Any) -> None:
        self.end_of_day = end_of_day
        super().__init__(**kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        """Refuses what is neither a date nor a timestamp."""
        if isinstance(value, str) and DATE.match(value):
            try:
                day = date.fromisoformat(value)
            except ValueError:
                self.fail("invalid", format="RFC 3339")
            return last_moment(day) if self.end_of_day else first_moment(day)
        return super().to_internal_value(value)
