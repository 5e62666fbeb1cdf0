"""What a SKU may be, and when two are one: neither case nor the form of letters (`é` as one character or two) counts.

Nor does it count which of the many dashes stands there, since a word processor changes a typed hyphen into others.

PostgreSQL alone compares them, so that every look-up agrees with the index that keeps SKUs unique.
"""

import unicodedata
from collections.abc import Iterable
from typing import Any, Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q, Value

# A SKU can stand in a path and be read aloud: no slash, no control characters, no space at an end, not "." or "..".
validate_sku = RegexValidator(
    r"\A(?!\s|\.{1,2}\Z)[^/\x00-\x1f\x7f]{1,64}(?<!\s)\Z", "This cannot be a SKU.", "invalid_sku"
)
# One text for all spellings of the SKU that {sku} names. The unique index of items is over this very expression.
# `upper` leaves ß as it is.
KEY = (
    r"replace(upper(translate(normalize({sku}, nfkc), U&'\2010\2012\2013\2014\2015\2212\1E9E', '------ß')), "
    "'ß', 'SS')"
)
SPELT = f"""
select item.*, spelt from unnest(%s::text[]) as spelt
join inventory_stockitem as item on {KEY.format(sku="item.sku")} = {KEY.format(sku="spelt")}
"""  # noqa: S608  # no value goes in but as a parameter


class SkuKey(models.Func):
    """One text for all spellings of a SKU."""

    template = KEY.format(sku="%(expressions)s")
    arity = 1
    output_field = models.TextField()


def kept_sku(sku: str) -> str:
    """The SKU as it is kept: spelt as it was given, each letter as one character where there is one."""
    return unicodedata.normalize("NFC", sku)


class StockItemQuerySet(models.QuerySet[Any]):
    """Stock items."""

    def with_skus(self, *skus: str) -> Self:
        """The items with these SKUs, in whatever case and form each is spelt."""
        return self.alias(key=SkuKey("sku")).filter(key__in=[SkuKey(Value(sku)) for sku in skus])

    def with_code(self, code: str) -> Self:
        """The items with this SKU or this barcode."""
        return self.filter(Q(pk__in=self.with_skus(code).values("pk")) | Q(barcode=code))

    def by_sku(self, skus: Iterable[str]) -> dict[str, Any]:
        """The items by their SKUs as they are spelt here; one item may stand under several spellings."""
        found = self.raw(SPELT, [list(skus)])
        return {item.spelt: item for item in found}
