"""Verbs of carts as the order desk uses them: the same, and the journal tells who served whom with what."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from checkout.callers import Caller
from checkout.facts import Facts
from checkout.services.carts import change_cart, open_cart
from database.transactions import unit_of_work
from events.actors import VISITOR
from events.services import publish

T = TypeVar("T")


@unit_of_work
def serve(verb: Callable[..., T], *, cart_id: UUID, caller: Caller, did: str, **what: Any) -> T:
    """Carry out a verb of carts for somebody, and tell the journal what was `did`. Refuses and locks as the verb."""
    result = verb(cart_id=cart_id, caller=caller, **what)
    tell(cart_id, caller, did)
    return result


@unit_of_work
def open_for_customer(*, user_id: int, caller: Caller) -> Facts:
    """The live cart of a customer, which may have something in it already, or a new one.

    Refuses (Invalid) a customer who is not there.
    """
    cart, is_new = open_cart(caller=caller, user_id=user_id)
    tell(cart.id, caller, "opened" if is_new else "took over")
    return cart


@unit_of_work
def open_for_guest(*, email: str, caller: Caller) -> Facts:
    """A new cart of a guest, to whom the shop writes at this email."""
    cart, _ = open_cart(caller=Caller(VISITOR))
    cart = change_cart(cart_id=cart.id, caller=caller, changes={"email": email})
    tell(cart.id, caller, "opened")
    return cart


def tell(cart_id: UUID, caller: Caller, did: str) -> None:
    """Tell the journal what somebody of the order desk did with a cart."""
    publish("cart.served", {"cart_id": str(cart_id), "did": did}, subject=f"cart:{cart_id}", actor=caller.actor)
