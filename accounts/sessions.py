"""Sessions, from login to logout. A session is a row, and a token is good as long as the row says so.

Refresh tokens rotate. The row names the one refresh token that may be used next, and a conditional UPDATE exchanges the
name. So a token has exactly one successor, however many requests use the token at once. For REFRESH_GRACE_SECONDS the
token that was used last gives that successor again, since an answer may be lost and two tabs may ask at once. Any other
refresh token that was used before is in two hands, the owner's and a thief's, and ends the session for both.
"""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts import known_devices
from accounts.clients import Client
from accounts.exceptions import InvalidCredentials, InvalidToken
from accounts.models import Session, User
from accounts.passwords import is_password_of
from accounts.second_factor import check_code, is_satisfied
from accounts.tokens import TokenPair, issue_pair, read_refresh_token
from api import cache
from database.rows import fetch_rows
from database.transactions import unit_of_work

USER_COLUMNS = [field.attname for field in User._meta.concrete_fields]
# Session and user in one statement by hand, which runs before every signed-in request and takes 0.22 ms. The ORM takes
# 1.5 ms, which is more than most of those requests need for themselves.
FIND_USER = f"""
    select s.otp_device, {", ".join(f"u.{column}" for column in USER_COLUMNS)}
    from accounts_session s join accounts_user u on u.id = s.user_id
    where s.id = %(session_id)s::uuid and s.revoked_at is null and s.expires_at > now() and u.is_active
"""  # noqa: S608  # column names of our own model
STRANGER = Client()


def find_user(session_id: UUID) -> User | None:
    """The user of a live session. Ending a session or disabling a user counts from the next request on.

    A session of staff ends here when it lacks the second factor that its user needs by now. A second statement reads
    the devices, for staff alone.
    """
    rows = fetch_rows(FIND_USER, {"session_id": session_id})
    if not rows:
        return None
    otp_device, *values = rows[0]
    user = User.from_db(DEFAULT_DB_ALIAS, USER_COLUMNS, values)
    if user.is_staff and not is_satisfied(user, otp_device):
        end_session(session_id=session_id, reason="second_factor")
        return None
    return user


def log_in(
    *, email: str, password: str, otp_code: str = "", device_token: str = "", client: Client = STRANGER
) -> TokenPair:
    """Check the password, and the code of staff who have a device, and begin a session.

    Every failure of the password is InvalidCredentials, and takes the same time. After the right password this refuses
    what check_code refuses. The pair comes with a `device_token`, by which the account knows the device from now on.
    """
    user = User.objects.with_email(email).first()
    if not is_password_of(user, password, known=client.known) or user is None:
        raise InvalidCredentials
    otp_device = check_code(user=user, code=otp_code) if user.is_staff else ""
    pair = start_checked_session(
        user_id=user.pk, encoded=user.password, otp_device=otp_device, user_agent=client.user_agent
    )
    return replace(pair, device_token=known_devices.issue(user.pk, before=device_token))


@unit_of_work
def start_checked_session(*, user_id: int, encoded: str, otp_device: str, user_agent: str) -> TokenPair:
    """Begin a session if the password that was checked is still the user's. Locks the user's row.

    While the hash was computed the password may have been changed, and that change could not end a session to come.
    """
    unchanged = User.objects.filter(pk=user_id, password=encoded, is_active=True)
    if not unchanged.select_for_update(no_key=True).exists():
        raise InvalidCredentials
    return start_session(user_id=user_id, otp_device=otp_device, user_agent=user_agent)


def start_session(*, user_id: int, otp_device: str = "", user_agent: str = "") -> TokenPair:
    """Begin a session for a user whose identity was checked, with a code of `otp_device` if that is named."""
    now = timezone.now()
    session = Session.objects.create(
        user_id=user_id,
        refresh_jti=uuid4(),
        user_agent=user_agent[:200],
        otp_device=otp_device,
        expires_at=now + settings.REFRESH_TOKEN_LIFETIME,
    )
    return issue_pair(session_id=session.id, user_id=user_id, refresh_jti=session.refresh_jti, issued_at=now)


def refresh_session(*, refresh_token: str) -> TokenPair:
    """Exchange a refresh token for a new pair of tokens. Refuses InvalidToken.

    The token that was used last gives the same pair again for REFRESH_GRACE_SECONDS, unless the successor was used
    meanwhile. Any other refresh token that was used before ends its session.
    """
    claims = read_refresh_token(refresh_token)
    if claims is None or (user := find_user(claims.session_id)) is None:
        raise InvalidToken
    successor, now = uuid4(), timezone.now()
    # All conditions are on the session's own columns, which PostgreSQL reads again after a wait for the row. With a
    # condition on the user, a subquery chooses the rows and is not read again: several requests won (tried).
    rotated = (
        Session.objects.live()
        .filter(id=claims.session_id, refresh_jti=claims.jti)
        .update(
            refresh_jti=successor,
            previous_jti=claims.jti,
            refreshed_at=now,
            expires_at=now + settings.REFRESH_TOKEN_LIFETIME,
        )
    )
    if rotated:
        return issue_pair(session_id=claims.session_id, user_id=user.pk, refresh_jti=successor, issued_at=now)
    since = now - timedelta(seconds=settings.REFRESH_GRACE_SECONDS)
    session = (
        Session.objects.live().filter(id=claims.session_id, previous_jti=claims.jti, refreshed_at__gt=since).first()
    )
    if session is None:
        end_session(session_id=claims.session_id, reason="refresh_reused")
        raise InvalidToken
    return issue_pair(
        session_id=session.id, user_id=user.pk, refresh_jti=session.refresh_jti, issued_at=session.refreshed_at
    )


def end_session(*, session_id: UUID, reason: str) -> None:
    """End one session. Its tokens are refused from the next request on. A session that has ended stays as it is."""
    if Session.objects.filter(id=session_id, revoked_at=None).update(revoked_at=Now(), revoked_reason=reason):
        deny(session_id)


def end_sessions(*, user_id: int, reason: str, but: UUID | None = None) -> None:
    """End all live sessions of a user, except the session `but`."""
    live = Session.objects.live().filter(user_id=user_id).values_list("id", flat=True)
    ended = [session_id for session_id in live if session_id != but]
    Session.objects.filter(id__in=ended, revoked_at=None).update(revoked_at=Now(), revoked_reason=reason)
    for session_id in ended:
        deny(session_id)


def deny(session_id: UUID) -> None:
    """Put a session on the denylist, once the transaction is committed, for as long as an access token can live.

    Gateways read the denylist to check tokens without our database. The shop itself asks the row.
    """
    seconds = settings.ACCESS_TOKEN_LIFETIME.total_seconds()
    transaction.on_commit(lambda: cache.write(f"denied:{session_id.hex}", b"1", seconds))
