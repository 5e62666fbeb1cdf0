"""The first groups: a small shop is made over HTTP, as its people would make it, and each answer is recorded.

The names of what was made are those of this file; ids come from the answers.
"""

import os
from io import StringIO
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import Group
from django.core.management import call_command

from accounts.models import User
from inventory.models import StockLevel
from tests.recorded.recorder import Answer, Recorder

PASSWORD = "correct horse battery"
STAFF = {
    "stock": "stock keeper",
    "desk": "order desk",
    "editor": "catalog editor",
    "clerk": "administrator",
}
CUSTOMERS = {"ann": "Ann", "ben": "Ben", "ended": "Eva", "disabled": "Dan"}
ADDRESS = {
    "shipping_address_line1": "1 Main Street",
    "shipping_city": "Springfield",
    "shipping_state": "IL",
    "shipping_postal_code": "62701",
    "shipping_country": "USA",
}
# Name, price, stock, category and attributes of what is sold; the SKU is made of the name.
GOODS: list[tuple[str, str, int, str, dict[str, Any]]] = [
    ("Oak Chair", "89.90", 12, "chairs", {"material": "oak", "seats": 1}),
    ("Pine Chair", "49.90", 4, "chairs", {"material": "pine", "seats": 1}),
    ("Oak Bench", "129.00", 0, "chairs", {"material": "oak", "seats": 3}),
    ("Garden Chair", "39.00", 60, "chairs", {"material": "steel", "outdoor": True}),
    ("Folding Chair", "19.90", 8, "chairs", {"material": "steel", "outdoor": False}),
    ("Oak Table", "349.00", 7, "tables", {"material": "oak", "width": 1.6}),
    ("Pine Table", "199.00", 3, "tables", {"material": "pine", "width": 1.2}),
    ("Glass Table", "279.00", 0, "tables", {"material": "glass", "width": 0.9}),
    ("Desk", "159.00", 25, "tables", {"material": "pine", "drawers": 2}),
    ("Coffee Table", "99.00", 11, "tables", {"material": "oak", "width": 0.8}),
    ("Table Lamp", "24.50", 40, "lamps", {"color": "white", "watts": 7}),
    ("Floor Lamp", "74.50", 6, "lamps", {"color": "black", "watts": 12}),
    ("Wall Lamp", "34.50", 1, "lamps", {"color": "white", "watts": 5}),
    ("Reading Lamp", "29.50", 100, "lamps", {"color": "black", "watts": 5}),
    ("Lantern", "14.50", 5, "lamps", {"color": "green", "outdoor": True}),
    ("Teapot", "32.00", 18, "kitchen", {"color": "white", "litres": 1.2}),
    ("Kettle", "45.00", 2, "kitchen", {"color": "black", "litres": 1.7}),
    ("Bread Knife", "27.00", 0, "kitchen", {"material": "steel"}),
    ("Cutting Board", "21.00", 33, "kitchen", {"material": "oak"}),
    ("Salad Bowl", "26.00", 9, "kitchen", {"material": "glass"}),
    ("Salt & Pepper", "0.01", 1000, "kitchen", {}),
    ("Käsebrett für zwei", "9999999.99", 1, "kitchen", {"color": "größer"}),
]


def people(shop: Recorder) -> None:
    """An administrator by the command, everybody else by registering; each of them signs in."""
    with patch.dict(os.environ, ADMIN_PASSWORD=PASSWORD):
        call_command("create_admin", email="admin@example.com", stdout=StringIO())
    for role, name in (CUSTOMERS | STAFF).items():
        body = {"first_name": name.title(), "last_name": "Smith", "email": f"{role}@example.com", "password": PASSWORD}
        if role in ("ann", "ben"):
            body |= {"phone": "555 0100", "address_line1": "1 Main Street", "city": "Springfield", "country": "USA"}
        shop.ask("visitor", "POST /users", body)
    for role, group in STAFF.items():
        user = User.objects.get(email=f"{role}@example.com")
        User.objects.filter(pk=user.pk).update(is_staff=True)
        user.groups.set(Group.objects.filter(name=group))
    for role in ("admin", *CUSTOMERS, *STAFF):
        answer = shop.ask("visitor", "POST /users/login", {"email": f"{role}@example.com", "password": PASSWORD})
        shop.tokens[role] = answer["access_token"]
    shop.tokens["malformed"] = "no.token.ofours"
    shop.ask("ended", "POST /users/logout")
    User.objects.filter(email="disabled@example.com").update(is_active=False)


def id_of(role: str) -> int:
    """The id of somebody whom `people` has made."""
    return User.objects.get(email=f"{role}@example.com").pk


def sku_of(name: str) -> str:
    return name.upper().replace(" ", "-").replace("&", "AND").replace("Ä", "AE").replace("Ü", "UE")


def catalog(shop: Recorder) -> None:
    """Categories in a tree, warehouses, goods, one product with three variants, one that is no more and a draft."""
    for name, parent in (("Furniture", ""), ("Chairs", "furniture"), ("Tables", "furniture"), ("Lamps", "")):
        shop.ask("editor", "POST /categories", {"name": name} | ({"parent": parent} if parent else {}))
    shop.ask("clerk", "POST /categories/", {"name": "Kitchen & Dining", "slug": "kitchen", "parent": None})
    shop.ask("admin", "POST /categories", {"name": "Empty"})
    shop.ask("stock", "POST /inventory/warehouses", {"code": "north", "name": "North", "priority": 200})
    closed = {"code": "closed", "name": "Closed", "priority": 300, "is_active": False}
    shop.ask("admin", "POST /inventory/warehouses/", closed)
    for name, price, stock, category, attributes in GOODS:
        body = {"name": name, "price": price, "category": category, "sku": sku_of(name), "attributes": attributes}
        text = f"{name}: made to be used each day. " + "It is what it says, and no more. " * (9 if stock > 50 else 1)
        shop.ask("admin", "POST /products", body | {"stock_quantity": stock, "description": text})
    sizes = [
        {"sku": f"MUG-{size}", "options": {"size": size}, "price": price, "stock_quantity": stock}
        for size, price, stock in (("S", "6.50", 20), ("M", "7.50", 3), ("L", None, 0))
    ]
    shop.ask("admin", "POST /products", {"name": "Mug", "price": "8.50", "category": "kitchen", "variants": sizes})
    draft = {"name": "Sofa", "price": "899.00", "status": "draft", "category": "furniture", "sku": "SOFA"}
    shop.ask("editor", "POST /products", draft)
    old = shop.ask("editor", "POST /products", {"name": "Old Chair", "price": "9.00", "sku": "OLD-CHAIR"})
    shop.ask("editor", f"DELETE /products/{old['product_id']}")
    lines = [{"sku": "OAK-CHAIR", "warehouse": "north", "quantity": 5, "unit_cost": "40.00"}]
    shop.ask("stock", "POST /inventory/receipts", {"reference": "DN-1", "lines": lines})
    # Units that may be promised before they are there; nothing over HTTP says so.
    StockLevel.objects.filter(item__sku="GLASS-TABLE").delete()
    back = [{"sku": "GLASS-TABLE", "quantity": 1}]
    shop.ask("stock", "POST /inventory/receipts", {"reference": "DN-2", "lines": back})
    StockLevel.objects.filter(item__sku="GLASS-TABLE").update(backorder_limit=5)
    shop.ask("stock", "PATCH /inventory/items/KETTLE", {"reorder_point": 5, "unit_cost": "20.00", "barcode": "4006"})


def product(shop: Recorder, slug: str) -> Answer:
    """A product as it is now, which is asked for without being recorded."""
    response = shop.send("admin", f"GET /products/{slug}")
    return Answer(response.json())


def basket(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The body of POST /orders."""
    return ADDRESS | {"order_items": list(lines)} | fields


def line(sku: str, quantity: Any = 1) -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity}


def orders(shop: Recorder) -> None:
    """Orders of two customers, one in each status, and one that was deleted."""
    placed = [
        shop.ask(role, "POST /orders", basket(*lines), Idempotency_Key=f"order {number}")
        for number, (role, lines) in enumerate(
            [
                ("ann", [line("OAK-CHAIR", 2), line("OAK-TABLE")]),
                ("ann", [line("TABLE-LAMP", 3)]),
                ("ben", [line("MUG-S", 2), line("MUG-M"), line("SALT-AND-PEPPER", 100)]),
                ("ann", [line("TEAPOT"), line("TEAPOT", 2)]),
                ("ben", [line("GARDEN-CHAIR", 4)]),
                ("ann", [line("LANTERN", 2)]),
                ("ben", [line("READING-LAMP")]),
                ("ann", [line("CUTTING-BOARD", 5)]),
            ]
        )
    ]
    ids = [order["order_id"] for order in placed]
    for place, statuses in ((0, "confirmed"), (1, "confirmed shipped"), (2, "confirmed shipped delivered")):
        for status in statuses.split():
            shop.ask("desk", f"PUT /orders/{ids[place]}/status", {"status": status})
    shop.ask("ann", f"POST /orders/{ids[3]}/cancel", {"reason": "changed my mind"})
    shop.ask("ben", f"DELETE /orders/{ids[6]}")


def order_of(shop: Recorder, role: str, status: str) -> Any:
    """The id of somebody's newest order with a status, which is asked for without being recorded."""
    orders = shop.send("desk", f"GET /orders?user_id={id_of(role)}&status={status}").json()["results"]
    return orders[0]["order_id"] if orders else "missing"
