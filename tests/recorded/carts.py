"""Carts: opened, filled, held, claimed and given up, by guests, customers and staff; and every kind of refusal."""

from decimal import Decimal
from typing import Any

from events.actors import COMMAND
from pricing.services import create_promotion
from tests.recorded.recorder import Answer, Recorder
from tests.recorded.shop import PASSWORD, id_of, line, product

PARCEL = {
    "recipient_name": "Cora Smith",
    "address_line1": "1 Main Street",
    "city": "Springfield",
    "state": "illinois",
    "postal_code": "62701",
    "country_code": "us",
}


def customer(shop: Recorder, role: str) -> None:
    """A new customer who has signed in."""
    body = {"first_name": role.title(), "last_name": "Smith", "email": f"{role}@example.com", "password": PASSWORD}
    shop.ask("visitor", "POST /users", body)
    credentials = {"email": f"{role}@example.com", "password": PASSWORD}
    shop.tokens[role] = shop.ask("visitor", "POST /users/login", credentials)["access_token"]


def guest(shop: Recorder) -> tuple[str, dict[str, str]]:
    """The path of a guest's new cart, and the header that opens it."""
    cart: Answer = shop.ask("visitor", "POST /carts/")
    return f"/carts/{cart['cart_id']}", {"X_Cart_Token": cart["token"]}


def opening(shop: Recorder) -> None:
    ask = shop.ask
    customer(shop, "cora")
    for _ in range(2):
        ask("visitor", "POST /carts", {}, Idempotency_Key="guest 1")
    ask("visitor", "POST /carts", {"currency": "EUR"})
    ask("visitor", "POST /carts", {"user_id": 1})
    ask("visitor", "GET /carts")
    for _ in range(2):
        mine = ask("cora", "POST /carts")
    ask("desk", "POST /carts", {"user_id": id_of("cora")})
    ask("desk", "POST /carts", {"user_id": 999_999})
    ask("editor", "POST /carts", {"user_id": id_of("cora")})
    path = f"/carts/{mine['cart_id']}"
    for role in ("cora", "desk", "admin", "editor", "ben", "visitor"):
        ask(role, f"GET {path}")
    ask("cora", f"GET {path}/", If_None_Match="*")
    ask("cora", f"GET {path}?expand=lines")
    ask("cora", "GET /carts/1")
    path, token = guest(shop)
    ask("visitor", f"GET {path}", **token)
    ask("visitor", f"GET {path}")
    ask("visitor", f"GET {path}", X_Cart_Token="wrong")
    ask("cora", f"GET {path}", **token)


def filling(shop: Recorder) -> None:
    ask = shop.ask
    path, token = guest(shop)
    lines = f"POST {path}/lines"
    mug = product(shop, "mug")
    first = ask("visitor", lines, line("DESK"), **token)
    for _ in range(2):
        ask("visitor", lines, line("DESK", 2), **token, Idempotency_Key="line 1")
    ask("visitor", f"{lines}/", {"variant_id": mug["variants"][0]["variant_id"], "quantity": 1}, **token)
    ask("visitor", lines, {"product_id": product(shop, "teapot")["product_id"], "quantity": 1}, **token)
    ask("visitor", lines, line("BREAD-KNIFE", 3), **token)
    refused: tuple[Any, ...] = (
        {},
        {"quantity": 1},
        line("DESK", 0),
        line("DESK", "1"),
        line("DESK") | {"unit_price": "1.00"},
        line("DESK") | {"product_id": 1},
        line("UNKNOWN"),
        line("SOFA"),
        {"product_id": mug["product_id"], "quantity": 1},
        line("DESK", 10_000),
    )
    for body in refused:
        ask("visitor", lines, body, **token)
    ask("visitor", lines, line("DESK"))
    one = f"{path}/lines/{first['lines'][0]['line_id']}" if first["lines"] != "missing" else f"{path}/lines/1"
    ask("visitor", f"PATCH {one}", {"quantity": 1}, **token)
    ask("visitor", f"PATCH {one}", {"quantity": 0}, **token)
    ask("visitor", f"PATCH {one}", {"quantity": 5}, **token, If_Match='"1"')
    ask("visitor", f"PATCH {one}", {"quantity": 5})
    ask("visitor", f"DELETE {one}")
    ask("visitor", f"DELETE {one}", **token)
    ask("visitor", f"DELETE {one}", **token)
    ask("visitor", f"PATCH {one}", {"quantity": 5}, **token)


def filling_in(shop: Recorder) -> None:
    ask = shop.ask
    path, token = guest(shop)
    ask("visitor", f"POST {path}/lines", line("DESK"), **token)
    typed = {"email": "cora@example.com", "phone": "555 0100", "note": "Ring twice.", "shipping_address": PARCEL}
    ask("visitor", f"PATCH {path}", typed, **token)
    ask("visitor", f"PATCH {path}", typed, **token)
    ask("visitor", f"PATCH {path}", {"billing_address": {"country_code": "DE", "vat_id": "DE136695976"}}, **token)
    ask("visitor", f"PATCH {path}", {"billing_address": None, "email": None}, **token)
    ask("visitor", f"PATCH {path}", {"note": "x"}, **token, If_Match='"1"')
    ask("visitor", f"PATCH {path}", {"state": "placed", "email": "nobody", "phone": 5}, **token)
    ask("visitor", f"PATCH {path}", {"shipping_address": {"country_code": "XX", "street": "Main"}}, **token)
    ask("visitor", f"PATCH {path}", {"note": "x"})
    ask("visitor", f"GET {path}/shipping-methods", **token)
    ask("visitor", f"GET {path}/shipping-methods")


def holding(shop: Recorder) -> None:
    ask = shop.ask
    path, token = guest(shop)
    ask("visitor", f"POST {path}/hold", **token)
    ask("visitor", f"POST {path}/lines", line("READING-LAMP", 2), **token)
    ask("visitor", f"POST {path}/hold")
    for _ in range(2):
        ask("visitor", f"POST {path}/hold", **token, Idempotency_Key="hold 1")
    ask("visitor", f"POST {path}/lines", line("READING-LAMP", 9_000), **token)
    ask("visitor", f"DELETE {path}")
    ask("visitor", f"DELETE {path}", {"sure": True}, **token)
    ask("visitor", f"DELETE {path}", **token, If_Match='"1"')
    ask("visitor", f"DELETE {path}", **token)
    ask("visitor", f"DELETE {path}", **token)


def claiming(shop: Recorder) -> None:
    ask = shop.ask
    customer(shop, "cleo")
    for sku, quantity in (("DESK", 2), ("READING-LAMP", 1)):
        path, token = guest(shop)
        ask("visitor", f"POST {path}/lines", line(sku, quantity), **token)
        ask("visitor", f"POST {path}/claim", **token)
        ask("cleo", f"POST {path}/claim")
        ask("cleo", f"POST {path}/claim", **token)
        ask("cleo", f"POST {path}/claim", **token)
    ask("visitor", f"GET {path}", **token)
    ask("visitor", f"POST {path}/lines", line("DESK"), **token)


def placing(shop: Recorder) -> None:
    """To the end: nothing is configured, so there is neither shipping nor tax."""
    ask = shop.ask
    path, token = guest(shop)
    ask("visitor", f"POST {path}/place", {"expected_total": "0.00"}, **token)
    ask("visitor", f"POST {path}/lines", line("READING-LAMP", 2), **token)
    ask("visitor", f"POST {path}/place", {"expected_total": "59.00"}, **token)
    ask("visitor", f"PATCH {path}", {"email": "Cora@Example.com", "shipping_address": PARCEL}, **token)
    ask("visitor", f"POST {path}/place", {}, **token)
    ask("visitor", f"POST {path}/place", {"expected_total": 59}, **token)
    ask("visitor", f"POST {path}/place", {"expected_total": "60.00"}, **token)
    ask("visitor", f"POST {path}/place", {"expected_total": "59.00"})
    for _ in range(2):
        placed = ask("visitor", f"POST {path}/place", {"expected_total": "59.00"}, **token, Idempotency_Key="place 1")
    ask("visitor", f"POST {path}/place", {"expected_total": "1.00"}, **token)
    ask("visitor", f"GET {path}", **token)
    ask("visitor", f"DELETE {path}", **token)
    ask("visitor", f"GET /orders/{placed['order_id']}", X_Order_Token=placed["order_token"])
    ask("visitor", f"GET /orders/{placed['order_id']}")
    customer(shop, "clara")
    path = f"/carts/{ask('clara', 'POST /carts')['cart_id']}"
    ask("clara", f"POST {path}/lines", line("WALL-LAMP", 9_000))
    ask("clara", f"PATCH {path}", {"shipping_address": PARCEL})
    ask("clara", f"POST {path}/place", {"expected_total": "310500.00"})


def with_coupons(shop: Recorder) -> None:
    ask = shop.ask
    path, token = guest(shop)
    ask("visitor", f"POST {path}/lines", line("READING-LAMP", 2), **token)
    ask("visitor", f"POST {path}/coupons", {"code": "TEN"}, **token)
    create_promotion(name="Ten percent", kind="percent", value=Decimal(10), codes=["TEN"], actor=COMMAND)
    ask("visitor", f"POST {path}/coupons", {"code": "ten"}, **token)
    ask("visitor", f"POST {path}/coupons", {}, **token)
    ask("visitor", f"DELETE {path}/coupons/ten")
    ask("visitor", f"DELETE {path}/coupons/ten", **token)
