"""Attempts to prove who one is, counted before they are evaluated, at every door that asks for a password.

Strangers are counted by address, by account and address, and by account whatever the address. That last bound is far
above the others, since whoever fills it keeps all strangers out, the owner on a new device too. A known device and a
session of the account are counted by themselves, so that attempts from elsewhere cost them nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from accounts import known_devices
from accounts.clients import Client, pseudonym
from accounts.exceptions import TooManyGuesses
from accounts.refused import note_refusal
from api.addresses import client_address, counted_address
from api.throttles import DefaultThrottle, Throttle, Window, account_key, give_back, named_in, window
from database.refusals import Busy


def windows_of(request: HttpRequest | Request, account: str, known: str) -> list[Window]:
    """The windows of an attempt on the account with this key. `known` names a device or session of the account."""
    address = counted_address(request)
    per_account, per_address = settings.RATE_LIMIT_LOGIN_PER_ACCOUNT, settings.RATE_LIMIT_LOGIN_PER_ADDRESS
    if known:
        # Apart from strangers at the same address, who may all be behind one proxy.
        return [
            window(per_address, "login-known", address),
            window(per_account, "login-device", account, known),
        ]
    windows = [window(per_address, "login-address", address)]
    if account:
        windows.append(window(per_account, "login-account", account, address))
        windows.append(window(settings.RATE_LIMIT_LOGIN_PER_ACCOUNT_TOTAL, "login-total", account))
    return windows


class LoginThrottle(Throttle):
    """Attempts to log in, to the API and to the admin, in the same windows."""

    strict = True

    def windows(self, request: Any) -> list[Window]:
        """The windows of the account that is named, and of the known device that logs in."""
        request.named_account, _ = named(request)  # for the trail of what is refused
        return windows_of(request, request.named_account, device_of(request))


class OwnProfileThrottle(Throttle):
    """One's own profile, where naming the current password is an attempt: whoever stole a token may guess."""

    strict = True

    def windows(self, request: Request) -> list[Window]:
        """The user's window; with a current password also those of an attempt from the caller's session."""
        windows = DefaultThrottle().windows(request)
        if request.method in ("PUT", "PATCH", "DELETE") and named_in(request, "current_password"):
            windows += windows_of(request, account_key(request.user.get_username()), str(request.auth))
        return windows


class OwnPasswordThrottle(Throttle):
    """One's own password on a page of staff: whoever finds an open page, or has stolen its cookie, may guess."""

    strict = True

    def windows(self, request: Any) -> list[Window]:
        """The windows of an attempt from the session of the page."""
        return windows_of(request, account_key(request.user.get_username()), request.session.session_key)


class ConfirmationThrottle(Throttle):
    """Links that confirm an email, per address: as many as accounts are made."""

    strict = True

    def windows(self, request: Request) -> list[Window]:
        """The window of the address."""
        return [window(settings.RATE_LIMIT_REGISTER, "confirm", counted_address(request))]


class MailedConfirmationThrottle(Throttle):
    """Mails that ask for a confirmation, per address and per account, so that nobody's mailbox is flooded."""

    strict = True

    def windows(self, request: Request) -> list[Window]:
        """The window of the address, and that of the caller."""
        rate = settings.RATE_LIMIT_PASSWORD_RESET
        windows = [window(rate, "confirm-address", counted_address(request))]
        if request.user.is_authenticated:
            windows.append(window(rate, "confirm-account", request.user.pk))
        return windows


@contextmanager
def counted(throttle: Throttle, request: HttpRequest) -> Iterator[None]:
    """Count an attempt on a page for the time of a block. Refuses TooManyGuesses; one that is Busy costs nothing."""
    if not throttle.allow_request(request, None):  # type: ignore[arg-type]  # Django's request has all that is read
        note_refusal(request, TooManyGuesses.status)
        raise TooManyGuesses(retry_after=throttle.wait())
    try:
        yield
    except Busy:
        give_back(request)
        raise


def device_of(request: Any) -> str:
    """The name of the known device that logs in, to the API or on the page; "" for a stranger. Looked up once."""
    if not hasattr(request, "known_device"):
        account, token = named(request)
        request.known_device = known_devices.find(token, account)
    device: str = request.known_device
    return device


def named(request: Any) -> tuple[str, str]:
    """The key of the account that a log-in names, and the token of a known device that it shows; "" for none."""
    if not isinstance(request, Request):
        return account_key(request.POST.get("username", "")), request.COOKIES.get(known_devices.COOKIE, "")
    token = request.data.get("device_token") if isinstance(request.data, Mapping) else None
    return named_in(request, "email", "username"), token if isinstance(token, str) else ""


def client_of(request: Any) -> Client:
    """The client that logs in, for the services."""
    return Client(
        source=pseudonym(client_address(request)),
        device=device_of(request),
        user_agent=request.headers.get("User-Agent", ""),
        channel="api" if isinstance(request, Request) else "admin",
    )
