"""The end of an account: asked for by its owner, undone for some days, and then carried out.

A token alone may be stolen, so the owner gives the password. The account works on for ERASE_AFTER_DAYS, and the owner
or staff can take the end back. After that the worker forgets the person; staff can forget a customer at once. Both wait
for what the shop has still to do for the person: a parcel needs a name.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django_otp import devices_for_user

from accounts.exceptions import LastAdministrator, PasswordReplaced, Unfinished
from accounts.models import Address, FormerEmail, Session, User
from accounts.notes import erase_notes
from accounts.rights import check_rights_over, refuse_last_administrator
from accounts.services import PROFILE_FIELDS, check_current_password, locked_user, touch
from accounts.sessions import end_sessions
from accounts.trail import note
from api.models import IdempotencyKey
from database.rows import fetch_rows
from database.transactions import unit_of_work
from events.actors import Actor

logger = logging.getLogger(__name__)

# Whoever begins something for a person that must be finished takes this lock first, and then looks whether the person
# is there. The words in it are older than its meaning: processes of two releases must take the same lock.
LOCK_PERSON = "select pg_advisory_xact_lock(hashtextextended('pending orders', %(user_id)s::bigint))"


@dataclass(frozen=True, slots=True)
class Ties:
    """What another app has to do with people, by the id of one. The app adds its ties to TIES when it is loaded.

    `unfinished` names what must end before the person is forgotten. `erase` forgets the person in the app's records.
    """

    unfinished: Callable[[int], list[str]]
    erase: Callable[[int], None]


TIES: list[Ties] = []


def unfinished(user_id: int) -> list[str]:
    """What the shop has still to do for a person, such as "order 100501". Until then nobody forgets the person."""
    return [name for ties in TIES for name in ties.unfinished(user_id)]


def leave(*, user: User, current_password: str, actor: Actor, keep_session: UUID | None = None) -> None:
    """Have one's own account erased after ERASE_AFTER_DAYS, and end its sessions but one. Again changes nothing.

    What is unfinished by then is waited for.

    Refuses a wrong password (Invalid), LastAdministrator, and PasswordReplaced for a password that was changed
    meanwhile.
    """
    check_current_password(user=user, password=current_password, actor=actor)
    begin_to_leave(user_id=user.pk, encoded=user.password, actor=actor, keep_session=keep_session)


@unit_of_work
def begin_to_leave(*, user_id: int, encoded: str, actor: Actor, keep_session: UUID | None = None) -> None:
    """Note that a person leaves whose password has this hash. Locks the user's row. Refuses as `leave` does."""
    user = locked_user(user_id)
    if user.password != encoded:
        raise PasswordReplaced
    if user.is_superuser and user.is_active:
        refuse_last_administrator(user)
    if user.leaving_at is None:
        user.leaving_at = Now()
        touch(user)
        note("user.leaving", user_id=user_id, actor=actor)
    end_sessions(user_id=user_id, reason="leaving", but=keep_session)


@unit_of_work
def restore_user(*, user_id: int, actor: Actor) -> User:
    """Take back that a person leaves. Changes nothing for a person who stays. Locks the user's row.

    Refuses NotFound for a person who is forgotten already, and AdministratorsOnly for other staff.
    """
    user = locked_user(user_id)
    if user_id != actor.user_id:
        check_rights_over(user, actor)
    if user.leaving_at is not None:
        user.leaving_at = None
        touch(user)
        note("user.restored", user_id=user_id, actor=actor)
    return user


def due_to_leave() -> QuerySet[User]:
    """The people whose days to change their minds are over."""
    days = timedelta(days=settings.ERASE_AFTER_DAYS)
    return User.objects.filter(leaving_at__lte=Now() - days, anonymised_at=None)


def erase_leavers(*, actor: Actor) -> int:
    """Forget the people whose days are over, and return their number.

    The last administrator stays, and so does each person as long as something is unfinished.
    """
    erased = 0
    for user_id in list(due_to_leave().values_list("pk", flat=True)):
        try:
            erased += erase_if_due(user_id=user_id, actor=actor)
        except LastAdministrator:
            logger.warning("user %s wants to leave and is the last administrator", user_id)
        except Unfinished as refusal:
            logger.info("user %s leaves later: %s", user_id, refusal.detail)
    return erased


@unit_of_work
def erase_if_due(*, user_id: int, actor: Actor) -> bool:
    """Forget a person who is still due to leave, and return whether that was so. Refuses and locks as `forget`."""
    user = due_to_leave().select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        return False
    forget(user, actor=actor)
    return True


@unit_of_work
def anonymise_user(*, user_id: int, actor: Actor) -> None:
    """Forget a person at once. Locks the user's row, and what `forget` locks.

    Refuses LastAdministrator, Unfinished, NotFound for a person who is forgotten already, and AdministratorsOnly for
    other staff.
    """
    user = locked_user(user_id)
    if user_id != actor.user_id:
        check_rights_over(user, actor)
    forget(user, actor=actor)


def forget(user: User, *, actor: Actor) -> None:
    """Forget the person of a locked row and keep the books: profile, addresses and devices go, orders stay.

    config.personal_data says what becomes of each model. Refuses LastAdministrator, and Unfinished with what must end
    first. Locks the person, against beginnings of what must be finished.
    """
    if user.is_superuser and user.is_active:
        refuse_last_administrator(user)
    fetch_rows(LOCK_PERSON, {"user_id": user.pk})
    if names := unfinished(user.pk):
        raise Unfinished(names)
    for name in PROFILE_FIELDS:
        setattr(user, name, "")
    user.email = f"anonymised-{user.pk}@invalid.invalid"
    user.email_confirmed_at = None
    user.is_active = user.is_staff = user.is_superuser = False
    user.anonymised_at = Now()
    user.set_unusable_password()
    user.groups.clear()
    touch(user)
    note("user.anonymised", user_id=user.pk, actor=actor)
    end_sessions(user_id=user.pk, reason="anonymised")
    Session.objects.filter(user_id=user.pk).update(user_agent="")
    FormerEmail.objects.filter(user_id=user.pk).delete()
    Address.objects.filter(user_id=user.pk).delete()
    user.mentioned_in.clear()
    erase_notes([f"user:{user.pk}"])
    IdempotencyKey.objects.filter(user_id=user.pk).delete()
    for ties in TIES:
        ties.erase(user.pk)
    for device in devices_for_user(user, confirmed=None):
        device.delete()
