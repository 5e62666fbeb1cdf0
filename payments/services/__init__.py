"""The verbs of payments. Other code imports this package, not its modules.

`asking` holds what people ask for, `carrying` the calls that follow, `applying` the join of what a provider says with
what we know, `books` the figures under the locks and what follows from them, and `reconciling` what the clock does.
"""

from payments.services.applying import apply, settle_order
from payments.services.asking import (
    Begun,
    begin_payment,
    cancel_payment,
    capture_payment,
    refund_payment,
    refundable_units,
)
from payments.services.carrying import carry_on, carry_out, look
from payments.services.reconciling import compare, look_into, reconcile, take_notice

__all__ = [
    "Begun",
    "apply",
    "begin_payment",
    "cancel_payment",
    "capture_payment",
    "carry_on",
    "carry_out",
    "compare",
    "look",
    "look_into",
    "reconcile",
    "refund_payment",
    "refundable_units",
    "settle_order",
    "take_notice",
]
