"""Whose account somebody may change. Permissions say who may change people at all; this says which people.

Nobody gives what they do not hold. An account of staff opens what its owner may do, so its email, password and access
belong to administrators; otherwise whoever may edit people could become anybody.
"""

from accounts.exceptions import AdministratorsOnly
from accounts.models import User
from events.actors import Actor


def check_administrator(actor: Actor | None) -> None:
    """Refuse (AdministratorsOnly) everybody but superusers and the system itself: a command, or the worker.

    No actor is somebody who registers.
    """
    if actor is None:
        raise AdministratorsOnly
    administrators = User.objects.filter(is_superuser=True, is_active=True)
    if actor.user_id is not None and not administrators.filter(pk=actor.user_id).exists():
        raise AdministratorsOnly


def check_rights_over(user: User, actor: Actor | None) -> None:
    """Refuse (AdministratorsOnly) a change of an account of staff, unless an administrator makes it."""
    if user.is_staff or user.is_superuser:
        check_administrator(actor)
