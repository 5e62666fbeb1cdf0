"""Guests with carts over HTTP: what each has in the cart, and the one order that the cart is to become."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.faults import client
from tests.faults.client import Answer, Web, Wish
from tests.faults.stage import Stage

# So many carts are filled at once: filling them is no part of a trial.
FILLED_AT_ONCE = 16
TRIES = 20
Basket = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Coupon:
    """A promotion of a tenth off, with one code."""

    id: int
    code: str


@dataclass(frozen=True)
class Shopper:
    """A guest's cart as it was filled. Its order carries `key` in the address, as `client.order` does."""

    cart_id: str
    cart_token: str
    key: str
    total: str
    basket: Basket

    @property
    def path(self) -> str:
        return f"/carts/{self.cart_id}"

    @property
    def headers(self) -> dict[str, str]:
        return {"X_Cart_Token": self.cart_token}

    def placing(self) -> Wish:
        """The wish to order at the total that the cart had."""
        body = {"expected_total": self.total}
        return Wish("order", f"{self.path}/place", body, "", self.key, headers=self.headers, basket=self.basket)

    async def send(
        self, web: Web, method: str, path: str = "", body: object = None, token: str = "", **headers: str
    ) -> Answer:
        """A request about the cart, asked once."""
        return await web.send(method, self.path + path, token, body, **self.headers, **headers)


@contextmanager
def coupon(stage: Stage, *, total_limit: int | None = None, per_customer: int | None = None) -> Iterator[Coupon]:
    """A coupon that counts until the end of the block."""
    code = stage.key().upper()
    body = {"code": code, "total_limit": total_limit, "per_customer": per_customer}
    id = stage.call("POST", "/faults/coupons", stage.admin, body)["promotion_id"]
    try:
        yield Coupon(id, code)
    finally:
        stage.call("DELETE", "/faults/coupons", stage.admin, {"promotion_id": id})


def fill_carts(stage: Stage, baskets: Sequence[Basket], *, code: str = "", email: str = "") -> list[Shopper]:
    """A guest's cart for each basket, with an address and a coupon; each guest has an email, or all have this one."""

    async def fill(web: Web) -> list[Shopper]:
        free = asyncio.Semaphore(FILLED_AT_ONCE)

        async def one(basket: Basket) -> Shopper:
            async with free:
                return await fill_cart(web, stage.key(), basket, code=code, email=email)

        return await client.together(one(basket) for basket in baskets)

    return stage.run(fill)


async def fill_cart(web: Web, key: str, basket: Basket, *, code: str = "", email: str = "") -> Shopper:
    """Open a cart and fill it, by requests that must succeed."""
    opened = await must(web, "POST", "/carts/", {})
    path, token = f"/carts/{opened['cart_id']}", opened["token"]
    for sku, quantity in basket:
        await must(web, "POST", f"{path}/lines", {"sku": sku, "quantity": quantity}, token)
    address = {
        "recipient_name": "Ada Buyer",
        "address_line1": "1 Main Street",
        "address_line2": key,
        "city": "Springfield",
        "state": "IL",
        "postal_code": "62701",
        "country_code": "US",
    }
    changes = {"email": email or f"{key}@example.com", "shipping_address": address}
    cart = await must(web, "PATCH", path, changes, token)
    if code:
        cart = await must(web, "POST", f"{path}/coupons", {"code": code}, token)
    return Shopper(opened["cart_id"], token, key, cart["totals"]["total"], basket)


async def must(web: Web, method: str, path: str, body: object, cart_token: str = "") -> Any:
    """The document of a request that must succeed; a busy shop, which has done nothing, is asked again."""
    headers = {"X_Cart_Token": cart_token} if cart_token else {}
    answer = Answer(0)
    for _ in range(TRIES):
        answer = await web.send(method, path, "", body, **headers)
        if answer.ok:
            return answer.document
        if answer.status != 503:
            break
        await asyncio.sleep(0.1)
    raise AssertionError(f"{method} {path}: {answer}")
