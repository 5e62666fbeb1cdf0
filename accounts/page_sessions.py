"""Sessions of the admin. Each session of Django's is bound to a row of Session, which decides how long it is good.

So staff see their sessions of the admin beside those of the API, and all of them end for the same reasons.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.db.models import F
from django.db.models.functions import Least
from django.http import HttpRequest
from django.utils import timezone

from accounts.attempts import client_of
from accounts.clients import Client
from accounts.models import Session, User
from accounts.second_factor import is_satisfied
from accounts.sessions import end_session
from accounts.trail import note_login
from database.transactions import unit_of_work
from events.actors import Actor

# The member of Django's session that holds the id of the row.
KEY = "session_id"
# Use is written down after so long, and not with each page.
USE = timedelta(minutes=1)


def session_of_page(request: HttpRequest) -> UUID | None:
    """The id of the row behind the session of a page; None for a visitor."""
    session_id = request.session.get(KEY)
    return UUID(session_id) if session_id else None


def begin(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Bind Django's session to a new row, whenever Django has logged somebody in (`user_logged_in`)."""
    end(sender, request, user, reason="logged_in_again")
    device = getattr(user, "otp_device", None)
    otp_device = device.persistent_id if device else ""
    request.session[KEY] = str(start_page_session(user=user, otp_device=otp_device, client=client_of(request)))


@unit_of_work
def start_page_session(*, user: User, otp_device: str, client: Client) -> UUID:
    """Store the session of a user who has just logged in to the admin, and return its id."""
    session = Session.objects.create(
        user=user,
        channel="admin",
        refresh_jti=uuid4(),
        user_agent=client.user_agent[:200],
        otp_device=otp_device,
        expires_at=timezone.now() + min(settings.ADMIN_IDLE_LIFETIME, settings.ADMIN_SESSION_LIFETIME),
    )
    note_login(user=user, session_id=session.pk, client=client, otp_device=otp_device)
    return session.pk


def end(sender: Any, request: HttpRequest, user: User | None, reason: str = "logout", **kwargs: Any) -> None:
    """End the row, whenever Django has logged somebody out (`user_logged_out`)."""
    session_id = session_of_page(request)
    if session_id is not None:
        actor = Actor(user.pk, "admin", user.is_staff) if user else Actor(None, "admin")
        end_session(session_id=session_id, reason=reason, actor=actor)


def user_of_page(request: HttpRequest) -> User | AnonymousUser:
    """The user of a page, and a visitor when the row behind the session has ended."""
    user = auth.get_user(request)
    if not isinstance(user, User):
        return AnonymousUser()
    session_id = session_of_page(request)
    if session_id is None or not use(session_id, user):
        request.session.flush()
        return AnonymousUser()
    return user


def use(session_id: UUID, user: User) -> bool:
    """Whether a session of the admin is still good, and then put its end off.

    It ends when nobody has used it for ADMIN_IDLE_SECONDS, and ADMIN_SESSION_SECONDS after the log-in. It ends at once
    when it lacks the second factor that its user needs by now.
    """
    now = timezone.now()
    # Both ends by today's settings too: the operator may have drawn them in since.
    good = Session.objects.live().filter(
        pk=session_id,
        user=user,
        channel="admin",
        created_at__gt=now - settings.ADMIN_SESSION_LIFETIME,
        refreshed_at__gt=now - settings.ADMIN_IDLE_LIFETIME,
    )
    session = good.only("otp_device", "refreshed_at").first()
    if session is None:
        return False
    if user.is_staff and not is_satisfied(user, session.otp_device):
        end_session(session_id=session_id, reason="second_factor")
        return False
    if now - session.refreshed_at > min(USE, settings.ADMIN_IDLE_LIFETIME / 10):
        Session.objects.filter(pk=session_id).update(
            refreshed_at=now,
            expires_at=Least(now + settings.ADMIN_IDLE_LIFETIME, F("created_at") + settings.ADMIN_SESSION_LIFETIME),
        )
    return True
