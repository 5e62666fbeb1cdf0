"""The hold of a cart: its units are kept for it from the start of the checkout, for CART_HOLD_MINUTES.

Inventory does not know carts: it keeps units for a reference. What a guest may hold is bounded here, since a guest can
be anybody, many times: how many carts of one address hold something, and how much of an article all guests hold
together. Whoever is refused a hold can still place the cart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from django.conf import settings

import inventory.exceptions
from checkout.callers import Caller
from checkout.exceptions import HoldLimit, NotEnoughToHold, RequirementsMissing
from checkout.facts import Facts, Line
from checkout.requirements import of_lines
from checkout.services.changing import TOUCH, change
from database.rows import array, fetch_rows
from database.transactions import unit_of_work
from events.actors import Actor
from inventory import services as inventory_services
from inventory.exceptions import Shortage
from inventory.quantities import AVAILABLE

# The carts of guests from one address that hold something are counted one after the other.
LOCK_SOURCE = "select pg_advisory_xact_lock(hashtextextended('cart holds ' || %(source)s::text, 0))"
HELD_FROM = """
select count(*) from checkout_cart
where held_from = %(source)s::text and user_id is null and held_until > clock_timestamp() and id <> %(cart_id)s::uuid
"""
NOTE_HOLD = """
update checkout_cart set held_until = %(until)s::timestamptz, held_from = coalesce(%(source)s::text, held_from)
where id = %(cart_id)s::uuid returning id
"""
# A hold is no edit: the version stays.
BEGIN_HOLD = f"with cart as ({TOUCH.format(edits=0, columns='')}) select exists (select from cart)"  # noqa: S608  # as below
# What all guests hold of some items, beside what is left of them. Whoever asks has locked the items' levels, so that
# the next guest sees these units.
HELD_BY_GUESTS = f"""
select item.id, stock.units, guests.units
from unnest(%(items)s::bigint[]) as item (id)
cross join lateral (
    select coalesce(sum({AVAILABLE}), 0)::int as units from inventory_stocklevel level
    where level.item_id = item.id
        and level.warehouse_id = any(array(select id from inventory_warehouse where is_active))
) stock
cross join lateral (
    select coalesce(sum(reservation.quantity), 0)::int as units
    from inventory_stocklevel level
    join inventory_reservation reservation on reservation.level_id = level.id and reservation.state = 'open'
        and reservation.expires_at > clock_timestamp()
    join checkout_cart cart on reservation.reference = 'cart:' || cart.id::text and cart.user_id is null
    where level.item_id = item.id
) guests
"""  # noqa: S608  # no value goes in but as a parameter


@unit_of_work
def hold_cart(*, cart_id: UUID, caller: Caller) -> Facts:
    """Keep the units of a cart for it, for CART_HOLD_MINUTES from now; again: from then on. Answers the cart.

    However often it is asked for, a hold ends HOLD_MAX_HOURS after it began. Refuses RequirementsMissing for an empty
    cart and for lines that are not for sale, NotEnoughToHold with every short line, and HoldLimit for guests. Locks the
    cart, the address of a guest, then the stock levels.
    """
    _, cart = change(BEGIN_HOLD, cart_id, caller)
    missing = [lack for lack in of_lines(cart) if lack.code in ("empty", "unavailable")]
    if missing:
        raise RequirementsMissing(missing)
    if cart.user_id is None:
        _bound_source(cart, caller.source)
    until = cart.at + timedelta(minutes=settings.CART_HOLD_MINUTES)
    return hold_until(cart, caller, until, source="" if cart.user_id else caller.source)


def follow(cart: Facts, caller: Caller) -> Facts:
    """Let the hold of a cart, if it has one, have the units of its lines as they are now. Its end stays.

    Takes part in the caller's unit of work, which has locked the cart. A guest who would hold more than guests may is
    left without a hold. Refuses NotEnoughToHold. Locks the stock levels.
    """
    if not cart.is_held:
        return cart
    try:
        return hold_until(cart, caller, cart.held_until)
    except HoldLimit:
        give_back(cart, caller.actor)
        return replace(cart, held_until=None)


def give_back(cart: Facts, actor: Actor) -> None:
    """Give back all units that a cart holds. Takes part in the caller's unit of work. Locks the stock levels."""
    inventory_services.replace_hold(reference=cart.reference, quantities={}, actor=actor, expires_at=cart.at)
    fetch_rows(NOTE_HOLD, {"until": None, "source": "", "cart_id": cart.id})


def hold_until(cart: Facts, caller: Caller, until: datetime | None, source: str | None = None) -> Facts:
    """Let a cart hold the units of its lines until then, and nothing else; without a line for sale it has no hold.

    Takes part in the caller's unit of work, which has locked the cart. Without a `source` the cart keeps its own.
    Refuses NotEnoughToHold, and HoldLimit for a guest. Locks the stock levels.
    """
    quantities = {line.item_id: line.quantity for line in cart.lines if line.on_sale}
    try:
        held = inventory_services.replace_hold(
            reference=cart.reference,
            quantities=quantities,
            actor=caller.actor,
            expires_at=until,
            warehouse_id=cart.pickup_warehouse_id,
        )
    except inventory.exceptions.InsufficientStock as short:
        raise NotEnoughToHold(stock_issues(cart, short.shortages)) from short
    if cart.user_id is None:
        _bound_share(quantities)
    end = min((part.expires_at for part in held if part.expires_at is not None), default=None)
    fetch_rows(NOTE_HOLD, {"until": end, "source": source, "cart_id": cart.id})
    return replace(cart, held_until=end)


def stock_issues(cart: Facts, shortages: Sequence[Shortage]) -> list[dict[str, Any]]:
    """The short lines of a cart, for a problem document."""
    lines = {line.item_id: line for line in cart.lines}
    return [stock_issue(lines[shortage.item_id], shortage.requested, shortage.available) for shortage in shortages]


def stock_issue(line: Line, requested: int, available: int) -> dict[str, Any]:
    """A line that is short of units, for a problem document."""
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "product_name": line.product_name,
        "requested": requested,
        "available": available,
    }


def _bound_source(cart: Facts, source: str) -> None:
    """Refuse HoldLimit where as many carts of guests from this address hold something as may. Locks the address."""
    most = settings.GUEST_HOLDS_PER_ADDRESS
    if not most:
        return
    fetch_rows(LOCK_SOURCE, {"source": source})
    [(others,)] = fetch_rows(HELD_FROM, {"source": source, "cart_id": cart.id})
    if others >= most:
        raise HoldLimit("Too many carts of guests at your address hold something. The cart can be placed as it is.")


def _bound_share(quantities: Mapping[int, int]) -> None:
    """Refuse HoldLimit where guests hold more than their share of an item. The levels are locked by now.

    One unit may always be held, and parts of a unit count as one.
    """
    share = settings.GUEST_HOLD_SHARE
    if share >= 100 or not quantities:
        return
    for _, left, held in fetch_rows(HELD_BY_GUESTS, {"items": array(quantities)}):
        if held > max(1, ceil((left + held) * share / 100)):
            raise HoldLimit("Guests hold as much of an article as they may. The cart can be placed as it is.")
