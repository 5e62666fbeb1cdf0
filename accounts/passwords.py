"""Checking and making password hashes. A hash is expensive on purpose, so each process computes one at a time."""

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
# One login hashes and one waits. All others are refused at once, since waiting would take threads that orders need.
PLACES = 2
_places = threading.Semaphore(PLACES)
PATIENCE_SECONDS = 1.0


@contextmanager
def hashing() -> Iterator[None]:
    """Wait for the turn to hash, for the time of a block. Refuses Busy when the turn does not come soon."""
    queue = place_in(_places, seconds=0) if settings.RATE_LIMITS else nullcontext()
    with queue, place_in(_gate, seconds=PATIENCE_SECONDS):
        yield


@contextmanager
def place_in(room: threading.Semaphore, *, seconds: float) -> Iterator[None]:
    """Take a place in a room for the time of a block. Refuses Busy when none becomes free within `seconds`."""
    if not room.acquire(timeout=seconds):
        raise Busy("Too many people are signing in at this moment; try again.")
    try:
        yield
    finally:
        room.release()


def is_password_of(user: User | None, password: str) -> bool:
    """Whether the password is the user's, and the user may sign in.

    A right password whose hash is outdated, or was made of another spelling than the normalised one, is hashed anew.
    The answer takes as long for no user and for a disabled user as for a wrong password, so that the time does not
    tell who has an account. Refuses Busy.
    """
    with hashing():
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


def hash_password(user: User, password: str, *, field: str = "password") -> None:
    """Set the password on the instance, without saving.

    Refuses a weak password as an error of `field` (Invalid), and Busy.
    """
    try:
        validate_password(normalised(password), user)
    except ValidationError as error:
        errors = [FieldError(field, e.code or "invalid", " ".join(e.messages)) for e in error.error_list]
        raise Invalid("The password is not good enough.", errors=errors) from None
    with hashing():
        user.set_password(password)
