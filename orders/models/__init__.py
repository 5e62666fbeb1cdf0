"""Promises: orders with their lines, charges and discounts, their parcels and returns, and their history.

Other code imports this package, not its modules.
"""

from orders.models.history import Figures, OrderEvent, OrderRevision
from orders.models.lines import Charge, OrderDiscount, OrderItem
from orders.models.order import BILLING, Order, OrderQuerySet, billing_address_of
from orders.models.parcels import Fulfilment, FulfilmentLine, Return, ReturnLine

__all__ = [
    "BILLING",
    "Charge",
    "Figures",
    "Fulfilment",
    "FulfilmentLine",
    "Order",
    "OrderDiscount",
    "OrderEvent",
    "OrderItem",
    "OrderQuerySet",
    "OrderRevision",
    "Return",
    "ReturnLine",
    "billing_address_of",
]
