"""A guest logs in: the guest's cart becomes the customer's own, or is merged into the one that the customer has.

Both carts are locked by id, so that two requests that merge the same carts cannot wait for each other. Of an article in
both the larger quantity counts, not the sum: a customer who comes back with the same basket does not want it twice.
"""

from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from django.db import IntegrityError

from checkout.callers import REACHED, Caller
from checkout.exceptions import NotEnoughToHold, TooManyLines
from checkout.facts import Facts, params_of, read_cart
from checkout.models import MAX_COUPONS, MAX_LINES, Cart
from checkout.services.changing import not_open
from checkout.services.holding import give_back, hold_until
from database.refusals import NotFound
from database.rows import fetch_rows
from database.transactions import Overtaken, unit_of_work

LOCK = f"""
select cart.id from checkout_cart cart
where (cart.id = %(cart_id)s::uuid
        or (cart.user_id = %(caller_id)s::bigint and cart.state in ('open', 'abandoned')))
    and {REACHED}
order by cart.id for update of cart
"""  # noqa: S608  # no value goes in but as a parameter
ADOPT = """
update checkout_cart as cart
set user_id = %(caller_id)s::bigint, state = 'open', version = version + 1, updated_at = clock_timestamp(),
    held_from = ''
where cart.id = %(cart_id)s::uuid returning cart.id
"""
# What the customer's cart has already stays; the guest's cart fills in what is empty there.
MERGE = f"""
with lines as (
    insert into checkout_cartline as line (cart_id, variant_id, quantity, seen_price)
    select %(own)s::uuid, variant_id, quantity, seen_price from checkout_cartline
    where cart_id = %(guest)s::uuid order by id
    on conflict (cart_id, variant_id) do update set quantity = greatest(line.quantity, excluded.quantity)
    returning line.id
), guest as (
    update checkout_cart set state = 'merged', merged_into_id = %(own)s::uuid, version = version + 1,
        updated_at = clock_timestamp()
    where id = %(guest)s::uuid returning *
)
update checkout_cart as own
set version = own.version + 1, updated_at = clock_timestamp(), state = 'open',
    email = coalesce(nullif(own.email, ''), guest.email), phone = coalesce(nullif(own.phone, ''), guest.phone),
    shipping_address = coalesce(own.shipping_address, guest.shipping_address),
    billing_address = coalesce(own.billing_address, guest.billing_address),
    shipping_method = coalesce(nullif(own.shipping_method, ''), guest.shipping_method),
    note = coalesce(nullif(own.note, ''), guest.note),
    coupons = (own.coupons || array(
        select code from unnest(guest.coupons) as code where not own.coupons @> array[code]
    ))[1:{MAX_COUPONS}]
from guest where own.id = %(own)s::uuid returning own.id
"""  # noqa: S608  # a number of our own


@unit_of_work
def claim_cart(*, cart_id: UUID, caller: Caller) -> Facts:
    """Make the cart of a guest the caller's own; answers the cart that the caller has then. Again: the same cart.

    The caller is signed in and shows the cart's token. A customer without a live cart takes the guest's over; otherwise
    it is merged into the customer's, which keeps a hold that either has, as far as there is stock. Refuses NotFound,
    CartNotOpen for one that was placed, and TooManyLines. Locks both carts by id, then the stock levels.
    """
    caller = replace(caller, serves=False)  # staff have carts of their own too
    locked = {UUID(str(id)) for (id,) in fetch_rows(LOCK, params_of(cart_id, caller))}
    guest = read_cart(cart_id, caller)
    if guest.user_id is not None:
        return guest
    if guest.state == Cart.State.MERGED:
        return _merged_into(guest, caller)
    if not guest.is_live:
        raise not_open(guest)
    own_id = next(iter(locked - {cart_id}), None)
    if own_id is None:
        return _adopt(cart_id, caller)
    own = read_cart(own_id, caller)
    if not own.is_live:
        raise Overtaken("The customer's own cart was placed meanwhile.")
    fetch_rows(MERGE, {"own": own_id, "guest": cart_id})
    merged = read_cart(own_id, caller)
    if len(merged.lines) > MAX_LINES:
        raise TooManyLines
    return _with_hold(merged, guest, caller)


def _adopt(cart_id: UUID, caller: Caller) -> Facts:
    """Make a guest's cart that of a customer who has none."""
    try:
        fetch_rows(ADOPT, {"caller_id": caller.user_id, "cart_id": cart_id})
    except IntegrityError as error:
        raise Overtaken("The customer has come to have a cart meanwhile.") from error
    return read_cart(cart_id, caller)


def _merged_into(guest: Facts, caller: Caller) -> Facts:
    """The cart that a guest's cart was merged into, where it is the caller's. Refuses NotFound."""
    if guest.merged_into_id is None:
        raise NotFound("There is no such cart.")
    return read_cart(guest.merged_into_id, caller)


def _with_hold(merged: Facts, guest: Facts, caller: Caller) -> Facts:
    """The merged cart with the hold that either cart had, as far as there is stock.

    The first attempt locks all that either holds, so that nothing is waited for after it.
    """
    ends = [cart.held_until for cart in (merged, guest) if cart.is_held and cart.held_until is not None]
    if not ends:
        return merged
    held = None
    with suppress(NotEnoughToHold):
        held = hold_until(merged, caller, max(ends))
    if guest.held_until is not None:
        give_back(guest, caller.actor)
    if held is None:
        with suppress(NotEnoughToHold):
            held = hold_until(merged, caller, max(ends))
    if held is None and merged.held_until is not None:
        give_back(merged, caller.actor)
    return held or replace(merged, held_until=None)
