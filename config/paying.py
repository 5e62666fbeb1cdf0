"""How this shop is paid: its providers of money, and when money is taken and given back.

config.settings takes all names in capitals from here. No provider is configured by default: then nobody is asked to
pay, and staff confirm orders.
"""

from decimal import Decimal

from config.environment import choice, number, text

STRIPE_SECRET_KEY = text("STRIPE_SECRET_KEY")
STRIPE_PUBLISHABLE_KEY = text("STRIPE_PUBLISHABLE_KEY")
PAYPAL_CLIENT_ID = text("PAYPAL_CLIENT_ID")
PAYPAL_CLIENT_SECRET = text("PAYPAL_CLIENT_SECRET")
# What buyers read where money comes by hand ("Bank transfer", "Cash on delivery"), and what they are to do.
MANUAL_PAYMENT_NAME = text("MANUAL_PAYMENT_NAME")
MANUAL_PAYMENT_INSTRUCTIONS = text("MANUAL_PAYMENT_INSTRUCTIONS")
# An order stays payable by hand for so many days.
MANUAL_PAYMENT_DAYS = number("MANUAL_PAYMENT_DAYS", 7, 1, 365)
# Money is set apart when the buyer pays and taken when the first goods leave, or it is taken at once.
PAYMENT_CAPTURE = choice("PAYMENT_CAPTURE", "shipment", "at_once")
# What staff without the right to refund any amount may refund in one step; 0: any amount.
REFUND_LIMIT = Decimal(number("REFUND_LIMIT", 0, 0, 9_999_999))
