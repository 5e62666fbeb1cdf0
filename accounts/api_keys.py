"""Keys of programs: made, found and revoked. Decision 0015 says why they are ours and not a library's."""

import hashlib
import hmac
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, router
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.exceptions import NotForKeys, ScopeNotYours, ScopeRequired
from accounts.models import ApiKey, User
from accounts.scopes import SCOPES, needed_to_give, permissions_of, scope_for, with_included
from api.permissions import StaffWith
from database.refusals import FieldError, Invalid, NotFound
from database.rows import fetch_rows
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish

logger = logging.getLogger(__name__)
BEGINS = {ApiKey.Kind.SECRET: "sk_", ApiKey.Kind.PUBLISHABLE: "pk_"}
# 40 letters and digits are 238 bits. The first twelve are the prefix, which is no secret; 166 bits are left.
RANDOM = 40
PREFIX = 15
LENGTH = 3 + RANDOM
MARKED_EVERY = timedelta(minutes=1)
# Not even for another request that marks the same key at this moment does this one wait.
MARK_USED = """
update accounts_apikey set last_used_at = now() where id = (
    select id from accounts_apikey
    where id = %(key_id)s::bigint and (last_used_at is null or last_used_at < now() - interval '1 minute')
    for no key update skip locked
) returning true
"""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """What stands in `request.user` for a request with a secret key: staff who may do what the scopes say.

    `pk` is a text, such as "key:7", so that no window of limits and no row of a user is taken for the key's.
    """

    id: int
    scopes: frozenset[str]
    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = True
    is_superuser = False

    @property
    def pk(self) -> str:
        """The name of the key for limits and journals."""
        return f"key:{self.id}"

    @property
    def actor(self) -> Actor:
        """The key as the actor of what it changes."""
        return Actor(None, "api", is_staff=True, key_id=self.id)

    def has_perm(self, permission: str) -> bool:
        """Whether one of the key's scopes stands for a permission."""
        return permission in permissions_of(self.scopes)

    def check_operation(self, request: Any, view: Any) -> None:
        """Refuse (ScopeRequired, NotForKeys) an operation that is not for this key."""
        needed = needed_scopes(view, request.method)
        if needed is None:
            raise NotForKeys
        for scope in sorted(needed - self.scopes):
            raise ScopeRequired(scope)


def needed_scopes(view: Any, method: str) -> frozenset[str] | None:
    """The scopes that a key needs for the action of a view; None where it is not for keys.

    `scopes` of a view names those of actions whose permissions name none, since they ask whose a thing is; "" is any
    scope. For all others it is the scope that stands for the permission. What neither knows is not for keys.
    """
    needed: set[str | None] = set()
    if (declared := view.scopes.get(view.action)) is not None:
        needed.add(declared)
    else:
        for each in view.get_permissions():
            if not isinstance(each, StaffWith):
                return None
            if each.is_open(method):
                needed.add("")
            elif permission := each.needed(method):
                needed.add(scope_for(permission))
    if not needed or None in needed:
        return None
    return frozenset(filter(None, needed))


def digest_of(key: str) -> bytes:
    """What is kept of a key. It has 238 random bits, so no slow hash is needed."""
    return hashlib.sha256(key.encode()).digest()


def is_key(text: str) -> bool:
    """Whether a text wants to be a key, rather than a token of a session."""
    return text.startswith(tuple(BEGINS.values()))


def find_key(key: str, kind: str) -> ApiKey | None:
    """The live key of this kind that a client shows, by one statement; None for all others."""
    if len(key) != LENGTH or not key.isascii() or not key.startswith(BEGINS[ApiKey.Kind(kind)]):
        return None
    found = ApiKey.objects.using(router.db_for_write(ApiKey)).live().filter(prefix=key[:PREFIX], kind=kind).first()
    if found is None or not hmac.compare_digest(bytes(found.digest), digest_of(key)):
        return None
    return found


def holder_of(key: ApiKey) -> KeyHolder:
    """Who asks with this secret key."""
    return KeyHolder(key.pk, with_included(key.scopes))


def mark_used(key: ApiKey) -> None:
    """Note that a key is used, once a minute. Waits for nobody, and a database that cannot write stops nothing."""
    if key.last_used_at is not None and timezone.now() - key.last_used_at < MARKED_EVERY:
        return
    try:
        fetch_rows(MARK_USED, {"key_id": key.pk})
    except DatabaseError:
        logger.warning("the use of an API key could not be noted", exc_info=True)


@unit_of_work
def create_key(
    *, name: str, kind: str, actor: Actor, scopes: list[str] | None = None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key; returns its row, and the key itself, which nobody can read again.

    Refuses (Invalid) a secret key without scopes, a publishable one with any, and an end that has passed; and
    (ScopeNotYours) scopes for what the actor may not do.
    """
    given = sorted(set(scopes or ()))
    if unknown := [scope for scope in given if scope not in SCOPES]:
        raise refusal("scopes", "invalid_choice", f"There is no scope {unknown[0]}.")
    if kind == ApiKey.Kind.SECRET and not given:
        raise refusal("scopes", "required", "A secret key has at least one scope.")
    if kind == ApiKey.Kind.PUBLISHABLE and given:
        raise refusal("scopes", "not_allowed", "A publishable key has no scopes.")
    if expires_at is not None and expires_at <= timezone.now():
        raise refusal("expires_at", "in_the_past", "The key would have expired already.")
    check_may_give(actor, given)
    key = BEGINS[ApiKey.Kind(kind)] + get_random_string(RANDOM)
    row = ApiKey(name=name, kind=kind, prefix=key[:PREFIX], digest=digest_of(key), scopes=given, expires_at=expires_at)
    row.created_by_id = actor.user_id
    row.save(force_insert=True)
    row.refresh_from_db(fields=["created_at"])
    publish("api_key.created", told_of(row), subject=f"api_key:{row.pk}", actor=actor)
    return row, key


@unit_of_work
def revoke_key(*, key_id: int, actor: Actor, reason: str = "") -> ApiKey:
    """End a key: from the next request on it opens nothing. One that is revoked stays so, for the reason given first.

    Refuses NotFound.
    """
    row = ApiKey.objects.select_for_update(no_key=True).filter(pk=key_id).first()
    if row is None:
        raise NotFound("There is no such key.")
    if row.revoked_at is None:
        ApiKey.objects.filter(pk=row.pk).update(revoked_at=Now(), revoked_reason=reason)
        row.refresh_from_db(fields=["revoked_at", "revoked_reason"])
        publish("api_key.revoked", told_of(row) | {"reason": reason}, subject=f"api_key:{row.pk}", actor=actor)
    return row


def check_may_give(actor: Actor, scopes: list[str]) -> None:
    """Refuse (ScopeNotYours) scopes for permissions that the actor lacks. The system holds all, and a key none."""
    if actor.is_system:
        return
    user = None
    if actor.user_id is not None:
        user = User.objects.filter(pk=actor.user_id, is_active=True, is_staff=True).first()
    lacking = [scope for scope in scopes if user is None or not user.has_perms(needed_to_give([scope]))]
    if user is None or lacking:
        raise ScopeNotYours(lacking)


def told_of(row: ApiKey) -> dict[str, Any]:
    """A key as the journal tells of it."""
    return {
        "key_id": row.pk,
        "name": row.name,
        "kind": row.kind,
        "prefix": row.prefix,
        "scopes": row.scopes,
        "expires_at": row.expires_at and row.expires_at.isoformat(),
    }


def refusal(field: str, code: str, words: str) -> Invalid:
    """Why a key is not made."""
    return Invalid(words, code=code, errors=[FieldError(field, code, words)])
