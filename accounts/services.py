"""Verbs about people: registering, editing, passwords, access. accounts.sessions has those about sessions,
accounts.mailed_links those of links in mails, and accounts.leaving those about the end."""

from collections.abc import Mapping
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.exceptions import EmailTaken, PasswordReplaced
from accounts.models import FormerEmail, User
from accounts.passwords import hash_password, is_password_of
from accounts.rights import access_of, check_administrator, check_rights_over, refuse_last_administrator
from accounts.sessions import end_sessions
from accounts.trail import note
from database.refusals import Expected, FieldError, Invalid, NotFound, check_version
from database.text import forms_of_email, normalised_email
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import differences

PROFILE_FIELDS = (
    "first_name",
    "last_name",
    "phone",
    "address_line1",
    "address_line2",
    "city",
    "state",
    "postal_code",
    "country",
)


def register_user(*, email: str, password: str, **profile: str) -> User:
    """Make a customer. Refuses an email that is taken in any form (EmailTaken) and a weak password (Invalid)."""
    user = User(email=email, **profile)
    refuse_taken_email(user)  # before the hash too, which takes longer than all the rest
    hash_password(user, password)
    return save_new_user(user)


@unit_of_work
def save_new_user(user: User, *, actor: Actor | None = None) -> User:
    """Store a new user. Refuses EmailTaken, and AdministratorsOnly for an account of staff made by others.

    Two registrations with one email at the same moment both pass a check beforehand. The unique index refuses one.
    """
    check_rights_over(user, actor)
    user.email = normalised_email(user.email)
    refuse_taken_email(user)
    save_refusing_taken_email(user)
    note("user.registered", user_id=user.pk, actor=actor or Actor(user.pk, "api"))
    user.refresh_from_db(fields=["created_at", "updated_at"])
    return user


def refuse_taken_email(user: User) -> None:
    """Refuse (EmailTaken) an email that another account has, in whatever case or form of its domain.

    The unique index knows the one form in which emails are kept today, and not those of earlier rows.
    """
    if User.objects.with_email(user.email).exclude(pk=user.pk).exists():
        raise EmailTaken


def save_refusing_taken_email(user: User) -> None:
    """Save a user. Refuses EmailTaken; any other violation is raised as it is."""
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        diagnostics = getattr(error.__cause__, "diag", None)
        if diagnostics is not None and diagnostics.constraint_name == "user_email_unique":
            raise EmailTaken from None
        raise


def locked_user(user_id: int) -> User:
    """The user, with the row locked until the end of the transaction. Refuses NotFound, also for the anonymised."""
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id, anonymised_at=None).first()
    if user is None:
        raise NotFound
    return user


def touch(user: User) -> None:
    """Save an edit: the version rises, and `updated_at` becomes the database's time. Refuses EmailTaken."""
    user.version += 1
    user.updated_at = Now()
    save_refusing_taken_email(user)
    user.refresh_from_db(fields=["updated_at"])


@unit_of_work
def update_user(*, user_id: int, changes: Mapping[str, str], actor: Actor, expected_version: Expected = None) -> User:
    """Edit profile fields and email. A new email ends the password reset links sent so far. Locks the user's row.

    Refuses NotFound, VersionMismatch, EmailTaken, and AdministratorsOnly for an account of staff. The owner of such an
    account may edit the profile here, and the email in update_own, which asks for the password.
    """
    user = locked_user(user_id)
    if user_id != actor.user_id or is_another_email(user, changes):
        check_rights_over(user, actor)
    return save_changes(user, changes, actor=actor, expected_version=expected_version)


def is_another_email(user: User, changes: Mapping[str, str]) -> bool:
    """Whether the changes name an email that is not the user's own in another form of its domain."""
    return "email" in changes and changes["email"] not in forms_of_email(user.email)


def save_changes(user: User, changes: Mapping[str, str], *, actor: Actor, expected_version: Expected) -> User:
    """Save the changes that differ from the locked row and tell the journal. Refuses VersionMismatch and EmailTaken.

    The address that another email has replaced is kept for some days, since the person is told of changes there. The
    new one is not confirmed.
    """
    check_version(user.version, expected_version)
    changed = {name: value for name, value in changes.items() if getattr(user, name) != value}
    if not is_another_email(user, changes):
        changed.pop("email", None)
    if not changed:
        return user
    former = user.email
    for name, value in changed.items():
        setattr(user, name, value)
    if "email" in changed:
        user.email = normalised_email(user.email)
        refuse_taken_email(user)
    is_moved = former.lower() != user.email.lower()
    if is_moved:
        user.email_confirmed_at = None
    touch(user)
    note("user.updated", user_id=user.pk, actor=actor, fields=sorted(changed))
    if is_moved:
        FormerEmail.objects.create(user=user, email=former)
        note("user.email_changed", user_id=user.pk, actor=actor)
    return user


def check_current_password(*, user: User, password: str | None, actor: Actor) -> None:
    """Refuse a change (Invalid) unless the owner of the password asks for it. The trail tells of a wrong one."""
    if password is None:
        error = FieldError("current_password", "required", "A new email or password needs the current password.")
        raise Invalid("The current password is missing.", errors=[error])
    if not is_password_of(user, password, known=True):
        note("user.login_failed", user_id=user.pk, actor=actor, reason="current_password")
        error = FieldError("current_password", "wrong_password", "This is not the current password.")
        raise Invalid("The current password is wrong.", errors=[error])


def set_password(
    *, user: User, password: str, actor: Actor, keep_session: UUID | None = None, field: str = "password"
) -> None:
    """Give a user another password and end all sessions but `keep_session`. Refuses a weak password (Invalid).

    Locks the user's row, after the hash is made. `field` is the name that an error carries.
    """
    hash_password(user, password, field=field, known=True)
    store_password(user_id=user.pk, encoded=user.password, actor=actor, keep_session=keep_session)


def update_own(
    *,
    user: User,
    changes: Mapping[str, str],
    password: str | None,
    current_password: str | None,
    actor: Actor,
    keep_session: UUID,
    expected_version: Expected = None,
) -> User:
    """Edit one's own profile and, with it, one's password: both or nothing. A new password ends all other sessions.

    Email and password decide who can sign in, so changing one of them needs the current password. Refuses NotFound,
    VersionMismatch, EmailTaken, a missing or wrong current password and a weak new one (Invalid), and a password that
    was changed meanwhile (PasswordReplaced).
    """
    check_version(user.version, expected_version)
    if password is not None or is_another_email(user, changes):
        check_current_password(user=user, password=current_password, actor=actor)
    replaces = user.password
    if password is not None:
        hash_password(user, password, known=True)

    @unit_of_work
    def save_both() -> User:
        edited = save_changes(locked_user(user.pk), changes, actor=actor, expected_version=expected_version)
        if password is None:
            return edited
        return store_password(
            user_id=user.pk, encoded=user.password, actor=actor, replaces=replaces, keep_session=keep_session
        )

    return save_both()


@unit_of_work
def store_password(
    *, user_id: int, encoded: str, actor: Actor, replaces: str | None = None, keep_session: UUID | None = None
) -> User:
    """Store a hash and end the user's sessions but `keep_session`. Locks the user's row.

    `replaces` is the hash that entitled the caller. Refuses NotFound, PasswordReplaced when the user has another hash
    by now, and AdministratorsOnly for the password of other staff.
    """
    user = locked_user(user_id)
    if user_id != actor.user_id:
        check_rights_over(user, actor)
    if replaces is not None and user.password != replaces:
        raise PasswordReplaced
    user.password = encoded
    touch(user)
    note("user.password_changed", user_id=user_id, actor=actor)
    end_sessions(user_id=user_id, reason="password_changed", but=keep_session)
    return user


@unit_of_work
def set_access(
    *,
    user_id: int,
    actor: Actor,
    is_active: bool,
    is_staff: bool,
    is_superuser: bool,
    groups: list[int],
    keep_session: UUID | None = None,
) -> User:
    """Set whether a user may sign in and works here, and the user's rights. Ends the user's sessions but one.

    Refuses NotFound, and to leave the shop without an administrator (LastAdministrator). Actors who are no
    administrators may only let a customer sign in or not. All else is refused (AdministratorsOnly), also on their own
    account. Locks the user's row.
    """
    user = locked_user(user_id)
    check_rights_over(user, actor)
    before = access_of(user)
    held = (user.is_staff, user.is_superuser, set(user.groups.values_list("pk", flat=True)))
    if held != (is_staff or is_superuser, is_superuser, set(groups)):
        check_administrator(actor)
    if user.is_superuser and user.is_active and not (is_superuser and is_active):
        refuse_last_administrator(user)
    user.is_active, user.is_staff, user.is_superuser = is_active, is_staff or is_superuser, is_superuser
    touch(user)
    user.groups.set(Group.objects.filter(pk__in=groups))
    note("user.access_changed", user_id=user_id, actor=actor, changes=differences(before, access_of(user)))
    end_sessions(user_id=user_id, reason="access_changed", but=keep_session)
    return user


def create_admin(*, email: str, password: str, first_name: str, last_name: str, actor: Actor) -> User:
    """Make an administrator. Refuses EmailTaken and a weak password (Invalid)."""
    user = User(email=email, first_name=first_name, last_name=last_name, is_staff=True, is_superuser=True)
    hash_password(user, password)
    return save_new_user(user, actor=actor)
