"""One's own password, asked for on a page of staff: each guess of it is an attempt to sign in.

Whoever finds an open page, or has stolen its cookie, could otherwise try passwords as fast as they are hashed.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.exceptions import TooManyGuesses
from api.addresses import client_address
from api.throttles import Throttle, Window, account_key, window


class OwnPasswordThrottle(Throttle):
    """The windows of the log-in, by the account that is signed in and by the address."""

    strict = True

    def windows(self, request: Any) -> list[Window]:
        """The window of the address, and that of the user's account."""
        return [
            window(settings.RATE_LIMIT_LOGIN_PER_ADDRESS, "login-address", client_address(request)),
            window(settings.RATE_LIMIT_LOGIN_PER_ACCOUNT, "login-account", account_key(request.user.get_username())),
        ]


def count_guess(request: HttpRequest) -> None:
    """Count a guess of the password of the user who is signed in. Refuses TooManyGuesses."""
    throttle = OwnPasswordThrottle()
    if not throttle.allow_request(request, None):  # type: ignore[arg-type]  # Django's request has all that is read
        raise TooManyGuesses(retry_after=throttle.wait())
