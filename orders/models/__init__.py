"""Promises: orders with their lines, charges and discounts, and their history.

Other code imports this package, not its modules.
"""

from orders.models.history import Figures, OrderEvent
from orders.models.lines import Charge, OrderDiscount, OrderItem
from orders.models.order import BILLING, Order, OrderQuerySet, billing_address_of

__all__ = [
    "BILLING",
    "Charge",
    "Figures",
    "Order",
    "OrderDiscount",
    "OrderEvent",
    "OrderItem",
    "OrderQuerySet",
    "billing_address_of",
]
