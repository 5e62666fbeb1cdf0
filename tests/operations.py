"""A valid request for every operation of the API, on a small shop: what tests over all operations start from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.tokens import default_token_generator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.http import urlsafe_base64_encode
from rest_framework.test import APIClient

from accounts.api_keys import create_key
from accounts.mailed_links import confirmation_token
from accounts.models import Session, User
from accounts.scopes import SCOPES
from accounts.sessions import start_session
from accounts.tests.factories import PASSWORD, client_of, give_phone, make_address, make_user
from catalog.models import Category, Variant
from catalog.services import plan_price
from catalog.tests.factories import make_category
from catalog.tests.pictures import add_picture, picture
from checkout.tests.factories import ADDRESS, make_cart
from events.actors import COMMAND
from events.models import Event, WebhookDelivery
from events.webhooks.endpoints import create_endpoint
from inventory.tests.factories import WarehouseFactory
from invoicing.tests.factories import issue
from orders.models import Order
from orders.services import Asked, ask_return, confirm_order, ship_parcel
from orders.tests.clients import basket
from orders.tests.factories import make_article, place
from payments.tests.factories import begun, paid
from pricing.tests.factories import make_promotion

METHODS = ("get", "post", "put", "patch", "delete")
PROFILE = {"first_name": "Ann", "last_name": "Smith", "email": "ann.new@example.com"}


def described() -> Iterator[str]:
    """Every operation of the description: "POST /orders"."""
    for path, members in Client().get("/api/v1/schema").json()["paths"].items():
        for method in members:
            if method in METHODS:
                yield f"{method.upper()} {path.removeprefix('/api/v1')}"


@dataclass
class Valid:
    """What the administrator, or the owner of the object, would send and be admitted with; a GET's is its query."""

    body: dict[str, Any] = field(default_factory=dict)
    format: str = "json"


class World:
    """A customer with an order, another customer, and a catalog of one article with a picture."""

    def __init__(self) -> None:
        WarehouseFactory(code="north")
        self.owner = make_user(email="ann@example.com", password=PASSWORD)
        self.stranger = make_user(password=PASSWORD)
        self.article: Variant = make_article(stock=10, sku="MUG")
        self.spare = make_article(stock=0, sku="POT", product=self.article.product)
        self.category: Category = make_category("Chairs")
        self.image = add_picture(self.article.product)
        self.planned_price = plan_price(
            product_id=self.article.product_id,
            variant_id=self.article.pk,
            price=Decimal("4.00"),
            starts_at=datetime(2100, 1, 1, tzinfo=UTC),
            actor=COMMAND,
        )
        self.order = Order.objects.get(pk=place(self.owner, {self.article: 2}).id)
        # Goods of this one have left in part.
        self.sent = Order.objects.get(pk=place(self.owner, {self.article: 3}).id)
        confirm_order(order_id=self.sent.pk, actor=COMMAND)
        self.sent_line = self.sent.order_items.get().pk
        [self.parcel] = ship_parcel(order_id=self.sent.pk, lines={self.sent_line: 1}, actor=COMMAND)
        # All goods of this one have left, and some are asked back.
        self.gone = Order.objects.get(pk=place(self.owner, {self.article: 2}).id)
        confirm_order(order_id=self.gone.pk, actor=COMMAND)
        ship_parcel(order_id=self.gone.pk, actor=COMMAND)
        self.gone_line = self.gone.order_items.get().pk
        self.asked_back = ask_return(order_id=self.gone.pk, lines={self.gone_line: Asked(1)}, actor=COMMAND)
        [self.invoice] = issue(self.gone)
        # This one has lines to spare.
        bowl, plate = make_article(stock=10, sku="BOWL"), make_article(stock=10, sku="PLATE")
        self.long = Order.objects.get(pk=place(self.owner, {bowl: 2, plate: 1}).id)
        self.payment = begun(self.order)
        self.paid = paid(self.sent)
        make_promotion()
        self.cart = make_cart({self.article: 1}, user=self.owner, shipping_address=ADDRESS)
        self.address = make_address(self.owner)
        self.webhook = create_endpoint(url="https://receiver.example/hook", actor=COMMAND)
        event = Event.objects.filter(kind="order.placed").latest("pk")
        self.delivery = WebhookDelivery.objects.create(
            endpoint=self.webhook, event=event, position=1, kind=event.kind, subject=event.subject
        )
        self.refresh = start_session(user_id=self.owner.pk).refresh_token
        self.session = Session.objects.get(user=self.owner)
        self.key, _ = create_key(name="Till", kind="secret", scopes=["orders:read"], actor=COMMAND)

    def path(self, template: str) -> str:
        return template.format(
            slug=self.category.slug,
            session_id=self.session.pk,
            sku="MUG",
            key_id=self.key.pk,
            code="main",
            country_code="DE",
            cart_id=self.cart.pk,
            line_id=self.cart.lines.get().pk,
            address_id=self.address.pk,
            order_id=self.order_for(template).pk,
            order_item_id=self.long.order_items.all()[0].pk,
            fulfilment_id=self.parcel,
            return_id=self.asked_back,
            invoice_id=self.invoice.pk,
            product_id=self.article.product_id,
            image_id=self.image.pk,
            payment_id=(self.paid if template.endswith("refunds") else self.payment).pk,
            planned_price_id=self.planned_price.pk,
            variant_id=self.spare.pk if template.endswith("{variant_id}") else self.article.pk,
            user_id=self.owner.pk,
            webhook_id=self.webhook.pk,
            delivery_id=self.delivery.pk,
        )

    def order_for(self, template: str) -> Order:
        """The order that an operation on this path can be carried out on."""
        if template.endswith("refunds"):
            return self.sent
        below = template.removeprefix("/orders/{order_id}/").split("/")[0]
        others = {"fulfilments": self.sent, "lines": self.long}
        others |= dict.fromkeys(("invoices", "returns", "withdrawal"), self.gone)
        return others.get(below, self.order)

    def valid(self, operation: str) -> Valid:
        """The body of an operation ("POST /orders"); most have none."""
        reset = {
            "uid": urlsafe_base64_encode(str(self.owner.pk).encode()),
            "token": default_token_generator.make_token(self.owner),
            "new_password": "another long one 7",
        }
        confirmation = {"uid": reset["uid"], "token": confirmation_token(self.owner)}
        file = SimpleUploadedFile("mug.png", picture().read(), content_type="image/png")
        bodies = {
            "POST /api-keys": Valid({"name": "Warehouse", "scopes": ["stock:read"]}),
            "POST /carts/{cart_id}/coupons": Valid({"code": "TEN"}),
            "POST /carts/{cart_id}/place": Valid({"expected_total": "10.00"}),
            "PATCH /carts/{cart_id}": Valid({"note": "Please ring twice."}),
            "POST /carts/{cart_id}/lines": Valid({"sku": "MUG", "quantity": 1}),
            "PATCH /carts/{cart_id}/lines/{line_id}": Valid({"quantity": 2}),
            "POST /categories": Valid({"name": "Tables"}),
            "PUT /categories/{slug}": Valid({"name": "Seats"}),
            "PATCH /categories/{slug}": Valid({"name": "Seats"}),
            "POST /inventory/adjustments": Valid({"reason": "found", "lines": [{"sku": "MUG", "delta": 1}]}),
            "PATCH /inventory/items/{sku}": Valid({"reorder_point": 3}),
            "GET /inventory/items/{sku}/as-of": Valid({"at": "2026-01-31T12:00:00Z"}),
            "POST /inventory/receipts": Valid({"reference": "DN-1", "lines": [{"sku": "MUG", "quantity": 1}]}),
            "POST /inventory/transfers": Valid(
                {"from": "main", "to": "north", "lines": [{"sku": "MUG", "quantity": 1}]}
            ),
            "POST /inventory/warehouses": Valid({"code": "south", "name": "South"}),
            "PATCH /inventory/warehouses/{code}": Valid({"name": "Main hall"}),
            "POST /orders": Valid(basket({"sku": "MUG", "quantity": 1})),
            "PATCH /orders/{order_id}": Valid({"note": "Please ring twice."}),
            "PATCH /orders/{order_id}/lines/{order_item_id}": Valid({"quantity": 1}),
            "POST /orders/{order_id}/lines/{order_item_id}/replace": Valid({"sku": "MUG", "quantity": 1}),
            "PUT /orders/{order_id}/status": Valid({"status": "confirmed"}),
            "POST /orders/{order_id}/cancel": Valid({"reason": "changed my mind"}),
            "POST /orders/{order_id}/fulfilments": Valid(
                {"lines": [{"order_item_id": self.sent_line, "quantity": 1}], "carrier": "DHL"}
            ),
            "POST /orders/{order_id}/notes": Valid({"text": "Pack it well."}),
            "PATCH /orders/{order_id}/fulfilments/{fulfilment_id}": Valid({"tracking_number": "JD014600"}),
            "POST /orders/{order_id}/fulfilments/{fulfilment_id}/cancel": Valid({"reason": "wrong label"}),
            "POST /orders/{order_id}/payments": Valid({"provider": "manual"}),
            "POST /orders/{order_id}/payments/{payment_id}/capture": Valid({"amount": "20.00"}),
            "POST /orders/{order_id}/payments/{payment_id}/refunds": Valid({"amount": "1.00", "reason": "late"}),
            "POST /orders/{order_id}/returns": Valid({"lines": [{"order_item_id": self.gone_line, "quantity": 1}]}),
            "POST /orders/{order_id}/returns/{return_id}/approve": Valid({"answer": "Send it back."}),
            "POST /orders/{order_id}/returns/{return_id}/receive": Valid(
                {"lines": [{"order_item_id": self.gone_line, "quantity": 1, "condition": "restock"}]}
            ),
            "POST /orders/{order_id}/returns/{return_id}/refuse": Valid({"answer": "It was worn."}),
            "POST /orders/{order_id}/withdrawal": Valid({"note": "I changed my mind."}),
            "POST /products": Valid({"name": "Teapot", "price": "12.50"}),
            "PUT /products/{product_id}": Valid({"name": "Mug, large"}),
            "PATCH /products/{product_id}": Valid({"name": "Mug, large"}),
            "POST /products/{product_id}/images": Valid({"file": file, "alt": "A mug"}, "multipart"),
            "PATCH /products/{product_id}/images/{image_id}": Valid({"alt": "A large mug"}),
            "POST /products/{product_id}/variants": Valid({"sku": "MUG-XL", "name": "Extra large"}),
            "PATCH /products/{product_id}/variants/{variant_id}": Valid({"name": "Large"}),
            "POST /products/{product_id}/variants/{variant_id}/planned-prices": Valid(
                {"price": "3.00", "starts_at": "2099-01-01T00:00:00Z", "ends_at": "2099-02-01T00:00:00Z"}
            ),
            "PATCH /products/{product_id}/variants/{variant_id}/planned-prices/{planned_price_id}": Valid(
                {"price": "3.50"}
            ),
            "POST /users": Valid(PROFILE | {"password": PASSWORD}),
            "PUT /users/{user_id}": Valid(PROFILE | {"email": self.owner.email}),
            "PATCH /users/{user_id}": Valid({"city": "Springfield"}),
            "PUT /users/me": Valid(PROFILE | {"current_password": PASSWORD}),
            "PATCH /users/me": Valid({"city": "Springfield"}),
            "DELETE /users/me": Valid({"current_password": PASSWORD}),
            "POST /users/confirm-email": Valid(confirmation),
            "POST /users/me/addresses": Valid(ADDRESS),
            "PATCH /users/me/addresses/{address_id}": Valid({"city": "Salem"}),
            "POST /users/login": Valid({"email": "ann@example.com", "password": PASSWORD}),
            "POST /users/password-reset": Valid({"email": "ann@example.com"}),
            "POST /users/password-reset/confirm": Valid(reset),
            "POST /users/token/refresh": Valid({"refresh_token": self.refresh}),
            "POST /webhooks": Valid({"url": "https://other.example/hook", "types": ["order.placed"]}),
            "PATCH /webhooks/{webhook_id}": Valid({"description": "Ours"}),
            "POST /webhooks/{webhook_id}/resume": Valid({"catch_up": False}),
            "POST /webhooks/{webhook_id}/replay": Valid({"since": "2026-01-01T00:00:00Z"}),
        }
        return bodies.get(operation, Valid())

    def send(self, client: APIClient, operation: str, *, path: str = "", more: Mapping[str, Any] | None = None) -> Any:
        """Send the valid request of an operation, with `more` in its body."""
        method, template = operation.split(" ")
        valid = self.valid(operation)
        kwargs: dict[str, Any] = {} if method == "GET" else {"format": valid.format}
        body = valid.body | dict(more or {}) if valid.body or method != "DELETE" else None
        return getattr(client, method.lower())("/api/v1" + (path or self.path(template)), body, **kwargs)


def clients(world: World) -> dict[str, APIClient]:
    """One of each kind of client that the API may meet."""

    def staff(*groups: str) -> APIClient:
        return client_of(make_user(is_staff=True, groups=groups, password=PASSWORD))

    disabled, ended, pending = make_user(), make_user(), make_user(is_staff=True, is_superuser=True)
    people = {
        "nobody": APIClient(),
        "owner": client_of(world.owner),
        "stranger": client_of(world.stranger),
        "stock keeper": staff("stock keeper"),
        "order desk": staff("order desk"),
        "catalog editor": staff("catalog editor"),
        "administrator": staff("administrator"),
        "new": staff(),
        "superuser": client_of(make_user(is_staff=True, is_superuser=True, password=PASSWORD)),
        "disabled": client_of(disabled),
        "logged out": client_of(ended),
        "second factor pending": client_of(pending),
    }
    give_phone(pending)
    User.objects.filter(pk=disabled.pk).update(is_active=False)
    people["logged out"].post("/api/v1/users/logout")
    return people


def client_with(key: str) -> APIClient:
    """A program that shows this key."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


def programs() -> dict[str, APIClient]:
    """A program for each scope, with a key that has this one alone, and one with a publishable key."""
    keys = {scope: create_key(name=scope, kind="secret", scopes=[scope], actor=COMMAND)[1] for scope in SCOPES}
    keys["publishable"] = create_key(name="Storefront", kind="publishable", actor=COMMAND)[1]
    return {name: client_with(key) for name, key in keys.items()}
