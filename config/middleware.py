"""Middleware of Django and of libraries, made so that REST requests skip all that is for pages.

Sessions, CSRF and messages mean nothing to an API with bearer tokens, and their chain costs a third of a small request.
"""

from functools import partial
from typing import Any

from corsheaders.middleware import CorsMiddleware as BaseCorsMiddleware
from csp.middleware import CSPMiddleware as BaseCSPMiddleware
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.middleware import clickjacking, csrf
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django_otp.middleware import OTPMiddleware as BaseOTPMiddleware

from accounts.page_sessions import user_of_page

NO_PAGES = ("/api/", "/health/", "/metrics")


class PagesOnly:
    """Mixed in before a middleware class. REST requests skip that middleware."""

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(NO_PAGES):
            return self.get_response(request)  # type: ignore[attr-defined]  # every middleware has it
        return super().__call__(request)  # type: ignore[misc]  # the middleware that follows in the MRO has it


class CorsMiddleware(BaseCorsMiddleware):
    """The headers for browsers of other origins. A request without an origin skips nearly all of it."""

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request. One without an origin gets `Vary: origin` alone: another origin's answer may differ."""
        if "HTTP_ORIGIN" in request.META:
            return super().__call__(request)
        response = self.get_response(request)
        patch_vary_headers(response, ["origin"])
        return response


class InShopTime:
    """Mixed in before the first middleware of pages: they show times in the shop's time zone, and read them so."""

    def __call__(self, request: HttpRequest) -> Any:
        with timezone.override(settings.SHOP_TIME_ZONE):
            return super().__call__(request)  # type: ignore[misc]  # as above


class SessionMiddleware(PagesOnly, InShopTime, sessions.SessionMiddleware):
    """Django's sessions, for pages."""


class CsrfViewMiddleware(PagesOnly, csrf.CsrfViewMiddleware):
    """The check of form tokens, for pages."""

    def process_view(self, request: HttpRequest, *args: Any) -> Any:
        """Django's own, for pages. Django calls this hook beside `__call__`, so REST requests must skip it here too."""
        return None if request.path_info.startswith(NO_PAGES) else super().process_view(request, *args)


class AuthenticationMiddleware(PagesOnly, auth.AuthenticationMiddleware):
    """The user of the session, for pages, as long as the session is good (accounts.page_sessions)."""

    def process_request(self, request: HttpRequest) -> None:
        """Find the user when somebody asks for it."""
        super().process_request(request)
        request.user = SimpleLazyObject(partial(user_of_page, request))  # type: ignore[assignment]  # as Django does


class OTPMiddleware(PagesOnly, BaseOTPMiddleware):
    """The second factor of the session, for pages."""


class MessageMiddleware(PagesOnly, messages.MessageMiddleware):
    """Messages to the user, for pages."""


class MessageCookies(CookieStorage):
    """Messages in a cookie, until they have been shown."""

    cookie_name = f"{settings.COOKIE_PREFIX}messages"


class Messages(FallbackStorage):
    """Django's storage of messages, with that cookie; what does not fit into it goes to the session."""

    storage_classes = (MessageCookies, SessionStorage)


class XFrameOptionsMiddleware(PagesOnly, clickjacking.XFrameOptionsMiddleware):
    """The header that forbids frames, for pages."""


class CSPMiddleware(PagesOnly, BaseCSPMiddleware):
    """The content security policy, for pages."""
