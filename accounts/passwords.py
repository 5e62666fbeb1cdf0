"""Checking and making password hashes. A hash is expensive on purpose, so each process computes one at a time.

Others wait for a short time, in so few places that orders keep threads. One place is kept for known people: those who
are signed in, and known devices (accounts.known_devices). So a crowd of strangers does not shut them out.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.hashers import normalised, spellings_of
from accounts.models import User
from database.refusals import Busy, FieldError, Invalid

# A hash takes a core for a quarter of a second. Without this gate a storm of logins would leave no core for orders.
_gate = threading.Semaphore(1)
# One hashes, and the others wait in a thread each. Who finds no place is refused at once, since orders need threads.
PLACES = 2
KEPT_PLACES = 1
_places = threading.Semaphore(PLACES)
_kept_places = threading.Semaphore(KEPT_PLACES)
# Longer than the hashes of all places take, so that whoever has a place gets the turn.
PATIENCE_SECONDS = 3.0


@contextmanager
def hashing(*, known: bool = False) -> Iterator[None]:
    """Wait for the turn to hash, for the time of a block. Refuses Busy when the turn does not come soon.

    `known` people may take the place that is kept for them, and strangers the others only.
    """
    keeps = known and settings.RATE_LIMITS and _kept_places.acquire(blocking=False)
    room = place_in(_places, seconds=0) if settings.RATE_LIMITS and not keeps else nullcontext()
    try:
        with room, place_in(_gate, seconds=PATIENCE_SECONDS):
            yield
    finally:
        if keeps:
            _kept_places.release()


@contextmanager
def place_in(room: threading.Semaphore, *, seconds: float) -> Iterator[None]:
    """Take a place in a room for the time of a block. Refuses Busy when none becomes free within `seconds`."""
    if not room.acquire(timeout=seconds):
        raise Busy("Too many people are signing in at this moment; try again.")
    try:
        yield
    finally:
        room.release()


def is_password_of(user: User | None, password: str, *, known: bool = False) -> bool:
    """Whether the password is the user's, and the user may sign in. `known` is as for `hashing`.

    A right password whose hash is outdated, or was made of another spelling than the normalised one, is hashed anew.
    The answer takes as long for no user and for a disabled user as for a wrong password, so that the time does not
    tell who has an account. Refuses Busy.
    """
    with hashing(known=known):
        for spelling in spellings_of(password):
            if user is None:
                User().set_password(spelling)
            elif check_password(spelling, user.password, lambda right: upgrade_hash(user, right)):
                if spelling != normalised(spelling):
                    upgrade_hash(user, spelling)
                return user.is_active
        return False


def upgrade_hash(user: User, password: str) -> None:
    """Store a right password's hash at today's cost, unless the password has been changed meanwhile.

    Django's own way would overwrite the newer password.
    """
    outdated = user.password
    user.set_password(password)
    User.objects.filter(pk=user.pk, password=outdated).update(password=user.password)


def hash_password(user: User, password: str, *, field: str = "password", known: bool = False) -> None:
    """Set the password on the instance, without saving. `known` is as for `hashing`.

    Refuses a weak password as an error of `field` (Invalid), and Busy.
    """
    try:
        validate_password(normalised(password), user)
    except ValidationError as error:
        errors = [FieldError(field, e.code or "invalid", " ".join(e.messages)) for e in error.error_list]
        raise Invalid("The password is not good enough.", errors=errors) from None
    with hashing(known=known):
        user.set_password(password)
