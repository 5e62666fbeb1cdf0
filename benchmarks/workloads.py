"""What is asked of both shops: the same rows and fields, in each one's own words."""

import http.client
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from benchmarks import data
from benchmarks.data import Size
from benchmarks.load import UNIQUE

CUSTOMERS = 16
# Each workload replays so many prepared requests, again and again.
PREPARED = 4_000
# Sixteen at once but for W6: in each of our workers one hashes and one is next, and whoever else comes is sent away.
CONNECTIONS = {"W6": 2}
DEEP = 7_980
LIST_WORKLOADS = ("W1", "W3", "W4", "W5", "W10")
NAMES = {
    "W1": "first page, 20 newest products",
    "W2": "one product",
    "W3": "category, prices, in stock, by price",
    "W4": "full-text search, ranked",
    "W5": "rows 7,981 to 8,000 by cursor",
    "W6": "sign in (bcrypt, cost 12)",
    "W7": "an order of 3 articles",
    "W8": "flash sale: 1,000 units, 2,000 attempts",
    "W9": "own 10 newest orders with lines",
    "W10": "60 % W1, 25 % W2, 5 % W3, 10 % W7",
    "W11": "a cart: add a line, read it",
    "W12": "place a cart of 3: shipping, tax, coupon",
    "W13": "flash sale through carts: 1,000 coupons",
}
# These are asked of the shops whose databases have taxes, shipping and coupons; see carts.py.
CART_WORKLOADS = ("W11", "W12", "W13")
EXPECTED = {"W7": {201}, "W8": {201, 409}, "W10": {200, 201}, "W12": {201}, "W13": {201, 409}}


@dataclass
class Side:
    """How one shop is spoken to. `results` reads a list, `facts` what both must agree on about a product."""

    name: str
    port: int
    size: Size
    tokens: list[str] = field(default_factory=list)
    deep: str = ""

    host = "peer"
    prefix = ""
    login_path = "/login"
    asked = ""
    newest = "/products"
    orders = "/orders"
    my_orders = "/orders/mine?limit=10"
    names = ("id", "sku", "price", "stock")
    lines, order_id = "items", "id"

    def filtered(self, category: int, low: int, high: int) -> str:
        return f"/products?category={category}&price_min={low}&price_max={high}&in_stock=true&sort=price"

    def search(self, word: str) -> str:
        return f"/products?search={word}"

    def after(self, document: dict[str, Any]) -> str:
        return f"/products?cursor={document['next']}"

    def order(self, lines: Sequence[tuple[int, int]]) -> dict[str, Any]:
        shipping = {"line1": "Harbour Street 1", "city": "Lisbon", "state": "Lisboa", "postal_code": "1000"}
        items = [{"product_id": product, "quantity": units} for product, units in lines]
        return {"items": items, "shipping": {**shipping, "country": "PT"}}

    def facts(self, product: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(product[name] for name in self.names)

    def request(self, path: str, body: dict[str, Any] | None = None, token: str = "") -> bytes:
        """One request as bytes. Orders carry an idempotency key, which the peer does not look at."""
        lines = [f"{'GET' if body is None else 'POST'} {self.prefix}{path} HTTP/1.1", f"Host: {self.host}"]
        lines += ["X-Forwarded-Proto: https", "Accept: application/json"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        content = b""
        if body is not None:
            content = json.dumps(body).encode()
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
            if path == self.orders:
                lines.append(f"Idempotency-Key: {UNIQUE.decode()}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content

    def ask(self, path: str, body: dict[str, Any] | None = None, token: str = "") -> tuple[int, Any]:
        """One request outside of any measurement: the status and the document."""
        return self.ask_bytes(self.request(path, body, token))

    def ask_bytes(self, request: bytes) -> tuple[int, Any]:
        """The same with a request as bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.connect()
        connection.sock.sendall(request)
        response = http.client.HTTPResponse(connection.sock)
        response.begin()
        document = json.loads(response.read(int(response.headers["Content-Length"])))
        connection.close()
        return response.status, document

    def prepare(self) -> None:
        """Sign the customers in, and walk to the place of W5 page by page, as a client would."""
        for number in range(1, CUSTOMERS + 1):
            status, document = self.ask(self.login_path, credentials(number))
            assert status == 200, document
            self.tokens.append(document["access_token"])
        path = self.newest
        for _ in range(DEEP // 20):
            path = self.after(self.ask(path)[1])
        self.deep = path


class Shop(Side):
    host = "shop.test"
    prefix = "/api/v1"
    login_path = "/users/login"
    # The members that the peer has, and no others.
    fields = "fields=product_id,sku,slug,name,description,category,price,stock_quantity,created_at"
    asked = f"?{fields}"
    newest = f"/products/{asked}"
    orders = "/orders/"
    my_orders = (
        "/orders/my-orders?page_size=10&fields=order_id,user_id,status,total_amount,order_date,order_items,"
        "shipping_address_line1,shipping_city,shipping_state,shipping_postal_code,shipping_country"
    )
    names = ("product_id", "sku", "price", "stock_quantity")
    lines, order_id = "order_items", "order_id"

    def filtered(self, category: int, low: int, high: int) -> str:
        query = f"category=category-{category:03d}&price_min={low}&price_max={high}&in_stock=true&ordering=price"
        return f"/products/?{query}&{self.fields}"

    def search(self, word: str) -> str:
        return f"/products/?search={word}&{self.fields}"

    def after(self, document: dict[str, Any]) -> str:
        parts = urlsplit(document["next"])
        return f"{parts.path.removeprefix(self.prefix)}?{parts.query}"

    def order(self, lines: Sequence[tuple[int, int]]) -> dict[str, Any]:
        return {
            "order_items": [{"product_id": product, "quantity": units} for product, units in lines],
            "shipping_address_line1": "Harbour Street 1",
            "shipping_city": "Lisbon",
            "shipping_state": "Lisboa",
            "shipping_postal_code": "1000",
            "shipping_country": "PT",
        }


def credentials(number: int) -> dict[str, Any]:
    return {"email": f"user{number}@example.com", "password": data.PASSWORD}


Maker = Callable[[Side, random.Random], bytes]


def one_product(side: Side, dice: random.Random) -> bytes:
    return side.request(f"/products/{dice.randint(1, side.size.products)}{side.asked}")


def filtered(side: Side, dice: random.Random) -> bytes:
    low = dice.randint(5, 250)
    return side.request(side.filtered(dice.randint(1, side.size.categories), low, low + 200))


def search(side: Side, dice: random.Random) -> bytes:
    return side.request(side.search(dice.choice(data.NOUNS).lower()))


def order(side: Side, dice: random.Random) -> bytes:
    articles: set[int] = set()
    while len(articles) < 3:
        articles.add(data.sellable(dice, side.size))
    lines = [(article, dice.randint(1, 3)) for article in articles]
    return side.request(side.orders, side.order(lines), dice.choice(side.tokens))


def mixed(side: Side, dice: random.Random) -> bytes:
    makers: tuple[Maker, ...] = (lambda side, dice: side.request(side.newest), one_product, filtered, order)
    [make] = dice.choices(makers, weights=(60, 25, 5, 10))
    return make(side, dice)


MAKERS: dict[str, Maker] = {
    "W1": lambda side, dice: side.request(side.newest),
    "W2": one_product,
    "W3": filtered,
    "W4": search,
    "W5": lambda side, dice: side.request(side.deep),
    "W6": lambda side, dice: side.request(side.login_path, credentials(dice.randint(1, side.size.users))),
    "W7": order,
    "W9": lambda side, dice: side.request(side.my_orders, token=dice.choice(side.tokens)),
    "W10": mixed,
}


def hot(side: Side) -> list[bytes]:
    """Orders of one article that does not run out."""
    body = side.order([(data.sellable(random.Random(0), side.size), 1)])
    return [side.request(side.orders, body, token) for token in side.tokens]


def requests(workload: str, side: Side, place: int) -> list[bytes]:
    """The requests of a workload. The same for both sides; `place` is the run's number, which W8 needs."""
    dice = random.Random(f"{workload} {place}")
    if workload == "W8":
        body = side.order([(data.flash_article(side.size, place), 1)])
        return [side.request(side.orders, body, token) for token in side.tokens]
    return [MAKERS[workload](side, dice) for _ in range(PREPARED)]


def agree(sides: Sequence[Side]) -> None:
    """Before anything is measured: both answer the same products with the same price and stock, and the same orders."""
    dice = random.Random(1)
    for _ in range(20):
        category, low = dice.randint(1, sides[0].size.categories), dice.randint(5, 250)
        same(sides, [[s.facts(p) for p in s.ask(s.filtered(category, low, low + 200))[1]["results"]] for s in sides])
        number = dice.randint(1, sides[0].size.products)
        same(sides, [[s.facts(s.ask(f"/products/{number}")[1])] for s in sides])
    same(sides, [[s.facts(p) for p in s.ask(s.newest)[1]["results"]] for s in sides], rows=20)
    same(sides, [[s.facts(p) for p in s.ask(s.deep)[1]["results"]] for s in sides], rows=20)
    for s in sides:
        found = s.ask(s.search("kettle"))[1]["results"]
        assert len(found) == 20, s.name
        assert all("kettle" in (p["name"] + p["description"]).lower() for p in found), s.name
    own = [s.ask(s.my_orders, token=s.tokens[0])[1]["results"] for s in sides]
    lines = [[[(x["product_id"], x["quantity"], x["subtotal"]) for x in o[s.lines]] for o in orders]
             for s, orders in zip(sides, own, strict=True)]  # fmt: skip
    same(sides, lines, rows=10)


def same(sides: Sequence[Side], answers: Sequence[list[Any]], rows: int = 0) -> None:
    for side, answer in zip(sides, answers, strict=True):
        assert answer == answers[0], f"{side.name} differs from {sides[0].name}:\n{answer}\n{answers[0]}"
        assert len(answer) == rows or not rows, f"{side.name}: {len(answer)} rows"
