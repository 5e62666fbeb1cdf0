"""How this shop sells: its name and currency, its stock bands, holds, and what one customer may order.

config.settings takes all names in capitals from here.
"""

from decimal import Decimal

from config.environment import number, switch, text

RATE_LIMITS = switch("RATE_LIMITS", default=True)


SHOP_NAME = text("SHOP_NAME", "Shop")
CURRENCY = text("CURRENCY", "USD", pattern="[A-Z]{3}", must_be="three capital letters of ISO 4217, as USD")
MAX_PRICE = Decimal("9999999.99")
STOCK_CRITICAL_MAX = number("STOCK_CRITICAL_MAX", 5)
STOCK_LOW_MAX = number("STOCK_LOW_MAX", 10, STOCK_CRITICAL_MAX)
STOCK_MEDIUM_MAX = number("STOCK_MEDIUM_MAX", 50, STOCK_LOW_MAX)
# A hold can be extended, but not beyond this many hours after it began.
HOLD_MAX_HOURS = number("HOLD_MAX_HOURS", 24, 1, 87_600)
# Nobody is asked to pay in advance, so the clock cancels nothing unless the operator says so.
PENDING_ORDER_HOURS = number("PENDING_ORDER_HOURS", 0, 0, 87_600)
MAX_PENDING_ORDERS_PER_CUSTOMER = number("MAX_PENDING_ORDERS_PER_CUSTOMER", 50) if RATE_LIMITS else 0
# Units of one article in a customer's open orders, where the article has no limit of its own; 0: any number.
MAX_UNITS_PER_CUSTOMER = number("MAX_UNITS_PER_CUSTOMER", 1000)
IDEMPOTENCY_KEY_DAYS = number("IDEMPOTENCY_KEY_DAYS", 7, 1, 3650)
