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
from django.db.models import F
from django.db.models.functions import Least, Now
from django.utils import timezone

from accounts import known_devices
from accounts.clients import Client
from accounts.exceptions import InvalidCredentials, InvalidToken, OtpDeviceRequired, OtpThrottled
from accounts.models import Session, User
from accounts.passwords import is_password_of
from accounts.second_factor import check_code, is_satisfied
from accounts.tokens import TokenPair, issue_pair, read_refresh_token
from accounts.trail import note, note_login, note_refused_login
from api import cache
from database.rows import fetch_rows
from database.transactions import unit_of_work
from events.actors import Actor

USER_COLUMNS = [field.attname for field in User._meta.concrete_fields]
# Session and user in one statement by hand, which runs before every signed-in request and takes 0.22 ms. The ORM takes
# 1.5 ms, which is more than most of those requests need for themselves.
FIND_USER = f"""
    select s.otp_device, {", ".join(f"u.{column}" for column in USER_COLUMNS)}
    from accounts_session s join accounts_user u on u.id = s.user_id
    where s.id = %(session_id)s::uuid and s.revoked_at is null and s.expires_at > now() and u.is_active
"""  # noqa: S608  # column names of our own model
STRANGER = Client()
SYSTEM = Actor(None, "api")


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
    """Check the password, and the code of staff who have a device, and begin a session. The trail tells of either end.

    Every failure of the password is InvalidCredentials, and takes the same time. After the right password this refuses
    what check_code refuses. The pair comes with a `device_token`, by which the account knows the device from now on.
    """
    user = User.objects.with_email(email).first()
    try:
        if not is_password_of(user, password, known=client.known) or user is None:
            raise InvalidCredentials
        otp_device = check_code(user=user, code=otp_code) if user.is_staff else ""
        pair = start_checked_session(user=user, otp_device=otp_device, client=client)
    except (InvalidCredentials, OtpDeviceRequired, OtpThrottled) as refusal:
        note_refused_login(email=email, user=user, reason=refusal.code, client=client)
        raise
    return replace(pair, device_token=known_devices.issue(user.pk, before=device_token))


@unit_of_work
def start_checked_session(*, user: User, otp_device: str, client: Client) -> TokenPair:
    """Begin a session if the password that was checked is still the user's. Locks the user's row.

    While the hash was computed the password may have been changed, and that change could not end a session to come.
    """
    unchanged = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
    if not unchanged.select_for_update(no_key=True).exists():
        raise InvalidCredentials
    pair, session_id = begin(user_id=user.pk, otp_device=otp_device, user_agent=client.user_agent)
    note_login(user=user, session_id=session_id, client=client, otp_device=otp_device)
    return pair


def start_session(*, user_id: int, otp_device: str = "") -> TokenPair:
    """Begin a session for a user whose identity was checked, with a code of `otp_device` if that is named."""
    return begin(user_id=user_id, otp_device=otp_device)[0]


def begin(*, user_id: int, otp_device: str = "", user_agent: str = "") -> tuple[TokenPair, UUID]:
    """Store a session. Returns its tokens and its id."""
    now = timezone.now()
    session = Session.objects.create(
        user_id=user_id,
        refresh_jti=uuid4(),
        user_agent=user_agent[:200],
        otp_device=otp_device,
        expires_at=now + min(settings.REFRESH_TOKEN_LIFETIME, settings.SESSION_LIFETIME),
    )
    pair = issue_pair(session_id=session.id, user_id=user_id, refresh_jti=session.refresh_jti, issued_at=now)
    return pair, session.id


def refresh_session(*, refresh_token: str) -> TokenPair:
    """Exchange a refresh token for a new pair of tokens. Refuses InvalidToken.

    The token that was used last gives the same pair again for REFRESH_GRACE_SECONDS, unless the successor was used
    meanwhile. Any other refresh token that was used before ends its session. No refresh puts the end off beyond
    SESSION_LIFETIME after the log-in.
    """
    claims = read_refresh_token(refresh_token)
    if claims is None or (user := find_user(claims.session_id)) is None:
        raise InvalidToken
    successor, now = uuid4(), timezone.now()
    # All conditions are on the session's own columns, which PostgreSQL reads again after a wait for the row. With a
    # condition on the user, a subquery chooses the rows and is not read again: several requests won (tried).
    rotated = (
        Session.objects.live()
        .filter(id=claims.session_id, refresh_jti=claims.jti, created_at__gt=now - settings.SESSION_LIFETIME)
        .update(
            refresh_jti=successor,
            previous_jti=claims.jti,
            refreshed_at=now,
            expires_at=Least(now + settings.REFRESH_TOKEN_LIFETIME, F("created_at") + settings.SESSION_LIFETIME),
        )
    )
    if rotated:
        return issue_pair(session_id=claims.session_id, user_id=user.pk, refresh_jti=successor, issued_at=now)
    since = now - timedelta(seconds=settings.REFRESH_GRACE_SECONDS)
    session = (
        Session.objects.live().filter(id=claims.session_id, previous_jti=claims.jti, refreshed_at__gt=since).first()
    )
    if session is None:
        too_old = Session.objects.filter(id=claims.session_id, created_at__lte=now - settings.SESSION_LIFETIME).exists()
        end_session(session_id=claims.session_id, reason="too_old" if too_old else "refresh_reused")
        raise InvalidToken
    return issue_pair(
        session_id=session.id, user_id=user.pk, refresh_jti=session.refresh_jti, issued_at=session.refreshed_at
    )


@unit_of_work
def end_session(*, session_id: UUID, reason: str, actor: Actor = SYSTEM, user_id: int | None = None) -> bool:
    """End one session, of this user if one is named. Returns whether it was live. Locks the session's row.

    Its tokens are refused from the next request on. A session that has ended stays as it is.
    """
    asked = Session.objects.filter(id=session_id, **({} if user_id is None else {"user_id": user_id}))
    session = asked.live().select_for_update(no_key=True).first()
    if session is None:
        return False
    Session.objects.filter(id=session_id).update(revoked_at=Now(), revoked_reason=reason)
    note("user.session_ended", user_id=session.user_id, actor=actor, session_id=str(session_id), reason=reason)
    deny(session_id)
    return True


def end_sessions(*, user_id: int, reason: str, but: UUID | None = None) -> int:
    """End all live sessions of a user, except the session `but`. Returns their number."""
    live = Session.objects.live().filter(user_id=user_id).values_list("id", flat=True)
    ended = [session_id for session_id in live if session_id != but]
    Session.objects.filter(id__in=ended, revoked_at=None).update(revoked_at=Now(), revoked_reason=reason)
    for session_id in ended:
        deny(session_id)
    return len(ended)


@unit_of_work
def end_other_sessions(*, user_id: int, but: UUID, actor: Actor) -> None:
    """End all sessions of a user except the one from which the user asks for it."""
    if number := end_sessions(user_id=user_id, reason="ended_by_owner", but=but):
        note("user.sessions_ended", user_id=user_id, actor=actor, number=number, reason="ended_by_owner")


def deny(session_id: UUID) -> None:
    """Put a session on the denylist, once the transaction is committed, for as long as an access token can live.

    Gateways read the denylist to check tokens without our database. The shop itself asks the row.
    """
    seconds = settings.ACCESS_TOKEN_LIFETIME.total_seconds()
    transaction.on_commit(lambda: cache.write(f"denied:{session_id.hex}", b"1", seconds))
