"""The page of one's own sessions, for every member of staff: where one is signed in, and an end to it."""

from typing import cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.models import Session
from accounts.page_sessions import session_of_page
from accounts.sessions import end_other_sessions, end_session
from events.actors import admin_actor


class EndForm(forms.Form):
    """The session to end. Without one, all sessions but that of the page end."""

    session = forms.UUIDField(required=False)


def own_sessions(request: HttpRequest) -> HttpResponse:
    """Shows one's live sessions, of the admin and of the API, and ends those that are not wanted any more."""
    user_id, current = cast(int, request.user.pk), session_of_page(request)
    if request.method == "POST":
        form = EndForm(request.POST)
        if not form.is_valid():
            messages.error(request, "There is no such session.")
        else:
            finish(request, user_id, form.cleaned_data["session"])
        return HttpResponseRedirect(reverse("admin:own_sessions"))
    context = {
        **admin.site.each_context(request),
        "title": "Your sessions",
        "live_sessions": Session.objects.live().filter(user=user_id).order_by("-refreshed_at", "id")[:50],
        "current_session": current,
        "may_end_sessions": True,
    }
    return TemplateResponse(request, "admin/own_sessions.html", context)


def finish(request: HttpRequest, user_id: int, session_id: UUID | None) -> None:
    """End one session of the user of the page, or all others, and say so."""
    actor, current = admin_actor(request), session_of_page(request)
    if session_id is None and current is not None:
        end_other_sessions(user_id=user_id, but=current, actor=actor)
        messages.success(request, "All other sessions have ended.")
    elif session_id and end_session(session_id=session_id, reason="ended_by_owner", actor=actor, user_id=user_id):
        messages.success(request, "The session has ended.")
    else:
        messages.error(request, "There is no such session.")
