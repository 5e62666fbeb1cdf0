"""Mails: who sends them, who of the staff gets them, and when.

config.settings takes all names in capitals from here, and reads EMAIL_URL itself.
"""

from config.environment import cron, number, rate, switch, text, words

DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", "Shop <shop@example.com>")
STAFF_EMAILS = words("STAFF_EMAILS", [] if text("ENVIRONMENT") == "production" else ["staff@example.com"])
# How long the mail server may take for each of its answers (events/mail_server.py).
EMAIL_TIMEOUT = number("EMAIL_TIMEOUT_SECONDS", 5, 1, 60)
# When staff are mailed what is low or out of stock (cron, in SHOP_TIME_ZONE).
STOCK_DIGEST_CRON = cron("STOCK_DIGEST_CRON", "0 6 * * *")
# Whether staff are mailed within the minute what has sold out, and how long an item is not told of again.
SOLD_OUT_MAILS = switch("SOLD_OUT_MAILS", default=True)
SOLD_OUT_QUIET_HOURS = number("SOLD_OUT_QUIET_HOURS", 6, 1, 720)

# The storefront's page of a product, and the one that confirms the wish to be told when an article can be ordered again
# or takes it back: {action} is "confirm" or "cancel".
PRODUCT_URL = text(
    "PRODUCT_URL",
    "http://localhost:3000/products/{slug}",
    pattern=r"(?=.*\{slug\})https?://([^{}\s]|\{slug\})+",
    must_be="a URL with {slug}, as https://shop.example.com/products/{slug}",
)
STOCK_NOTIFICATION_URL = text(
    "STOCK_NOTIFICATION_URL",
    "http://localhost:3000/stock-notification/{action}?token={token}",
    pattern=r"(?=.*\{action\})(?=.*\{token\})https?://([^{}\s]|\{action\}|\{token\})+",
    must_be="a URL with {action} and {token}, as https://shop.example.com/stock-notification/{action}?token={token}",
)
# After so many days of waiting a wish expires.
STOCK_NOTIFICATION_DAYS = number("STOCK_NOTIFICATION_DAYS", 180, 1, 3650)
RATE_LIMIT_STOCK_NOTIFICATIONS = rate("RATE_LIMIT_STOCK_NOTIFICATIONS", "10/minute")
