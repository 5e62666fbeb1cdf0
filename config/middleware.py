"""Middleware of Django and others, and what of it a REST request passes by: all of what is for pages.

Sessions, CSRF and messages mean nothing to a bearer-token API, and a chain of them costs a third of a small request.
"""

from typing import Any

from corsheaders.middleware import CorsMiddleware as BaseCorsMiddleware
from csp.middleware import CSPMiddleware as BaseCSPMiddleware
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.middleware import clickjacking, csrf
from django.utils.cache import patch_vary_headers
from django_otp.middleware import OTPMiddleware as BaseOTPMiddleware

NO_PAGES = ("/api/", "/health/", "/metrics")


class PagesOnly:
    """Mixed in before a middleware class, lets REST requests pass by it."""

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(NO_PAGES):
            return self.get_response(request)  # type: ignore[attr-defined]  # every middleware has it
        return super().__call__(request)  # type: ignore[misc]  # the middleware that follows in the MRO has it


class CorsMiddleware(BaseCorsMiddleware):
    def __call__(self, request: HttpRequest) -> Any:
        """What names no origin comes from none: all there is to say is that the answer to another one may differ."""
        if "HTTP_ORIGIN" in request.META:
            return super().__call__(request)
        response = self.get_response(request)
        patch_vary_headers(response, ["origin"])
        return response


class SessionMiddleware(PagesOnly, sessions.SessionMiddleware):
    pass


class CsrfViewMiddleware(PagesOnly, csrf.CsrfViewMiddleware):
    def process_view(self, request: HttpRequest, *args: Any) -> Any:
        """Django calls this hook by itself, beside `__call__`."""
        return None if request.path_info.startswith(NO_PAGES) else super().process_view(request, *args)


class AuthenticationMiddleware(PagesOnly, auth.AuthenticationMiddleware):
    pass


class OTPMiddleware(PagesOnly, BaseOTPMiddleware):
    pass


class MessageMiddleware(PagesOnly, messages.MessageMiddleware):
    pass


class XFrameOptionsMiddleware(PagesOnly, clickjacking.XFrameOptionsMiddleware):
    pass


class CSPMiddleware(PagesOnly, BaseCSPMiddleware):
    pass
