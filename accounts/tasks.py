"""Background jobs about people: the password reset mail, and forgetting expired sessions."""

from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.backends.db import SessionStore
from django.db.models.functions import Now
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from procrastinate.contrib.django import app

from accounts.models import Session, User
from database.rows import delete_in_batches
from events import mails


@app.task(retry=mails.RETRY)
def mail_password_reset(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail the link that sets a new password. Does nothing when the account is gone or disabled by now.

    The link's token is made here, so that no token stands in the journal.
    """
    user = User.objects.filter(pk=payload["user_id"], is_active=True, anonymised_at=None).first()
    if user is None:
        return
    link = settings.PASSWORD_RESET_URL.format(
        uid=urlsafe_base64_encode(force_bytes(user.pk)), token=default_token_generator.make_token(user)
    )
    minutes = settings.PASSWORD_RESET_TIMEOUT // 60
    context = {"link": link, "minutes": minutes}
    mails.send_once(f"{kind}:{event_id}", "password_reset", context, to=[user.email])


@app.periodic(cron="27 * * * *")
@app.task(queueing_lock="purge_sessions")
def purge_sessions(timestamp: int) -> None:
    """Delete the expired sessions of the API and of the admin."""
    delete_in_batches(Session.objects.filter(expires_at__lt=Now()))
    SessionStore.clear_expired()
