"""The verbs of orders. Import this, not its rooms.

`verbs` holds them all but the rare one, which is in `shortfalls`; `placing` is the fast path of `place_order`.
"""

from orders.services.placing import PlacedOrder, Shipping, Wanted
from orders.services.shortfalls import record_shortfall, would_lose
from orders.services.verbs import (
    EXPIRED,
    cancel_order,
    confirm_order,
    delete_order,
    deliver_order,
    expire_pending_orders,
    place_order,
    set_status,
    ship_order,
)

__all__ = [
    "EXPIRED",
    "PlacedOrder",
    "Shipping",
    "Wanted",
    "cancel_order",
    "confirm_order",
    "delete_order",
    "deliver_order",
    "expire_pending_orders",
    "place_order",
    "record_shortfall",
    "set_status",
    "ship_order",
    "would_lose",
]
