"""Limits of what makes the shop mail somebody who may not have asked for it."""

from django.conf import settings
from rest_framework.request import Request

from api.addresses import counted_address
from api.throttles import DefaultThrottle, Throttle, Window, count, named_in, window


class SubscribeThrottle(Throttle):
    """Mails that ask for a consent, per address and per mailbox, so that nobody's mailbox is flooded."""

    strict = True

    def windows(self, request: Request) -> list[Window]:
        """The window of the address, and that of the mailbox that the body names."""
        windows = [window(settings.RATE_LIMIT_NEWSLETTER, "newsletter-address", counted_address(request))]
        if mailbox := named_in(request, "email"):
            windows.append(window(settings.RATE_LIMIT_NEWSLETTER, "newsletter-mailbox", mailbox))
        return windows


class LinkThrottle(Throttle):
    """Links from mails, per address: as many as accounts are made."""

    strict = True

    def windows(self, request: Request) -> list[Window]:
        """The window of the address."""
        return [window(settings.RATE_LIMIT_REGISTER, "newsletter-link", counted_address(request))]


class PreferencesThrottle(DefaultThrottle):
    """One's own preferences: to change them may send a mail."""

    strict = True

    def windows(self, request: Request) -> list[Window]:
        """The window of every request, and for a change that of such mails."""
        windows = super().windows(request)
        if request.method == "PATCH":
            windows.append(window(settings.RATE_LIMIT_NEWSLETTER, "newsletter-user", request.user.pk))
        return windows


def seconds_to_wait(consent_id: int) -> float:
    """How long the holder of a link must wait before the mailbox is asked once more; 0 to go ahead. It counts."""
    if not settings.RATE_LIMITS:
        return 0.0
    return count([window(settings.RATE_LIMIT_NEWSLETTER, "newsletter-link-mailbox", consent_id)])
