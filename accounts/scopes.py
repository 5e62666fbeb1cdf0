"""Scopes: what a secret key may be given, and the permissions that each of them stands for.

This is the only place that says so. An operation whose permission stands in no scope is not for keys. Accounts,
what is one's own, money that leaves the shop, and the shop's settings are not.
"""

from collections.abc import Iterable

CATALOG = frozenset(
    f"catalog.{verb}_{model}" for verb in ("add", "change", "delete") for model in ("product", "category")
)
SEES_ORDERS = frozenset({"orders.view_order", "orders.view_fulfilment"})
SEES_STOCK = frozenset({"inventory.view_stockitem"})
SCOPES: dict[str, frozenset[str]] = {
    "products:write": CATALOG,
    "orders:read": SEES_ORDERS,
    "orders:write": SEES_ORDERS | {"orders.change_order", "orders.delete_order"},
    "stock:read": SEES_STOCK,
    "stock:write": SEES_STOCK | {"inventory.change_stockitem", "inventory.change_stocklevel"},
    "events:read": frozenset({"events.view_event"}),
    "webhooks:write": frozenset({"events.view_webhookendpoint", "events.change_webhookendpoint"}),
    "reports:read": frozenset(),
}
# Whoever gives a key these scopes holds these permissions beside those above. The figures of all orders are theirs
# who see orders, while a key that reads figures reads no order; and webhooks tell what the journal tells.
GIVERS = {"reports:read": frozenset({"orders.view_order"}), "webhooks:write": frozenset({"events.view_event"})}
# What each scope lets a program do, for whoever gives it.
WORDS = {
    "products:write": "make, change and archive products and categories",
    "orders:read": "read orders, with the people who ordered, and parcels",
    "orders:write": "confirm, change, ship and cancel orders, and all that reading them needs",
    "stock:read": "read stock and its movements",
    "stock:write": "receive, correct and move stock, and all that reading it needs",
    "events:read": "read the journal of all that happens",
    "webhooks:write": "set up webhooks, which tell others what the journal tells",
    "reports:read": "read figures over all orders, and no order",
}
# A scope that may write may read as well: an answer shows what was written.
INCLUDED = {"orders:write": ("orders:read",), "stock:write": ("stock:read",)}


def with_included(scopes: Iterable[str]) -> frozenset[str]:
    """These scopes and all that they include."""
    return frozenset(each for scope in scopes for each in (scope, *INCLUDED.get(scope, ())))


def permissions_of(scopes: Iterable[str]) -> frozenset[str]:
    """The permissions for which these scopes stand. One that is no longer known stands for none."""
    return frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in scopes))


def needed_to_give(scopes: Iterable[str]) -> frozenset[str]:
    """The permissions that somebody must hold to give these scopes to a key."""
    given = list(scopes)
    return permissions_of(given).union(*(GIVERS.get(scope, frozenset()) for scope in given))


def scope_for(permission: str) -> str | None:
    """The least scope that stands for a permission; None where keys cannot have it."""
    holders = [scope for scope, permissions in SCOPES.items() if permission in permissions]
    return min(holders, key=lambda scope: len(SCOPES[scope]), default=None)
