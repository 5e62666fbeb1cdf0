"""Known devices: browsers and programs that have logged in to an account before.

A log-in gives its device a signed token, and the next log-in shows it: in a cookie to the admin, in the body to the
API. It opens nothing. Attempts with it are counted apart from those of strangers, and find a place when strangers
crowd the log-in, so that nobody elsewhere can keep the owner of an account out. It has nothing to do with the second
factor's devices.
"""

import secrets
from dataclasses import dataclass

from django.core import signing

from accounts.models import User
from api.throttles import account_key

SALT = "accounts.known_devices"
# A token is made anew with each log-in.
MAX_AGE_SECONDS = 365 * 86_400
# Several people may share a browser; whoever has not logged in for longest is forgotten.
MOST_ACCOUNTS = 5
COOKIE = "known_device"


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """What a token says: a random name for the device, and the ids of the users who have logged in there."""

    name: str
    user_ids: tuple[int, ...] = ()


def read(token: str) -> KnownDevice | None:
    """The device of a genuine token that is not too old; None for any other text."""
    try:
        name, user_ids = signing.loads(token, salt=SALT, max_age=MAX_AGE_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return KnownDevice(name, tuple(user_ids))


def issue(user_id: int, *, before: str = "") -> str:
    """A token for the device on which a user has just logged in. `before` is the token that the device showed."""
    device = read(before) or KnownDevice(secrets.token_urlsafe(12))
    others = [known for known in device.user_ids if known != user_id]
    return signing.dumps([device.name, [user_id, *others][:MOST_ACCOUNTS]], salt=SALT)


def find(token: str, account: str) -> str:
    """The name of the device if it is known to the account with this key (throttles.account_key); "" otherwise.

    Only a genuine token is looked up, in one statement.
    """
    device = read(token) if token and account else None
    if device is None:
        return ""
    emails = User.objects.filter(pk__in=device.user_ids).values_list("email", flat=True)
    return device.name if account in map(account_key, emails) else ""
