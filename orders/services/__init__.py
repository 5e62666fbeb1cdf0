"""The verbs of orders. Other code imports this package, not its modules.

`verbs` holds all verbs but the shortfall, which is in `shortfalls`. `placing` and `statements` are the fast path of
`place_order`, and `customers` what the customer has to do with it.
"""

from orders.services.customers import shipping_of
from orders.services.placing import PlacedOrder, Shipping, Wanted
from orders.services.shortfalls import Loss, LossOutlook, look_ahead, record_shortfall
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
    "Loss",
    "LossOutlook",
    "PlacedOrder",
    "Shipping",
    "Wanted",
    "cancel_order",
    "confirm_order",
    "delete_order",
    "deliver_order",
    "expire_pending_orders",
    "look_ahead",
    "place_order",
    "record_shortfall",
    "set_status",
    "ship_order",
    "shipping_of",
]
