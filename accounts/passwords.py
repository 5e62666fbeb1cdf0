"""Checking and making password hashes: expensive on purpose, so one at a time in each process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User
from api.refusals import Busy, FieldError, Invalid

# A hash takes a core for a quarter of a second. Without this gate a storm of logins would leave none for orders.
_gate = threading.Semaphore(1)
PATIENCE_SECONDS = 2.0


@contextmanager
def hashing() -> Iterator[None]:
    """Wait for the turn to hash; Busy when it does not come soon."""
    if not _gate.acquire(timeout=PATIENCE_SECONDS):
        raise Busy("Too many people are signing in at this moment; try again.")
    try:
        yield
    finally:
        _gate.release()


def is_password_of(user: User | None, password: str) -> bool:
    """Whether this is the user's password. Nobody and a disabled user take as long as a wrong one."""
    with hashing():
        if user is None:
            User().set_password(password)
            return False
        return user.check_password(password) and user.is_active


def hash_password(user: User, password: str, *, field: str = "password") -> None:
    """Set the password on the instance, without saving. Refuses what the rules refuse, as errors of `field`."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        errors = [FieldError(field, e.code or "invalid", " ".join(e.messages)) for e in error.error_list]
        raise Invalid("The password is not good enough.", errors=errors) from None
    with hashing():
        user.set_password(password)
