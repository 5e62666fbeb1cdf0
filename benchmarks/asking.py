"""The process that benchmarks.endpoints measures: the shop of one checkout, asked through its WSGI application.

It takes nothing else of the shop than what a password reset needs, since the checkout may be another one than this
file's. It says which operations it knows, and then, for each line it reads (a name and how many times), writes the
microseconds that each request took. What a request needs first, such as an order to cancel, is not timed.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from typing import Any, NamedTuple

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from benchmarks.operations import OPERATIONS, Operation  # noqa: E402  # after the settings
from config.wsgi import application  # noqa: E402  # of the other checkout, if it is the one that is asked

ADDRESS = {
    "shipping_address_line1": "Harbour Street 1",
    "shipping_city": "Lisbon",
    "shipping_state": "Lisboa",
    "shipping_postal_code": "1000",
    "shipping_country": "PT",
}
PARCEL = {
    "recipient_name": "Ada Almeida",
    "address_line1": "Harbour Street 1",
    "city": "Lisbon",
    "postal_code": "1000-001",
    "country_code": "PT",
}
PASSWORD = "a password of the benchmark"
PEOPLE = {"admin": "demo-admin-password", "customer": "demo-customer-password"}
PLENTY = 1_000_000
BOUNDARY = "boundary"


class Ask(NamedTuple):
    """A request. The status is the one that its answer must have."""

    status: int
    role: str
    line: str
    body: Any = None
    headers: Mapping[str, str] = {}


@dataclass
class Shop:
    """The shop in this process, with who is signed in and what is asked for again and again."""

    application: Any = application
    tokens: dict[str, str] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: count(1))
    own_address = {
        "recipient_name": "Bench Mark",
        "address_line1": "Kastanienallee 1",
        "city": "Berlin",
        "postal_code": "10435",
        "country_code": "DE",
    }
    credentials = {"email": "customer@example.com", "password": PEOPLE["customer"]}

    def __post_init__(self) -> None:
        for role, password in PEOPLE.items():
            self.tokens[role] = self.sign_in(f"{role}@example.com", password)["access_token"]
        found = self.get("/products?in_stock=true&ordering=name&page_size=12")["results"]
        self.product, self.variant = found[0]["product_id"], found[0]["variants"][0]["variant_id"]
        self.skus = [product["variants"][0]["sku"] for product in found]
        self.sku = self.skus[0]
        self.category = found[0]["category"]["slug"]
        self.country = "US"
        self.home = self.get("/inventory/warehouses")["results"][0]["code"]
        self.post("/inventory/warehouses", {"code": "bench", "name": "Bench", "priority": 9_000})
        plenty = [{"sku": sku, "quantity": PLENTY} for sku in self.skus]
        self.post("/inventory/receipts", {"reference": "plenty", "lines": plenty})
        self.cart = self.post("/carts", None, "customer")["cart_id"]
        self.cart_line = self.fill(self.sku)
        self.coupon = self.new_coupon()
        self.slug = self.new_category()
        self.address = self.new_address()
        self.sold_out = self.post("/products", self.stool())["sku"]
        self.order = self.new_order()
        self.customer = self.get(f"/orders/{self.order}")["user_id"]
        self.sent_order = self.confirmed_order()
        self.parcel = self.ship(0)
        self.webhook = self.post("/webhooks", {"url": "https://receiver.example/"})["webhook_id"]
        self.delivery = self.first_delivery()
        self.minute = {"since": "2026-11-30T00:00:00Z", "until": "2026-11-30T00:01:00Z"}
        me = self.get(f"/users/{self.customer}")
        self.profile = {name: me[name] for name in ("first_name", "last_name", "email")}

    def get(self, path: str) -> Any:
        return self.carry_out(Ask(200, "admin", f"GET {path}"))

    def post(self, path: str, body: Any, role: str = "admin", status: int = 201) -> Any:
        return self.carry_out(Ask(status, role, f"POST {path}", body))

    def carry_out(self, ask: Ask) -> Any:
        """The document that answers a request outside of any measurement."""
        status, content, _ = self.call(self.environ(ask))
        assert status == ask.status, f"{ask}: {status} {content!r}"
        return json.loads(content or b"{}")

    def environ(self, ask: Ask) -> dict[str, Any]:
        """The request as gunicorn would hand it over."""
        method, _, target = ask.line.partition(" ")
        path, _, query = target.partition("?")
        content, kind = encoded(ask.body)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/api/v1{path}",
            "QUERY_STRING": query,
            "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(len(content)) if content else "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "shop.test",
            "HTTP_X_FORWARDED_PROTO": "https",
            "HTTP_ACCEPT": "application/json",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(content),
            "wsgi.errors": sys.stderr,
        }
        if token := self.tokens.get(ask.role):
            environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return environ | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in ask.headers.items()}

    def call(self, environ: dict[str, Any]) -> tuple[int, bytes, float]:
        """Status, body, and the microseconds from the first byte in to the last one out."""
        begun = time.perf_counter()
        response = self.application(environ, lambda status, headers: None)
        content = b"".join(response)
        response.close()
        return response.status_code, content, 1e6 * (time.perf_counter() - begun)

    # What some requests need first

    def unique(self) -> str:
        return f"bench-{next(self.numbers)}"

    def sign_in(self, email: str, password: str = PASSWORD) -> dict[str, str]:
        tokens: dict[str, str] = self.post("/users/login", {"email": email, "password": password}, "", 200)
        return tokens

    def person(self) -> dict[str, Any]:
        name = {"first_name": "Bench", "last_name": "Mark"}
        return name | {"email": f"{self.unique()}@example.com", "password": PASSWORD}

    def somebody(self) -> str:
        """The email of a new person, who has signed in as the role of this name."""
        person = self.person()
        self.post("/users", person, "")
        self.newest_email = str(person["email"])
        self.tokens["somebody"] = self.sign_in(self.newest_email)["access_token"]
        return self.newest_email

    def new_session(self) -> Any:
        """One of the newest person, beside the one that asks."""
        self.sign_in(self.newest_email)
        return self.carry_out(Ask(200, "somebody", "GET /users/me/sessions"))["results"][0]["session_id"]

    def new_address(self) -> Any:
        return self.post("/users/me/addresses", self.own_address, "customer")["address_id"]

    def new_key(self) -> Any:
        return self.post("/api-keys", {"name": self.unique(), "scopes": ["stock:read"]})["key_id"]

    def reset(self) -> dict[str, str]:
        from django.contrib.auth.tokens import default_token_generator
        from django.utils.http import urlsafe_base64_encode

        from accounts.models import User

        user = User.objects.get(email=self.somebody())
        uid, token = urlsafe_base64_encode(str(user.pk).encode()), default_token_generator.make_token(user)
        return {"uid": uid, "token": token, "new_password": "another long one 7"}

    def confirmation(self) -> dict[str, str]:
        from accounts.mailed_links import confirmation_token, uid_of
        from accounts.models import User

        user = User.objects.get(email=self.somebody())
        return {"uid": uid_of(user), "token": confirmation_token(user)}

    def lines(self, **each: int) -> list[dict[str, Any]]:
        """Lines of three articles of which there are plenty."""
        return [{"sku": sku, **each} for sku in self.skus[:3]]

    def basket(self, quantity: int = 1) -> dict[str, Any]:
        return ADDRESS | {"order_items": self.lines(quantity=quantity)}

    def new_order(self) -> Any:
        return self.post("/orders", self.basket(), "customer")["order_id"]

    def wide_order(self) -> Any:
        """A new order with units to spare; `wide_line` is its first line."""
        order = self.post("/orders", self.basket(quantity=2), "customer")
        self.wide_line = order["order_items"][0]["order_item_id"]
        return order["order_id"]

    def confirmed_order(self) -> Any:
        order = self.new_order()
        self.carry_out(Ask(200, "admin", f"PUT /orders/{order}/status", {"status": "confirmed"}))
        return order

    def ship(self, place: int) -> Any:
        """The parcel of a line of the order that leaves in parts."""
        line = self.get(f"/orders/{self.sent_order}")["order_items"][place]["order_item_id"]
        body = {"lines": [{"order_item_id": line, "quantity": 1}]}
        return self.post(f"/orders/{self.sent_order}/fulfilments", body)[0]["fulfilment_id"]

    def invoiced_order(self) -> Any:
        """The order that leaves in parts; `invoice` is its invoice."""
        from django.test.utils import override_settings

        from events.actors import COMMAND
        from invoicing.models import Invoice
        from invoicing.services import follow_order

        seller = {"INVOICES": True, "SHOP_LEGAL_NAME": "Bench", "SHOP_LEGAL_ADDRESS": ["Bench Street 1"]}
        with override_settings(**seller):
            follow_order(order_id=self.sent_order, actor=COMMAND, due_since=datetime.now(UTC).date())
        self.invoice = Invoice.objects.filter(order=self.sent_order).earliest("pk").pk
        return self.sent_order

    def new_parcel(self) -> Any:
        """Whoever asks for it takes it back."""
        return self.ship(1)

    def gone_order(self) -> Any:
        """A new order that has left."""
        self.gone = self.confirmed_order()
        gone = self.carry_out(Ask(200, "admin", f"PUT /orders/{self.gone}/status", {"status": "shipped"}))
        self.gone_lines = [{"order_item_id": gone["order_items"][0]["order_item_id"], "quantity": 1}]
        return self.gone

    def new_return(self) -> Any:
        """One of the newest order that has left."""
        return self.post(f"/orders/{self.gone}/returns", {"lines": self.gone_lines})["return_id"]

    def payable_order(self) -> Any:
        """A new order; `new_payment` is its payment, which is open."""
        self.payable = self.new_order()
        return self.payable

    def new_payment(self) -> Any:
        """A payment by hand of the newest order that is to be paid."""
        return self.post(f"/orders/{self.payable}/payments", {"provider": "manual"}, "customer")["payment_id"]

    def paid_order(self) -> Any:
        """A new order that is paid; `paid_payment` is its payment."""
        order = self.payable_order()
        self.paid_payment = self.new_payment()
        self.carry_out(Ask(200, "admin", f"POST /orders/{order}/payments/{self.paid_payment}/capture", {}))
        return order

    def new_webhook(self) -> Any:
        """A webhook in the place of the newest one, since a shop has some of them at most."""
        self.unused_webhook()
        self.newest_webhook = self.post("/webhooks", {"url": "https://receiver.example/"})["webhook_id"]
        return self.newest_webhook

    def unused_webhook(self) -> str:
        """Delete all webhooks but one, and think of a name."""
        for each in self.get("/webhooks")["results"]:
            if each["webhook_id"] != self.webhook:
                self.carry_out(Ask(204, "admin", f"DELETE /webhooks/{each['webhook_id']}"))
        return self.unique()

    def paused_webhook(self) -> Any:
        self.carry_out(Ask(200, "admin", f"POST /webhooks/{self.new_webhook()}/pause"))
        return self.newest_webhook

    def first_delivery(self) -> Any:
        """The delivery of a test of the webhook, once the events so far have their places."""
        from events.dispatcher import dispatch

        self.carry_out(Ask(202, "admin", f"POST /webhooks/{self.webhook}/test"))
        while dispatch({}):
            pass
        return self.get(f"/webhooks/{self.webhook}/deliveries")["results"][0]["delivery_id"]

    def fill(self, sku: str) -> Any:
        """The newest line of the customer's cart, which has a unit of this article."""
        line = {"sku": sku, "quantity": 1}
        return self.post(f"/carts/{self.cart}/lines", line, "customer", 200)["lines"][-1]["line_id"]

    def new_cart(self) -> Any:
        """One of a guest."""
        return self.post("/carts", None, "")["cart_id"]

    def full_cart(self) -> Any:
        """One of a guest that lacks nothing; `total` is what it costs."""
        cart = self.new_cart()
        self.post(f"/carts/{cart}/lines", {"sku": self.sku, "quantity": 1}, "admin", 200)
        filled_in = {"email": f"{self.unique()}@example.com", "shipping_address": PARCEL}
        self.total = self.carry_out(Ask(200, "admin", f"PATCH /carts/{cart}", filled_in))["totals"]["total"]
        return cart

    def new_coupon(self) -> str:
        from decimal import Decimal

        from events.actors import COMMAND
        from pricing.services import create_promotion

        code = self.unique().upper()
        create_promotion(name=code, kind="percent", value=Decimal(10), codes=[code], actor=COMMAND)
        return code

    def new_cart_line(self) -> Any:
        return self.fill(self.skus[1])

    def stool(self, **more: Any) -> dict[str, Any]:
        return {"name": "Stool", "price": "19.00", "sku": self.unique(), "category": self.category} | more

    def new_product(self) -> Any:
        self.newest = self.post("/products", self.stool())["product_id"]
        return self.newest

    def new_image(self) -> Any:
        """One of the newest product."""
        return self.post(f"/products/{self.newest}/images", self.picture())["image_id"]

    def new_variant(self) -> Any:
        """One of the newest product."""
        return self.post(f"/products/{self.newest}/variants", {"sku": self.unique()})["variant_id"]

    def planned_price(self) -> dict[str, str]:
        """A price for a second of the far future, each for another one."""
        start = datetime(2100, 1, 1, tzinfo=UTC) + timedelta(seconds=next(self.numbers))
        end = start + timedelta(seconds=1)
        return {"price": "5.00", "starts_at": start.isoformat(), "ends_at": end.isoformat()}

    def new_planned_price(self) -> Any:
        return self.post(f"/products/{self.product}/variants/{self.variant}/planned-prices", self.planned_price())[
            "planned_price_id"
        ]

    def new_category(self) -> Any:
        return self.post("/categories", {"name": self.unique()})["slug"]

    def picture(self) -> bytes:
        """A small picture as the only part of a form."""
        from PIL import Image

        file = BytesIO()
        Image.new("RGB", (8, 6), (200, 40, 40)).save(file, "PNG")
        head = 'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png'
        return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + file.getvalue() + f"\r\n--{BOUNDARY}--\r\n".encode()


def encoded(body: Any) -> tuple[bytes, str]:
    """A body and its media type: bytes are a form, anything else is JSON."""
    if body is None:
        return b"", ""
    if isinstance(body, bytes):
        return body, f"multipart/form-data; boundary={BOUNDARY}"
    return json.dumps(body).encode(), "application/json"


def asked(shop: Shop, operation: Operation) -> Ask:
    """The next request of an operation."""
    if operation.role == "somebody":
        shop.somebody()
    line = operation.line.format_map(Places(shop))
    return Ask(operation.status, operation.role, line, operation.body(shop), operation.headers(shop))


class Places(dict[str, Any]):
    """What stands in a path: something that is there, or something new, for a request that uses it up."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def __missing__(self, name: str) -> Any:
        found = getattr(self.shop, name)
        return found() if callable(found) else found


def measure(shop: Shop, operation: Operation, times: int) -> list[float] | str:
    """Microseconds of each request, or what was answered instead of the status that it should have."""
    spent = []
    for _ in range(times):
        ask = asked(shop, operation)
        status, content, microseconds = shop.call(shop.environ(ask))
        if status != ask.status:
            return f"{status} instead of {ask.status}: {content[:200]!r}"
        spent.append(microseconds)
    return spent


def main() -> None:
    shop, operations = Shop(), {operation.name: operation for operation in OPERATIONS}
    print(json.dumps(list(operations)), flush=True)
    for request in sys.stdin:
        name, times = json.loads(request)
        print(json.dumps(measure(shop, operations[name], times)), flush=True)


if __name__ == "__main__":
    main()
