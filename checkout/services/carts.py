"""Carts as a whole: opened, filled in, and given up."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.conf import settings

from checkout.callers import REACHED, Caller
from checkout.facts import READ_CONTENTS, Facts, facts_of, params_of, read_cart
from checkout.models import Cart
from checkout.services.changing import TOUCH, change, not_open
from checkout.services.holding import give_back
from database.refusals import Expected, FieldError, Invalid, check_version
from database.rows import fetch_rows, fetch_together
from database.transactions import unit_of_work

# One live cart for each customer. Whoever has one gets it: an abandoned one is open again.
OPEN = """
insert into checkout_cart as cart (id, user_id, currency) values (%(id)s::uuid, %(user_id)s::bigint, %(currency)s::text)
on conflict (user_id) where state in ('open', 'abandoned') do update set state = 'open', updated_at = clock_timestamp()
returning cart.id
"""
CUSTOMER = "select exists (select from accounts_user where id = %(user_id)s::bigint and anonymised_at is null)"
LOCK = f"select cart.id from checkout_cart cart where cart.id = %(cart_id)s::uuid and {REACHED} for update of cart"  # noqa: S608  # no value goes in but as a parameter
# The columns that a customer fills in, and their types.
COLUMNS = {
    "email": "text",
    "phone": "text",
    "shipping_address": "jsonb",
    "billing_address": "jsonb",
    "shipping_method": "text",
    "note": "text",
}


@unit_of_work
def open_cart(*, caller: Caller, user_id: int | None = None) -> tuple[Facts, bool]:
    """The live cart of a customer, or a new one; a guest gets a new one. Tells whether it is new.

    `user_id` is whom staff serve; without it the caller is the customer. Refuses (Invalid) a customer who is not there.
    """
    owner = caller.user_id if user_id is None else user_id
    if user_id is not None:
        [(is_there,)] = fetch_rows(CUSTOMER, {"user_id": user_id})
        if not is_there:
            error = FieldError("user_id", "unknown_customer", "There is no such customer.")
            raise Invalid("There is no such customer.", code="unknown_customer", errors=[error])
    new = uuid4()
    [(id,)] = fetch_rows(OPEN, {"id": new, "user_id": owner, "currency": settings.CURRENCY})
    cart_id = UUID(str(id))
    # A guest shows the token from now on.
    return read_cart(cart_id, caller.with_token_of(cart_id)), cart_id == new


@unit_of_work
def change_cart(
    *, cart_id: UUID, caller: Caller, changes: Mapping[str, Any], expected_version: Expected = None
) -> Facts:
    """Fill in who orders, where it goes and how. Answers the cart. Values that it has already are no edit.

    Refuses NotFound, CartNotOpen, VersionMismatch. Locks the cart.
    """
    columns = [name for name in COLUMNS if name in changes]
    values = {
        name: orjson.dumps(value).decode() if isinstance(value, dict) else value for name, value in changes.items()
    }
    new = [f"%({name})s::{COLUMNS[name]}" for name in columns]
    differs = " or ".join(f"cart.{name} is distinct from {value}" for name, value in zip(columns, new, strict=True))
    assignments = "".join(f", {name} = {value}" for name, value in zip(columns, new, strict=True))
    touch = TOUCH.format(edits=f"({differs or 'false'})::int", columns=assignments)
    sql = f"with cart as ({touch}) select exists (select from cart)"  # noqa: S608  # names of columns of our own
    _, cart = change(sql, cart_id, caller, expected_version, **values)
    return cart


@unit_of_work
def delete_cart(*, cart_id: UUID, caller: Caller, expected_version: Expected = None) -> None:
    """Delete a cart that was neither placed nor merged, and give back what it holds.

    Refuses NotFound, and CartNotOpen for one that was placed or merged: it is the way from a repeated request to its
    order, or to the cart that it went into. Locks the cart, then the stock levels.
    """
    params = params_of(cart_id, caller)
    _, found = fetch_together((LOCK, params), (READ_CONTENTS, params))
    cart = facts_of(found, contents_alone=True)
    if cart.state not in Cart.LIVE:
        raise not_open(cart)
    check_version(cart.version, expected_version)
    if cart.held_until is not None:
        give_back(cart, caller.actor)
    Cart.objects.filter(pk=cart_id).delete()
