"""Background jobs about people: mails about passwords and emails, and forgetting what has expired."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.backends.db import SessionStore
from django.db.models.functions import Now
from procrastinate.contrib.django import app

from accounts import leaving
from accounts.mailed_links import confirmation_token, uid_of
from accounts.models import FormerEmail, Session, StaffNote, User
from database.rows import delete_in_batches
from events import mails
from events.actors import WORKER
from events.models import Event

# For how long an address that was replaced is told of what changes about the account.
KEEP_FORMER_EMAILS = timedelta(days=7)


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_password_reset(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail the link that sets a new password. Does nothing when the account is gone or disabled by now.

    The link's token is made here, so that no token stands in the journal.
    """
    user = User.objects.filter(pk=payload["user_id"], is_active=True, anonymised_at=None).first()
    if user is None:
        return
    link = settings.PASSWORD_RESET_URL.format(uid=uid_of(user), token=default_token_generator.make_token(user))
    minutes = settings.PASSWORD_RESET_TIMEOUT // 60
    context = {"link": link, "minutes": minutes}
    mails.send_once(f"{kind}:{event_id}", "password_reset", context, to=[user.email])


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_email_confirmation(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Mail the link that confirms the email of an account. Nothing that the person has typed stands in the mail.

    Does nothing when the email is confirmed by now, or the account gone or disabled. Accounts of staff are made by
    administrators, so they are only sent a link when they ask for it.
    """
    user = User.objects.filter(
        pk=payload["user_id"], is_active=True, email_confirmed_at=None, anonymised_at=None
    ).first()
    if user is None or (user.is_staff and kind == "user.registered"):
        return
    link = settings.EMAIL_CONFIRM_URL.format(uid=uid_of(user), token=confirmation_token(user))
    context = {"link": link, "days": settings.EMAIL_CONFIRM_DAYS}
    mails.send_once(f"{kind}:{event_id}:confirm", "email_confirmation", context, to=[user.email])


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_changed_credentials(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Tell the owner of an account that its email or password was changed: `user.email_changed` sends
    `mail/user_email_changed`.

    The mail goes to the addresses that the account had until lately, and about a password to the present one too:
    whoever has taken the account over would have changed the address first. Each address gets a mail of its own.
    """
    user = User.objects.filter(pk=payload["user_id"], anonymised_at=None).first()
    event = Event.objects.filter(pk=event_id).first()
    if user is None or event is None:
        return
    addresses = {f"{former.pk}": former.email for former in user.former_emails.filter(replaced_at__lte=event.at)}
    if kind == "user.password_changed":
        addresses["now"] = user.email
    failure = None
    for name, address in addresses.items():
        try:
            mails.send_once(f"{kind}:{event_id}:{name}", kind.replace(".", "_"), {}, to=[address])
        except mails.NotSent as error:  # the other addresses are told all the same
            failure = error
    if failure is not None:
        raise failure


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_leaving(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Tell the owner of an account when the account will be erased. Does nothing when that was taken back by now."""
    user = User.objects.filter(pk=payload["user_id"]).first()
    if user is None or user.erase_at is None:
        return
    mails.send_once(f"{kind}:{event_id}", "user_leaving", {"erase_at": user.erase_at}, to=[user.email])


@app.task(queue=mails.QUEUE, retry=mails.RETRY)
def mail_mentioned(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Tell colleagues that a note mentions them. Each gets a mail of their own, without the words of the note.

    The note may name a customer who is forgotten one day, and mails stay. Nothing is sent about a note that is gone, or
    to somebody who works here no more.
    """
    note = StaffNote.objects.select_related("author").filter(pk=payload["note_id"]).first()
    if note is None:
        return
    context = {"author": note.author.full_name or note.author.email, "about": payload["about"]}
    failure = None
    for colleague in note.mentioned.filter(is_active=True, is_staff=True):
        try:
            mails.send_once(f"{kind}:{event_id}:{colleague.pk}", "staff_note", context, to=[colleague.email])
        except mails.NotSent as error:  # the others are told all the same
            failure = error
    if failure is not None:
        raise failure


@app.periodic(cron="37 * * * *")
@app.task(queueing_lock="erase_leavers")
def erase_leavers(timestamp: int) -> None:
    """Forget the people who have asked for it ERASE_AFTER_DAYS ago."""
    leaving.erase_leavers(actor=WORKER)


@app.periodic(cron="27 * * * *")
@app.task(queueing_lock="purge_sessions")
def purge_sessions(timestamp: int) -> None:
    """Delete the expired sessions of the API and of the admin, and the emails that people had a while ago."""
    delete_in_batches(Session.objects.filter(expires_at__lt=Now()))
    delete_in_batches(FormerEmail.objects.filter(replaced_at__lt=Now() - KEEP_FORMER_EMAILS))
    SessionStore.clear_expired()
