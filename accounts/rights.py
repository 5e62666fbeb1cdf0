"""Rights over accounts. Permissions decide which staff change people at all; these functions decide which people.

Nobody gives rights that they do not hold. An account of staff carries the rights of its owner, so only administrators
change its email, password and access. Otherwise staff who may edit people could take over any account.
"""

from typing import Any

from django.contrib.auth.models import Group

from accounts.exceptions import AdministratorsOnly, LastAdministrator
from accounts.models import User
from events.actors import Actor


def check_administrator(actor: Actor | None) -> None:
    """Refuse (AdministratorsOnly) all actors but superusers and the system itself, a command or the worker.

    Without an actor a visitor registers, who is refused too.
    """
    if actor is None or (actor.user_id is None and not actor.is_system):
        raise AdministratorsOnly
    administrators = User.objects.filter(is_superuser=True, is_active=True)
    if actor.user_id is not None and not administrators.filter(pk=actor.user_id).exists():
        raise AdministratorsOnly


def check_rights_over(user: User, actor: Actor | None) -> None:
    """Refuse (AdministratorsOnly) a change of an account of staff, unless an administrator makes it."""
    if user.is_staff or user.is_superuser:
        check_administrator(actor)


def refuse_last_administrator(user: User) -> None:
    """Refuse LastAdministrator unless another active administrator stays. Locks one of the others' rows."""
    others = User.objects.filter(is_superuser=True, is_active=True, leaving_at=None).exclude(pk=user.pk)
    # An administrator who stays is locked, so that two cannot leave at the same moment. If each of the two locks the
    # other, the deadlock makes one of the units run again, alone.
    if not others.select_for_update(no_key=True).exists():
        raise LastAdministrator


def access_of(user: User) -> dict[str, Any]:
    """What a user may do, as the journal tells it: the three switches, and the groups by their names."""
    groups = sorted(user.groups.values_list("name", flat=True))
    return {
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        "is_superuser": user.is_superuser,
        "groups": groups,
    }


def rights_of(group: Group) -> dict[str, Any]:
    """The name of a group and the rights that it gives, as the journal tells them."""
    return {"name": group.name, "permissions": sorted(p.codename for p in group.permissions.all())}
