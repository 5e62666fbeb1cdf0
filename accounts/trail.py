"""The trail that people leave at the doors of the shop: an event in the journal and a line in the log for each.

Neither has a password, a code, a token, an email or an address in it. Accounts stand there by their ids, and what must
not stand there by a pseudonym, so that what belongs together can be seen.
"""

import logging
from typing import Any

from django.db import transaction

from accounts.clients import Client, pseudonym
from accounts.models import User
from api.throttles import account_key
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish

logger = logging.getLogger(__name__)

# What operators look for, beside a refresh token in two hands; the log has all else at the level INFO.
WARNINGS = {"user.login_failed", "user.code_refused", "user.reset_failed", "user.throttled", "user.refused"}
KINDS_OF_REFUSED_LOGINS = {
    "otp_required": "user.code_asked",
    "otp_invalid": "user.code_refused",
    "throttled": "user.code_refused",
}


@unit_of_work
def note(kind: str, *, user_id: int | None, actor: Actor, **facts: Any) -> None:
    """Record what happened to the account of a user, or to none (None), in a unit of work or as one of its own."""
    tell(kind, user_id=user_id, actor=actor, **facts)


def tell(kind: str, *, user_id: int | None, actor: Actor, **facts: Any) -> None:
    """As note, in the transaction of a form of a library. The line is logged once the event is on disk."""
    subject = f"user:{user_id or 'unknown'}"
    publish(kind, ({"user_id": user_id} if user_id else {}) | facts, subject=subject, actor=actor)
    log(kind, subject=subject, actor=actor, **facts)


def log(kind: str, *, subject: str, actor: Actor, **facts: Any) -> None:
    """Log an event of the journal, once the transaction is committed."""
    event = {"subject": subject, "actor": str(actor), "channel": actor.channel, **facts}
    level = logging.WARNING if kind in WARNINGS or facts.get("reason") == "refresh_reused" else logging.INFO
    transaction.on_commit(lambda: logger.log(level, kind, extra={"event": event}))


def note_login(*, user: User, session_id: Any, client: Client, otp_device: str) -> None:
    """Record that a session has begun."""
    note(
        "user.logged_in",
        user_id=user.pk,
        actor=Actor(user.pk, client.channel, user.is_staff),
        session_id=str(session_id),
        source=client.source,
        known_device=client.known,
        second_factor=bool(otp_device),
    )


def note_refused_login(*, email: str, user: User | None, reason: str, client: Client) -> None:
    """Record that a log-in was refused. `user` is the account of the email, `reason` the code of the refusal.

    Each refusal costs the same statements, so that the time does not tell who has an account.
    """
    if reason == "invalid_credentials":
        reason = "no_account" if user is None else "wrong_password" if user.is_active else "disabled"
    facts = {"reason": reason, "source": client.source, "known_device": client.known}
    note(
        KINDS_OF_REFUSED_LOGINS.get(reason, "user.login_failed"),
        user_id=user.pk if user else None,
        actor=Actor(None, client.channel, is_visitor=True),
        **facts,
        **({} if user else {"account": pseudonym(account_key(email))}),
    )
