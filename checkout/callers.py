"""Who uses a cart: its customer, whoever shows the token of a guest's cart, or staff who serve a customer."""

from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from accounts.clients import pseudonym
from checkout.tokens import opens, token_of
from events.actors import Actor

# Of the row `cart`, as a condition of SQL. A token opens the cart of a guest; the cart of a customer it does not open.
REACHED = """(%(serves)s::boolean
    or case when cart.user_id is null then %(has_token)s::boolean else cart.user_id = %(caller_id)s::bigint end)"""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who uses carts. `source` stands for the address of a guest. Who `serves` is staff and reaches all."""

    actor: Actor
    token: str = ""
    source: str = ""
    serves: bool = False

    @property
    def user_id(self) -> int | None:
        """The signed-in user, None for a guest."""
        return self.actor.user_id

    def with_token_of(self, cart_id: UUID) -> Self:
        """The same caller with the token of a cart, which was opened for them."""
        return replace(self, token=token_of(cart_id))

    def params(self, cart_id: UUID) -> dict[str, object]:
        """The cart's id, and the parameters of REACHED."""
        return {
            "cart_id": cart_id,
            "caller_id": self.user_id,
            "has_token": "true" if opens(self.token, cart_id) else "false",
            "serves": "true" if self.serves else "false",
        }


def source_of(address: str) -> str:
    """What stands for the address of a client in a cart."""
    return pseudonym(address)
