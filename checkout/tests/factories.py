"""What tests of carts need: guests and customers with a client, and carts with something in them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework.test import APIClient

from accounts.models import User
from accounts.sessions import start_session
from catalog.models import Variant
from checkout.callers import Caller
from checkout.models import Cart, CartLine
from checkout.tokens import token_of
from events.actors import VISITOR, Actor

CARTS = "/api/v1/carts"
ADDRESS = {
    "recipient_name": "Bo Smith",
    "address_line1": "1 Main Street",
    "city": "Springfield",
    "state": "IL",
    "postal_code": "62701",
    "country_code": "US",
}


def make_cart(basket: Mapping[Variant, int] | None = None, *, user: User | None = None, **columns: Any) -> Cart:
    """A cart with these articles at their prices of now; of a guest where no user is named."""
    cart = Cart.objects.create(user=user, **{"currency": "USD"} | columns)
    for variant, quantity in (basket or {}).items():
        CartLine.objects.create(cart=cart, variant=variant, quantity=quantity, seen_price=variant.effective_price)
    return Cart.objects.get(pk=cart.pk)


def guest_of(cart: Cart | UUID, source: str = "home") -> Caller:
    """Whoever shows the token of a guest's cart."""
    return Caller(VISITOR, token_of(cart if isinstance(cart, UUID) else cart.pk), source)


def customer(user: User | int | None) -> Caller:
    """A customer who is signed in."""
    assert user is not None
    return Caller(Actor(user if isinstance(user, int) else user.pk, "api"))


def client_with_token(cart: Cart | UUID) -> APIClient:
    """A client of a guest who has the token of a cart."""
    client = APIClient()
    client.credentials(HTTP_X_CART_TOKEN=token_of(cart if isinstance(cart, UUID) else cart.pk))
    return client


def client_with_both(user: User, cart: Cart) -> APIClient:
    """A client of a customer who has just logged in, with the token of the cart from before."""
    client = APIClient()
    token = start_session(user_id=user.pk).access_token
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_X_CART_TOKEN=token_of(cart.pk))
    return client


def quantities_of(cart: Cart | UUID) -> dict[int, int]:
    """The units of each article of a cart, by the variant's id."""
    lines = CartLine.objects.filter(cart=cart if isinstance(cart, UUID) else cart.pk)
    return dict(lines.values_list("variant_id", "quantity"))


def carts() -> dict[str, list[dict[str, Any]]]:
    """All rows of carts: equal before and after means that nothing happened."""
    models: list[Any] = [Cart, CartLine]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
