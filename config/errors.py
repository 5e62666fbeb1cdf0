"""The page that a person sees when a page could not be made."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import csrf, defaults

from accounts.refused import note_refusal
from api.availability import unavailable
from database.refusals import Busy, refused_write


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's page for whoever may not do this, and a trace of it."""
    note_refusal(request, 403)
    return defaults.permission_denied(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's page about a form that did not come from our own page, and a trace of it."""
    note_refusal(request, 403)
    return csrf.csrf_failure(request, reason)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's page about an error of ours; 503 with `Retry-After` when the database does not
    answer or is busy, or when there is no room for a file.

    Django calls this where it has caught the error.
    """
    error = sys.exc_info()[1]
    refusal = error if isinstance(error, Busy) else refused_write(error) or unavailable(error)
    if refusal is None:
        return defaults.server_error(request)
    response = HttpResponse(
        render_to_string("503.html", {"detail": refusal.detail}), status=refusal.status, headers=refusal.headers
    )
    response._has_been_logged = True  # type: ignore[attr-defined]  # by Django's own logging, which adds a traceback
    return response
