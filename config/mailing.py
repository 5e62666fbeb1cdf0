"""Mails: who sends them, who of the staff gets them, and when.

config.settings takes all names in capitals from here, and reads EMAIL_URL itself.
"""

from config.environment import cron, number, switch, text, words

DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", "Shop <shop@example.com>")
STAFF_EMAILS = words("STAFF_EMAILS", [] if text("ENVIRONMENT") == "production" else ["staff@example.com"])
# How long the mail server may take for each of its answers (events/mail_server.py).
EMAIL_TIMEOUT = number("EMAIL_TIMEOUT_SECONDS", 5, 1, 60)
# When staff are mailed what is low or out of stock (cron, in SHOP_TIME_ZONE).
STOCK_DIGEST_CRON = cron("STOCK_DIGEST_CRON", "0 6 * * *")
# Whether staff are mailed within the minute what has sold out, and how long an item is not told of again.
SOLD_OUT_MAILS = switch("SOLD_OUT_MAILS", default=True)
SOLD_OUT_QUIET_HOURS = number("SOLD_OUT_QUIET_HOURS", 6, 1, 720)
