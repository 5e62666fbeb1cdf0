"""How this shop sells: its name and currency, its stock bands, holds, and what one customer may order.

config.settings takes all names in capitals from here.
"""

from decimal import Decimal

from django.core.exceptions import ImproperlyConfigured

from config.environment import choice, number, rate, switch, text

RATE_LIMITS = switch("RATE_LIMITS", default=True)


SHOP_NAME = text("SHOP_NAME", "Shop")
# The picture at the head of mails, in place of the name. Mail programs load it from there.
SHOP_LOGO_URL = text("SHOP_LOGO_URL", pattern=r"(https?://[^\s\"'<>]+)?", must_be="an address of a picture")
CURRENCY = text("CURRENCY", "USD", pattern="[A-Z]{3}", must_be="three capital letters of ISO 4217, as USD")
MAX_PRICE = Decimal("9999999.99")
STOCK_CRITICAL_MAX = number("STOCK_CRITICAL_MAX", 5)
STOCK_LOW_MAX = number("STOCK_LOW_MAX", 10, STOCK_CRITICAL_MAX)
STOCK_MEDIUM_MAX = number("STOCK_MEDIUM_MAX", 50, STOCK_LOW_MAX)
# A hold can be extended, but not beyond this many hours after it began.
HOLD_MAX_HOURS = number("HOLD_MAX_HOURS", 24, 1, 87_600)
# Where nobody is asked to pay in advance, the clock cancels nothing unless the operator says so.
PAID_IN_ADVANCE = bool(text("STRIPE_SECRET_KEY") or text("PAYPAL_CLIENT_ID"))
PENDING_ORDER_HOURS = number("PENDING_ORDER_HOURS", 24 if PAID_IN_ADVANCE else 0, 0, 87_600)
# Nobody can be asked whether a guest still wants an order, so it always ends.
GUEST_ORDER_HOURS = number("GUEST_ORDER_HOURS", 24, 1, 87_600)
# The storefront's page of an order, with {order_id} and {token} in it, for the link in mails to guests.
ORDER_URL = text(
    "ORDER_URL",
    "http://localhost:3000/orders/{order_id}?token={token}",
    pattern=r"(?=.*\{order_id\})(?=.*\{token\})https?://([^{}\s]|\{order_id\}|\{token\})+",
    must_be="a URL with {order_id} and {token}, as https://shop.example.com/orders/{order_id}?token={token}",
)
# The page with the terms of sale, and what a buyer has to know about withdrawing, for the mail that an order has come.
TERMS_URL = text("TERMS_URL", pattern=r"|https?://\S+", must_be="a URL, as https://shop.example.com/terms")
WITHDRAWAL_INSTRUCTIONS = text("WITHDRAWAL_INSTRUCTIONS")
# For so many days after the day of delivery buyers may ask for a return, and withdraw from the contract; 0: not at all.
RETURN_DAYS = number("RETURN_DAYS", 30, 0, 3650)
WITHDRAWAL_DAYS = number("WITHDRAWAL_DAYS", 14, 0, 3650)
# Where goods are sent back to, in one line, for the mails about returns.
RETURN_ADDRESS = text("RETURN_ADDRESS")
MAX_PENDING_ORDERS_PER_CUSTOMER = number("MAX_PENDING_ORDERS_PER_CUSTOMER", 50) if RATE_LIMITS else 0
# Units of one article in a customer's open orders, where the article has no limit of its own; 0: any number.
MAX_UNITS_PER_CUSTOMER = number("MAX_UNITS_PER_CUSTOMER", 1000)
IDEMPOTENCY_KEY_DAYS = number("IDEMPOTENCY_KEY_DAYS", 7, 1, 3650)

# Carts. A hold begins with the checkout, and is extended by asking again.
CART_HOLD_MINUTES = number("CART_HOLD_MINUTES", 15, 1, 1440)
# Guests may hold so much of an article together, in percent of what can be sold, and so many carts of one address may
# hold something (0: any number).
GUEST_HOLD_SHARE = number("GUEST_HOLD_SHARE", 50, 1, 100)
GUEST_HOLDS_PER_ADDRESS = number("GUEST_HOLDS_PER_ADDRESS", 10) if RATE_LIMITS else 0
CART_ABANDONED_HOURS = number("CART_ABANDONED_HOURS", 24, 1, 8760)
CART_KEEP_DAYS = number("CART_KEEP_DAYS", 30, 1, 3650)
# A mail about a cart that was abandoned; in many countries it needs the customer's consent.
CART_REMINDERS = switch("CART_REMINDERS", default=False)
# The storefront's page of a cart: {cart_id} and {token} are filled in. The token is empty for customers.
CART_URL = text(
    "CART_URL",
    "http://localhost:3000/cart?id={cart_id}&token={token}",
    pattern=r"(?=.*\{cart_id\})(?=.*\{token\})https?://([^{}\s]|\{cart_id\}|\{token\})+",
    must_be="a URL with {cart_id} and {token}, as https://shop.example.com/cart?id={cart_id}&token={token}",
)
RATE_LIMIT_CARTS = rate("RATE_LIMIT_CARTS", "60/minute")
RATE_LIMIT_COUPONS = rate("RATE_LIMIT_COUPONS", "20/minute")

# Whether prices, of articles and of shipping, have their tax in them; how a tax is rounded; and where the shop is.
PRICES_INCLUDE_TAX = switch("PRICES_INCLUDE_TAX", default=False)
TAX_ROUNDING = choice("TAX_ROUNDING", "line", "order")
SHOP_COUNTRY = text("SHOP_COUNTRY", pattern="([A-Z]{2})?", must_be="two capital letters of ISO 3166, as DE")

# Who sells, as the law wants invoices to say it. Lines of the address are separated by "|".
SHOP_LEGAL_NAME = text("SHOP_LEGAL_NAME")
SHOP_LEGAL_ADDRESS = [line.strip() for line in text("SHOP_LEGAL_ADDRESS").split("|") if line.strip()]
SHOP_VAT_ID = text("SHOP_VAT_ID")
# One line below every page of an invoice: register, managers, bank account.
SHOP_LEGAL_FOOTER = text("SHOP_LEGAL_FOOTER")
# A shop that says who it is writes invoices, unless it writes them elsewhere.
INVOICES = switch("INVOICES", default=bool(SHOP_LEGAL_NAME))
if INVOICES and not (SHOP_LEGAL_NAME and SHOP_LEGAL_ADDRESS):
    raise ImproperlyConfigured("INVOICES needs SHOP_LEGAL_NAME and SHOP_LEGAL_ADDRESS: an invoice says who sells.")
# Invoices and credit notes are kept until the end of so many years after the one of their issue.
INVOICE_YEARS = number("INVOICE_YEARS", 10, 1, 100)
