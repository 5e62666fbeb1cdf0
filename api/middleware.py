"""The outermost layer of every request: its id, a connection that is alive, and no HTML under /api/v1 and /health."""

import secrets
from collections.abc import Callable
from functools import cache

from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from api.problems import challenge, check_body, check_host, check_page, check_target, problem_from_django
from api.request_ids import VALID_REQUEST_ID, current_request_id
from database.connections import drop_dead_connections

API_PREFIXES = ("/api/", "/health/")
API_CSP = "default-src 'none'; frame-ancestors 'none'"


class RequestMiddleware:
    """Surrounds every request. See the module."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if VALID_REQUEST_ID.match(sent) else secrets.token_hex(8)
        request.id = request_id  # type: ignore[attr-defined]  # read by problem documents
        token = current_request_id.set(request_id)
        try:
            drop_dead_connections()
            response = self.answer(request)
        finally:
            current_request_id.reset(token)
        response.headers["X-Request-ID"] = request_id
        secure(response)
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        if request.method == "HEAD":
            drop_body(response)
        return response

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of the shop, and under the API prefixes a problem document instead of any HTML error."""
        if not f"{request.path_info}/".startswith(API_PREFIXES):
            return check_page(request) or check_body(request) or self.get_response(request)
        # Both /products/1 and /products/1/ answer directly: routes are written without the slash.
        request.path_info = request.path_info.removesuffix("/")
        response = check_host(request) or check_target(request) or check_body(request) or self.get_response(request)
        if response.status_code >= 400 and not response.headers.get("Content-Type", "").startswith("application/"):
            assert isinstance(response, HttpResponse)  # noqa: S101  # errors are never streamed
            response = problem_from_django(request, response)
        challenge(request, response)
        response.headers.setdefault("Content-Security-Policy", API_CSP)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def drop_body(response: HttpResponseBase) -> None:
    """Leave the headers of an answer alone, which is all that HEAD asks for: gunicorn warns of a body at each."""
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()
    elif isinstance(response, HttpResponse):
        response.content = b""


def secure(response: HttpResponseBase) -> None:
    """Give an answer the two headers that no answer lacks, whoever has made it: a page, a file, a redirect, a refusal.

    Django's own pages about errors (DEBUG) are not for the policy of the shop's pages.
    """
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if "Content-Security-Policy" not in headers and not (settings.DEBUG and response.status_code in (404, 500)):
        is_page = headers.get("Content-Type", "").startswith("text/html")
        headers["Content-Security-Policy"] = page_policy() if is_page else API_CSP


@cache
def page_policy() -> str:
    """The policy of pages, for one that the middleware of pages has not seen."""
    return str(build_policy())
