"""The verbs of orders. Other code imports this package, not its modules.

`ordering` holds the verb that places an order, `verbs` those of orders that are there, `changing` and `replacing` what
changes of them before they leave, `parcels` what leaves in parts, and `shortfalls` the loss of units; `sending` and
`reducing` are what these have in common. `asking` and `receiving` hold the verbs of returns, and `refunds` what goods
that came back are worth; `paying` is what orders have to do with money. `placing`, `statements` and `writing` are the
fast path of `place_order`, `drafts` its values, `terms` what it costs, `adopting` brings guests' orders to an account,
and `customers` what the customer has to do with it.
"""

from orders.services.adopting import adopt_orders
from orders.services.asking import Asked, ask_return, withdraw
from orders.services.changing import change_line, change_order
from orders.services.customers import shipping_of
from orders.services.drafts import Buyer, PlacedOrder, Shipping, Wanted
from orders.services.ordering import place_order, write_order
from orders.services.parcels import cancel_parcel, ship_parcel, track_parcel
from orders.services.paying import due_of, note_payment
from orders.services.receiving import Received, approve_return, receive_return, refuse_return
from orders.services.replacing import replace_line
from orders.services.sending import Tracking
from orders.services.shortfalls import Loss, LossOutlook, look_ahead, record_shortfall
from orders.services.terms import Terms
from orders.services.verbs import (
    EXPIRED,
    cancel_order,
    confirm_order,
    delete_order,
    deliver_order,
    expire_pending_orders,
    set_status,
    ship_order,
)

__all__ = [
    "EXPIRED",
    "Asked",
    "Buyer",
    "Loss",
    "LossOutlook",
    "PlacedOrder",
    "Received",
    "Shipping",
    "Terms",
    "Tracking",
    "Wanted",
    "adopt_orders",
    "approve_return",
    "ask_return",
    "cancel_order",
    "cancel_parcel",
    "change_line",
    "change_order",
    "confirm_order",
    "delete_order",
    "deliver_order",
    "due_of",
    "expire_pending_orders",
    "look_ahead",
    "note_payment",
    "place_order",
    "receive_return",
    "record_shortfall",
    "refuse_return",
    "replace_line",
    "set_status",
    "ship_order",
    "ship_parcel",
    "shipping_of",
    "track_parcel",
    "withdraw",
    "write_order",
]
