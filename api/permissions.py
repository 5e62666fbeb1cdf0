"""Permissions of staff. Ownership is decided by the querysets: an object of somebody else is a 404."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

# What DRF calls the action of a request whose method an address does not have. Of OPTIONS it makes one of its own.
NO_ACTION = (None, "metadata")


class StaffWith(BasePermission):
    """Staff who hold a permission, given per method; a method that is not named is open to whoever is let in so far."""

    permissions: dict[str, str] = {}
    public_read = False

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller may use this method here."""
        method = str(request.method)
        if self.is_open(method):
            return True
        user = request.user
        if not user.is_authenticated:
            return False
        if view.action in NO_ACTION:
            # Whoever may use some method of this address is told next that this one does not exist (405).
            return any(self.admits(user, known.upper()) for known in view.action_map)
        return self.admits(user, method)

    def is_open(self, method: str) -> bool:
        """Whether anyone may use this method."""
        return self.public_read and method in SAFE_METHODS

    def needed(self, method: str) -> str | None:
        """The permission that this method takes; None where it is open to whoever is let in so far."""
        return self.permissions.get("GET" if method == "HEAD" else method)

    def admits(self, user: Any, method: str) -> bool:
        """Whether a signed-in user may use this method, where it exists."""
        if self.is_open(method):
            return True
        needed = self.needed(method)
        return needed is None or (user.is_staff and user.has_perm(needed))


def requires(permission: str = "", *, public_read: bool = False, **by_method: str) -> type[StaffWith]:
    """A permission class: `requires("orders.view_order")` for every method, `requires(PUT="…")` for some.

    With `public_read` anyone may GET.
    """
    everything = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), permission) if permission else {}
    return type("Requires", (StaffWith,), {"permissions": everything | by_method, "public_read": public_read})
