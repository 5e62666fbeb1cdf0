"""Requests whose answers the contract has promised to change: a group for each promise, recorded anew when it is kept.

They come last, so that what they may change one day is in no other group's way.
"""

from datetime import timedelta

from django.utils import timezone

from accounts.leaving import erase_leavers
from accounts.models import User
from events.actors import WORKER
from orders.models import Order
from orders.services import cancel_order
from tests.recorded.recorder import Recorder
from tests.recorded.shop import PASSWORD, basket, id_of, line, order_of, product

LISTS = (
    "/products?page_size=1&expand=none",
    "/products/facets?search=desk",
    "/categories?page_size=1",
    "/products/{mug}/variants?page_size=1",
    "/products/{mug}/images?page_size=1",
    "/users?page_size=1",
    "/orders?page_size=1",
    "/orders/my-orders?page_size=1",
    "/orders/health/stock-check?limit=1",
    "/inventory/items?page_size=1",
    "/inventory/items/DESK/as-of?at=2000-01-01",
    "/inventory/movements?page_size=1",
    "/inventory/alerts?page_size=1",
    "/inventory/warehouses?page_size=1",
)


def unknown_parameters(shop: Recorder) -> None:
    """To be 400 `unknown_parameter`, with the known names, and a hint for `skip` and `limit`."""
    mug = product(shop, "mug")["product_id"]
    for path in LISTS:
        shop.ask("admin", f"GET {path.format(mug=mug)}&colour=red")
    shop.ask("visitor", "GET /products?skip=20&page_size=1&expand=none")
    shop.ask("visitor", "GET /products?limit=2&page_size=1&expand=none")
    shop.ask("visitor", "GET /products?Page_Size=2&page_size=1&expand=none")
    shop.ask("visitor", "GET /products?utm_source=mail&page_size=1&expand=none")
    shop.ask("visitor", "GET /products?options.size=S&page_size=1&expand=none")
    shop.ask("visitor", "GET /products?sku=DESK&ids=1,2&fields=name&page_size=1&expand=none")
    shop.ask("visitor", "GET /products/desk?expand=none")
    shop.ask("visitor", "GET /categories/lamps?colour=red")
    shop.ask("visitor", "GET /categories/lamps?format=xml")


def repeated_values(shop: Recorder) -> None:
    """To mean OR where a list can say so."""
    for path in (
        "/products?category=lamps&category=chairs&expand=none&page_size=3&count=exact",
        "/products?attributes.material=oak&attributes.material=pine&expand=none&page_size=3&count=exact",
        "/products?ordering=price&ordering=name&page_size=1&expand=none",
        "/products?page_size=1&page_size=2&expand=none",
        "/products?search=oak&search=lamp&page_size=1&expand=none",
        "/products/facets?attributes.color=white&attributes.color=black",
        "/orders?status=pending&status=shipped&page_size=1&count=exact",
        "/inventory/movements?kind=received&kind=shipped&page_size=1&count=exact",
        "/inventory/items?band=low&band=critical&page_size=1&count=exact",
        "/users?role=admin&role=customer&page_size=1&count=exact",
    ):
        shop.ask("admin", f"GET {path}")


def null_members(shop: Recorder) -> None:
    """To be as if they were not there, where a body may be without them."""
    number = product(shop, "floor-lamp")["product_id"]
    person = {"first_name": "Nul", "last_name": "Smith", "email": "null@example.com", "password": PASSWORD}
    shop.ask("visitor", "POST /users", person | {"phone": None, "city": None})
    shop.ask("ann", "PATCH /users/me", {"city": None})
    shop.ask("ann", "PATCH /users/me", {"last_name": None, "email": None})
    shop.ask("ann", "POST /orders", basket(line("DESK"), shipping_address_line2=None))
    shop.ask("ann", "POST /orders", basket({"sku": "DESK", "product_id": None, "quantity": 1}))
    shop.ask("admin", "POST /products", {"name": "Null", "price": "1.00", "description": None, "sku": None})
    shop.ask("admin", f"PATCH /products/{number}", {"name": None, "attributes": None})
    shop.ask("admin", f"POST /products/{number}/variants", {"sku": None, "name": None})
    shop.ask("admin", f"POST /products/{number}/variants", {"options": None, "stock_quantity": None})
    shop.ask("admin", f"PATCH /products/{number}", {"price": None, "stock_quantity": None, "slug": None})
    shop.ask("admin", "POST /categories", {"name": "Null", "slug": None})
    shop.ask("stock", "PATCH /inventory/items/FLOOR-LAMP", {"barcode": None})
    shop.ask("stock", "POST /inventory/warehouses", {"code": "null", "name": "Null", "priority": None})
    shop.ask("stock", "PATCH /inventory/warehouses/north", {"name": None, "is_active": None})
    order = order_of(shop, "ben", "pending")
    shop.ask("ben", f"POST /orders/{order}/cancel", {"reason": None})
    lines = [{"sku": "DESK", "quantity": 1, "warehouse": None, "unit_cost": None}]
    shop.ask("stock", "POST /inventory/receipts", {"reference": "null", "lines": lines})
    form = b"username=ann%40example.com&password=x&scope"
    shop.ask("visitor", "POST /users/login", form, type="application/x-www-form-urlencoded")


def ended_tokens(shop: Recorder) -> None:
    """To count as none where none is needed."""
    for role in ("ended", "malformed", "disabled"):
        shop.ask(role, "GET /products?page_size=1&expand=none")
        shop.ask(role, "GET /products/desk")
        shop.ask(role, "GET /products/facets?search=desk")
        shop.ask(role, "GET /categories/lamps")
        shop.ask(role, "POST /users", {})
        shop.ask(role, "POST /users/login", {"email": "ann@example.com", "password": PASSWORD})


def refreshed_twice(shop: Recorder) -> None:
    """To give the same successor for some seconds."""
    tokens = shop.ask("visitor", "POST /users/login", {"email": "ann@example.com", "password": PASSWORD})
    for _ in range(2):
        shop.ask("visitor", "POST /users/token/refresh", {"refresh_token": tokens["refresh_token"]})
    shop.tokens["family"] = tokens["access_token"]
    shop.ask("family", "GET /users/me")


def parts_by_put(shop: Recorder) -> None:
    """To be taken, as by PATCH."""
    shop.ask("ann", "PUT /users/me", {"city": "Springfield"})
    shop.ask("admin", f"PUT /users/{id_of('ann')}", {"city": "Springfield"})
    shop.ask("ann", "PUT /users/me", {})


def leaving(shop: Recorder) -> None:
    """Needs the current password, ends the sessions, waits for open orders, and can be taken back.

    The last administrator stays.
    """
    ask = shop.ask
    credentials = {"email": "ann@example.com", "password": PASSWORD}
    ann = id_of("ann")
    ask("admin", "DELETE /users/me")
    ask("admin", "DELETE /users/me", {"current_password": PASSWORD})
    ask("ann", "DELETE /users/me")
    ask("ann", "DELETE /users/me", {"current_password": "wrong one"})
    ask("ann", "DELETE /users/me", {"current_password": PASSWORD, "now": True})
    ask("ann", "DELETE /users/me?now=true", {"current_password": PASSWORD})
    ask("ann", "POST /users/me/restore")
    ask("ann", "DELETE /users/me/", {"current_password": PASSWORD})
    ask("ann", "GET /users/me")
    ask("ann", "POST /users/me/restore")
    ask("admin", f"GET /users/{ann}")
    shop.tokens["back"] = ask("visitor", "POST /users/login", credentials)["access_token"]
    ask("back", "GET /users/me")
    ask("back", "POST /users/me/restore/")
    ask("back", "GET /users/me")
    ask("back", "DELETE /users/me", {"current_password": PASSWORD})
    User.objects.filter(pk=ann).update(leaving_at=timezone.now() - timedelta(days=15))
    erase_leavers(actor=WORKER)
    ask("admin", f"GET /users/{ann}")
    for order in Order.objects.open().filter(user_id=ann).order_by("pk"):
        cancel_order(order_id=order.pk, actor=WORKER)
    erase_leavers(actor=WORKER)
    ask("admin", f"GET /users/{ann}")
    ask("admin", f"GET /orders?user_id={ann}&page_size=1")
    ask("visitor", "POST /users/login", credentials)
