"""The page that a person sees when a page could not be made."""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views import defaults

from accounts.refused import note_refusal
from api.availability import unavailable
from database.refusals import Busy, refused_write
from staff.once import page_before


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's page for whoever may not do this, and a trace of it."""
    note_refusal(request, 403)
    return defaults.permission_denied(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page about a form that is not of this log-in, with the way back to the form, and a trace of it.

    Most often the person has logged in again in another window, which gives all forms a new token.
    """
    note_refusal(request, 403)
    return render(request, "403_csrf.html", {"back": page_before(request)}, status=403)


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
