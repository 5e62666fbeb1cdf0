"""How this shop is paid: its providers of money, and when money is taken and given back.

config.settings takes all names in capitals from here. No provider is configured by default: then nobody is asked to
pay, and staff confirm orders.
"""

from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import embedded
from config.environment import choice, number, text, url

STRIPE_SECRET_KEY = text(
    "STRIPE_SECRET_KEY", pattern=r"|[sr]k_\w+", must_be="a key of Stripe for servers, as sk_live_…"
)
STRIPE_PUBLISHABLE_KEY = text(
    "STRIPE_PUBLISHABLE_KEY", pattern=r"|pk_\w+", must_be="a publishable key of Stripe, as pk_live_…"
)
# While one secret of its notifications is replaced by another one, both are named.
STRIPE_WEBHOOK_SECRETS = [
    word.strip()
    for word in text(
        "STRIPE_WEBHOOK_SECRETS",
        pattern=r"|whsec_[^\s,]+(\s*,\s*whsec_[^\s,]+)?",
        must_be="what signs notifications of Stripe, as whsec_…, or two of them with a comma between",
    ).split(",")
    if word.strip()
]
STRIPE_API_BASE = url("STRIPE_API_BASE", "https://api.stripe.com", "https", "http")
PAYPAL_CLIENT_ID = text("PAYPAL_CLIENT_ID")
PAYPAL_CLIENT_SECRET = text("PAYPAL_CLIENT_SECRET")
PAYPAL_WEBHOOK_ID = text("PAYPAL_WEBHOOK_ID")
# The sandbox has an API of its own: https://api-m.sandbox.paypal.com
PAYPAL_API_BASE = url("PAYPAL_API_BASE", "https://api-m.paypal.com", "https", "http")
if PAYPAL_CLIENT_ID and not PAYPAL_CLIENT_SECRET:
    raise ImproperlyConfigured("PAYPAL_CLIENT_SECRET must be set where PAYPAL_CLIENT_ID is.")
# What buyers read where money comes by hand ("Bank transfer", "Cash on delivery"), and what they are to do.
MANUAL_PAYMENT_NAME = text("MANUAL_PAYMENT_NAME")
MANUAL_PAYMENT_INSTRUCTIONS = text("MANUAL_PAYMENT_INSTRUCTIONS")
# An order stays payable by hand for so many days.
MANUAL_PAYMENT_DAYS = number("MANUAL_PAYMENT_DAYS", 7, 1, 365)
# Money is set apart when the buyer pays and taken when the first goods leave, or it is taken at once.
PAYMENT_CAPTURE = choice("PAYMENT_CAPTURE", "shipment", "at_once")
# What staff without the right to refund any amount may refund in one step; 0: any amount.
REFUND_LIMIT = Decimal(number("REFUND_LIMIT", 0, 0, 9_999_999))


def refuse_loopback() -> None:
    """Refuse the API of a provider on this machine: that is the fake, by which anybody can say that they have paid."""
    for name, base in (("STRIPE_API_BASE", STRIPE_API_BASE), ("PAYPAL_API_BASE", PAYPAL_API_BASE)):
        host = urlsplit(base).hostname or ""
        if host in ("localhost", "::1", "0.0.0.0") or host.startswith("127."):  # noqa: S104  # refused
            raise ImproperlyConfigured(f"{name} must not be on this machine in production: no provider is there.")


def of_the_fake(data_dir: Path) -> dict[str, object]:
    """The settings for the fake of the providers that `make run` has started, unless anything was configured."""
    if STRIPE_SECRET_KEY or PAYPAL_CLIENT_ID or MANUAL_PAYMENT_NAME:
        return {}
    return embedded.payment_settings(data_dir)
