"""Every change of a live cart: its row is locked and its version raised first, and in the same round trip all that is
true of the cart afterwards is read.

The lock on the cart's row puts all changes of a cart one after the other. Lines are read or written in the statement
that takes it only where what another change has done meanwhile cannot matter.
"""

from typing import Any
from uuid import UUID

from checkout.callers import REACHED, Caller
from checkout.exceptions import CartNotOpen
from checkout.facts import FACTS, Facts, facts_of, params_of
from database.refusals import Expected, check_version
from database.rows import array, fetch_together
from database.transactions import Overtaken

# Locks a live cart that the caller may change, and that nobody has changed since the caller has seen it. Whoever comes
# back to a cart that was abandoned opens it again.
TOUCH = f"""
update checkout_cart as cart
set version = cart.version + {{edits}}, updated_at = clock_timestamp(), state = 'open'{{columns}}
where cart.id = %(cart_id)s::uuid and cart.state in ('open', 'abandoned') and {REACHED}
    and (%(versions)s::int[] is null or cart.version = any(%(versions)s::int[]))
returning cart.id
"""  # noqa: S608  # no value goes in but as a parameter
EDIT = TOUCH.format(edits=1, columns="")


def change(
    sql: str, cart_id: UUID, caller: Caller, expected_version: Expected = None, **params: object
) -> tuple[Any, Facts]:
    """Run a statement around TOUCH; answers its row, and the cart as it stands then.

    The first column of the row says whether the cart was touched. Refuses NotFound, CartNotOpen, VersionMismatch.
    """
    everything = params_of(cart_id, caller) | {"versions": versions_of(expected_version)} | params
    (row,), found = fetch_together((sql, everything), (FACTS, everything))
    cart = facts_of(found)
    if not row[0]:
        refuse_change(cart, expected_version)
    return row, cart


def refuse_change(cart: Facts, expected_version: Expected) -> None:
    """Say why a cart was not touched. Raises Overtaken where nothing stands against it any more."""
    if not cart.is_live:
        raise not_open(cart)
    check_version(cart.version, expected_version)
    raise Overtaken("What stood against the change is gone.")


def not_open(cart: Facts) -> CartNotOpen:
    """The refusal of a change of a cart that was placed or merged."""
    return CartNotOpen(cart.state, cart.order_id)


def versions_of(expected: Expected) -> str | None:
    """The versions that the caller has seen, as an array; None for any. Numbers that no version can be match none."""
    if expected is None:
        return None
    seen = expected if isinstance(expected, frozenset) else {expected}
    return array(sorted(version for version in seen if version < 2**31))
