"""Every operation of the description, asked by each kind of caller who may only look, or may not."""

from typing import Any

from tests.recorded.recorder import Recorder
from tests.recorded.shop import basket, id_of, line, order_of, product

LOOKS = ("visitor", "ended", "malformed", "disabled", "ben", "stock", "desk", "editor")
# What the operation is asked with, and who would be let in: they are left out where something would change.
WRITES: dict[str, tuple[Any, str]] = {
    "POST /categories": ({"name": "Roles"}, "editor"),
    "PUT /categories/lamps": ({"name": "Roles"}, "editor"),
    "PATCH /categories/lamps": ({"name": "Roles"}, "editor"),
    "DELETE /categories/empty": (None, "editor"),
    "POST /inventory/adjustments": ({"reason": "found", "lines": [{"sku": "DESK", "delta": 1}]}, "stock"),
    "PATCH /inventory/items/DESK": ({"reorder_point": 3}, "stock"),
    "POST /inventory/receipts": ({"reference": "DN", "lines": [{"sku": "DESK", "quantity": 1}]}, "stock"),
    "POST /inventory/transfers": (
        {"from": "main", "to": "north", "lines": [{"sku": "DESK", "quantity": 1}]},
        "stock",
    ),
    "POST /inventory/warehouses": ({"code": "roles", "name": "Roles"}, "stock"),
    "PATCH /inventory/warehouses/main": ({"name": "Roles"}, "stock"),
    "POST /orders": (basket(line("DESK")), "ben stock desk editor"),
    "DELETE /orders/{order}": (None, ""),
    "POST /orders/{order}/cancel": ({}, "desk"),
    "PUT /orders/{order}/status": ({"status": "confirmed"}, "desk"),
    "POST /products": ({"name": "Roles", "price": "1.00"}, "editor"),
    "PUT /products/{product}": ({"name": "Roles"}, "editor"),
    "PATCH /products/{product}": ({"name": "Roles"}, "editor"),
    "DELETE /products/{product}": (None, "editor"),
    "POST /products/{product}/images": ({}, ""),
    "DELETE /products/{product}/images/1": (None, ""),
    "POST /products/{product}/variants": ({"sku": "ROLES"}, "editor"),
    "PATCH /products/{product}/variants/{variant}": ({"name": "Roles"}, "editor"),
    "DELETE /products/{product}/variants/{variant}": (None, ""),
    "PUT /users/{ann}": ({"city": "Roles"}, ""),
    "PATCH /users/{ann}": ({"city": "Roles"}, ""),
    "POST /users/logout": (None, "ben stock desk editor"),
    "PUT /users/me": ({"first_name": "Roles", "last_name": "Roles", "email": "roles@example.com"}, ""),
    "PATCH /users/me": ({"city": "Roles"}, "ben stock desk editor"),
    "DELETE /users/me": (None, "ben stock desk editor"),
}
READS = (
    "/inventory/alerts?page_size=1",
    "/inventory/items?page_size=1",
    "/inventory/items/DESK",
    "/inventory/items/DESK/as-of?at=2000-01-01",
    "/inventory/movements?page_size=1",
    "/inventory/warehouses?page_size=1",
    "/inventory/warehouses/main",
    "/orders?page_size=1",
    "/orders/{order}",
    "/orders/{order}/history",
    "/orders/health/stock-check?limit=1",
    "/orders/my-orders?page_size=1",
    "/orders/statistics",
    "/orders/user-statistics",
    "/users?page_size=1",
    "/users/{ann}",
    "/users/me",
)


def asked_by_everybody(shop: Recorder) -> None:
    lamp = product(shop, "table-lamp")
    places = {
        "order": order_of(shop, "ann", "pending"),
        "product": lamp["product_id"],
        "variant": lamp["variants"][0]["variant_id"],
        "ann": id_of("ann"),
    }
    for path in READS:
        for role in LOOKS:
            shop.ask(role, f"GET {path.format_map(places)}")
    for operation, (body, let_in) in WRITES.items():
        for role in LOOKS:
            if role not in let_in.split():
                shop.ask(role, operation.format_map(places), body)
