"""Permissions of staff. Ownership is decided by the querysets: an object of somebody else is a 404."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request


class StaffWith(BasePermission):
    """Staff who hold a permission, given per method; a method that is not named is open to whoever is let in so far."""

    permissions: dict[str, str] = {}
    public_read = False

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller may use this method here."""
        method = str(request.method)
        if self.public_read and method in SAFE_METHODS:
            return True
        user = request.user
        if not user.is_authenticated:
            return False
        needed = self.permissions.get("GET" if method == "HEAD" else method)
        return needed is None or (user.is_staff and user.has_perm(needed))


def requires(permission: str = "", *, public_read: bool = False, **by_method: str) -> type[StaffWith]:
    """A permission class: `requires("orders.view_order")` for every method, `requires(PUT="…")` for some.

    With `public_read` anyone may GET.
    """
    everything = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), permission) if permission else {}
    return type("Requires", (StaffWith,), {"permissions": everything | by_method, "public_read": public_read})
