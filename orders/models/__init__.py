"""Promises: orders with their lines, charges and discounts, and their history.

Other code imports this package, not its modules.
"""

from orders.models.history import Figures, OrderEvent
from orders.models.lines import Charge, OrderDiscount, OrderItem
from orders.models.order import Order, OrderQuerySet

__all__ = ["Charge", "Figures", "Order", "OrderDiscount", "OrderEvent", "OrderItem", "OrderQuerySet"]
