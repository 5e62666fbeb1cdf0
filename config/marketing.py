"""Mails that nobody has to be sent: what people agree to, and where they change their minds.

config.settings takes all names in capitals from here.
"""

from config.environment import hosts, number, rate, switch, text

# Where this shop's own pages are reached from outside: mails link to those that begin and end mails. The first of
# ALLOWED_HOSTS unless it is said. Mail programs only offer to end mails by a click over HTTPS (RFC 8058).
IN_PRODUCTION = text("ENVIRONMENT") == "production"
OWN_HOST = next(iter(hosts("ALLOWED_HOSTS", ())), "localhost").removeprefix(".")
PUBLIC_URL = text(
    "PUBLIC_URL",
    f"https://{OWN_HOST}" if IN_PRODUCTION else "http://localhost:8000",
    pattern=r"https://[^\s/?#@{}\"'<>]+" if IN_PRODUCTION else r"https?://[^\s/?#@{}\"'<>]+",
    must_be="the address of this shop's own pages without a slash at its end, as https://api.shop.example.com",
)
# What people agree to. Storefronts show it (GET /newsletter), and each proof names the wording that was shown.
NEWSLETTER_WORDING = text(
    "NEWSLETTER_WORDING",
    "I would like news and offers by email, and a reminder when I leave something in my cart. I can end this at any "
    "time by a link in each mail.",
    pattern=r"[^\n]{1,2000}",
    must_be="one line of at most 2000 characters",
)
# The page that takes the token of the mail that confirms: the shop's own, or one of the storefront.
NEWSLETTER_CONFIRM_URL = text(
    "NEWSLETTER_CONFIRM_URL",
    PUBLIC_URL + "/newsletter/confirm/{token}",
    pattern=r"(?=.*\{token\})https?://([^{}\s]|\{token\})+",
    must_be="a URL with {token}, as https://shop.example.com/newsletter?token={token}",
)
# For how long its link works. What nobody has confirmed by then is deleted.
NEWSLETTER_CONFIRM_DAYS = number("NEWSLETTER_CONFIRM_DAYS", 7, 1, 365)
# For so many years after it has ended, a consent is kept with its address, to show that it was there.
CONSENT_KEEP_YEARS = number("CONSENT_KEEP_YEARS", 3, 1, 100)
RATE_LIMIT_NEWSLETTER = rate("RATE_LIMIT_NEWSLETTER", "5/minute")
# A mail about a cart that was abandoned, to those who want such mails.
CART_REMINDERS = switch("CART_REMINDERS", default=False)
