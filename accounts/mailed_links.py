"""Links in mails: to set a new password, and to confirm an email.

Whoever follows such a link reads the mailbox. Tokens are signed and never stored, and the journal has none.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.signing import BadSignature, TimestampSigner
from django.db.models.functions import Now
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.exceptions import PasswordReplaced
from accounts.models import User
from accounts.passwords import hash_password
from accounts.services import locked_user, store_password
from accounts.trail import note
from database.refusals import FieldError, Invalid
from database.transactions import unit_of_work
from events.actors import VISITOR, Actor


@unit_of_work
def request_password_reset(*, email: str) -> None:
    """Have a password reset link mailed if there is such an account. The caller does not learn whether there is.

    A request in vain writes an event too. Without that event, the time of a commit would tell who has an account.
    """
    user = User.objects.with_email(email).filter(is_active=True, anonymised_at=None).first()
    if user is None:
        note("user.password_reset_in_vain", user_id=None, actor=VISITOR)
        return
    actor = Actor(user.pk, "api", user.is_staff)
    note("user.password_reset_requested", user_id=user.pk, actor=actor)


def confirm_password_reset(*, uid: str, token: str, password: str) -> None:
    """Set the password with a mailed token, once. Refuses (Invalid) a bad link and a weak password.

    The link stood in a mail, so the email is confirmed too.
    """
    user = user_of_uid(uid)
    if user is None or not default_token_generator.check_token(user, token):
        note("user.reset_failed", user_id=user.pk if user else None, actor=VISITOR)
        raise dead_link()
    replaces, actor = user.password, Actor(user.pk, "api", user.is_staff)
    hash_password(user, password, field="new_password", known=True)

    @unit_of_work
    def store_and_confirm() -> None:
        store_password(user_id=user.pk, encoded=user.password, actor=actor, replaces=replaces)
        mark_confirmed(locked_user(user.pk), email=user.email)

    try:
        store_and_confirm()
    except PasswordReplaced:  # the same link was used a moment earlier
        raise dead_link() from None


def dead_link() -> Invalid:
    """The refusal of a password reset link, which does not tell what is wrong with the link."""
    error = FieldError("token", "invalid_token", "The link is wrong, was used, or has expired.")
    return Invalid("The link is not valid any more.", code="invalid_reset_token", errors=[error])


def user_of_uid(uid: str) -> User | None:
    """The active user whose id a password reset link carries, or None."""
    try:
        user_id = int(force_str(urlsafe_base64_decode(uid)))
        return User.objects.filter(pk=user_id, is_active=True, anonymised_at=None).first()
    except (ValueError, OverflowError):
        return None


def uid_of(user: User) -> str:
    """The id of a user as links carry it."""
    return urlsafe_base64_encode(force_bytes(user.pk))


def signer_of(user: User) -> TimestampSigner:
    """What signs the confirmations of a user's present email: those of an earlier one are worth nothing."""
    return TimestampSigner(salt=f"accounts.email_confirmation:{user.email.lower()}")


def confirmation_token(user: User) -> str:
    """The token that confirms a user's present email, for EMAIL_CONFIRM_DAYS."""
    return signer_of(user).sign(uid_of(user)).partition(":")[2]


def confirms(user: User, token: str) -> bool:
    """Whether this is a token for the user's present email whose time has not passed."""
    try:
        signer_of(user).unsign(f"{uid_of(user)}:{token}", max_age=timedelta(days=settings.EMAIL_CONFIRM_DAYS))
    except BadSignature:
        return False
    return True


@unit_of_work
def request_confirmation(*, user_id: int, actor: Actor) -> None:
    """Have the link mailed once more that confirms the user's email. Nothing happens where it is confirmed.

    Refuses NotFound. Locks the user's row.
    """
    if locked_user(user_id).email_confirmed_at is None:
        note("user.confirmation_requested", user_id=user_id, actor=actor)


@unit_of_work
def confirm_email(*, uid: str, token: str) -> None:
    """Note that the user reads the mailbox of the account's email. Again changes nothing. Locks the user's row.

    Refuses (Invalid) a link that is wrong or old, or that was mailed to an earlier email.
    """
    user = user_of_uid(uid)
    if user is None:
        raise dead_confirmation()
    user = locked_user(user.pk)
    if not confirms(user, token):
        raise dead_confirmation()
    mark_confirmed(user, email=user.email)


def dead_confirmation() -> Invalid:
    """The refusal of a link that confirms nothing, which does not tell what is wrong with the link."""
    error = FieldError("token", "invalid_token", "The link is wrong, or has expired.")
    return Invalid("The link is not valid any more.", code="invalid_confirmation_token", errors=[error])


def mark_confirmed(user: User, *, email: str) -> None:
    """Note on a locked row that the mailbox of `email` was shown, if that is still the user's email.

    It is no edit, so the version stays.
    """
    if user.email == email and user.email_confirmed_at is None:
        user.email_confirmed_at = Now()
        user.save(update_fields=["email_confirmed_at"])
        note("user.email_confirmed", user_id=user.pk, actor=Actor(user.pk, "api", user.is_staff))
