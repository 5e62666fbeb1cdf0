"""Who may give how much money back."""

from decimal import Decimal
from typing import Any

from django.conf import settings


def refund_limit_of(user: Any) -> Decimal | None:
    """How much a person may give back in one step; None for any amount."""
    if user.has_perm("payments.refund_any_amount") or not settings.REFUND_LIMIT:
        return None
    limit: Decimal = settings.REFUND_LIMIT
    return limit
