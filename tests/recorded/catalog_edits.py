"""Products and variants as editors make, change and archive them, with everything that is refused."""

from typing import Any

from tests.recorded.recorder import Recorder
from tests.recorded.shop import product

NEW: dict[str, Any] = {"name": "Stool", "price": "19.00"}


def new_products(shop: Recorder) -> None:
    ask = shop.ask
    whole = NEW | {
        "description": "",
        "category": "chairs",
        "sku": "STOOL",
        "stock_quantity": 3,
        "slug": "the-stool",
        "status": "active",
        "attributes": {"material": "oak", "legs": 3, "round": True, "height": 0.45},
    }
    ask("admin", "POST /products/", whole)
    ask("editor", "POST /products", NEW)
    ask("editor", "POST /products", NEW | {"stock_quantity": 1})
    ask("editor", "POST /products", NEW | {"variants": [{"sku": "STOOL-A", "stock_quantity": 1}]})
    refused: tuple[dict[str, Any], ...] = (
        {},
        NEW | {"sku": "STOOL"},
        NEW | {"slug": "the-stool"},
        NEW | {"slug": "facets"},
        NEW | {"slug": "123"},
        NEW | {"category": "unknown"},
        NEW | {"price": 19.0},
        NEW | {"price": "0.00"},
        NEW | {"price": "19.001"},
        NEW | {"price": "10000000.00"},
        NEW | {"price": None, "name": None},
        NEW | {"name": "x" * 256, "description": "y" * 20_001},
        NEW | {"stock_quantity": -1},
        NEW | {"stock_quantity": "3"},
        NEW | {"stock_quantity": 1_000_000_001},
        NEW | {"stock_quantity": True},
        NEW | {"stock_quantity": 2.5},
        NEW | {"status": "sold"},
        NEW | {"attributes": {"a": None}},
        NEW | {"attributes": ["a"]},
        NEW | {"attributes": {"x" * 65: "a"}},
        NEW | {"attributes": {str(number): 1 for number in range(51)}},
        NEW | {"attributes": {"a": {"b": "c"}}},
        NEW | {"sku": "a/b"},
        NEW | {"sku": "x" * 65},
        NEW | {"sku": " "},
        NEW | {"variants": []},
        NEW | {"variants": {}},
        NEW | {"variants": [{"sku": "A-1"}, {"sku": "A-1"}]},
        NEW | {"variants": [{"sku": "A-1", "colour": "red"}, {"price": "x", "options": {"size": 5}}]},
        NEW | {"variants": [{}] * 101},
        NEW | {"variants": [{"sku": "A-1"}], "sku": "A-2"},
        NEW | {"variants": [{"sku": "A-1"}], "stock_quantity": 2},
        NEW | {"product_id": 5, "version": 1, "in_stock": True, "created_at": "2000-01-01T00:00:00Z"},
    )
    for body in refused:
        ask("admin", "POST /products", body)
    sizes = [{"options": {"size": "S"}, "price": None, "stock_quantity": 2.0}, {"name": "Large", "price": "21.5"}]
    ask("admin", "POST /products", NEW | {"variants": sizes}, Idempotency_Key="stool")
    ask("admin", "POST /products", NEW | {"variants": sizes}, Idempotency_Key="stool")
    ask("admin", "POST /products", NEW, Idempotency_Key="stool")
    ask("admin", "POST /products", NEW, Idempotency_Key="")
    ask("admin", "POST /products", NEW, Idempotency_Key="ä")


def changed_products(shop: Recorder) -> None:
    ask = shop.ask
    stool, mug = product(shop, "the-stool")["product_id"], product(shop, "mug")["product_id"]
    path = f"/products/{stool}"
    ask("editor", f"PATCH {path}", {"name": "Milking Stool"}, If_Match='"1"')
    ask("editor", f"PATCH {path}", {"name": "Bar Stool"}, If_Match='"1"')
    ask("editor", f"PATCH {path}", {"name": "Bar Stool"}, If_Match='"2.0123456789abcdef0123"')
    ask("editor", f"PATCH {path}", {"name": "Bar Stool"}, If_Match="2")
    ask("editor", f"PATCH {path}", {"name": "Bar Stool"}, If_Match="*")
    ask("editor", f"PUT {path}/", {"price": "25.00", "description": "High.", "category": None})
    ask("editor", f"PUT {path}", {})
    ask("editor", "PUT /products/the-stool", {"attributes": {}, "category": "chairs"})
    ask("editor", "PATCH /products/the-stool/", {"slug": "bar-stool"})
    ask("editor", "PATCH /products/the-stool", {"slug": "bar-stool"})
    ask("editor", f"PATCH {path}", {"stock_quantity": 9})
    ask("admin", f"PATCH {path}", {"stock_quantity": 9})
    ask("admin", f"PATCH {path}", {"stock_quantity": 9, "sku": "STOOL-1"})
    ask("admin", f"PATCH {path}", {"stock_quantity": 4})
    for body in (
        {"sku": "OAK-CHAIR"},
        {"slug": "oak-chair"},
        {"slug": ""},
        {"category": "unknown"},
        {"name": "", "price": ""},
        {"price": 5, "status": 1},
        {"attributes": 5},
        {"variants": [{"sku": "X"}]},
        {"images": [], "currency": "EUR"},
    ):
        ask("admin", f"PATCH {path}", body)
    ask("admin", f"PATCH /products/{mug}", {"stock_quantity": 5})
    ask("admin", f"PATCH /products/{mug}", {"sku": "MUG"})
    ask("editor", "PATCH /products/999999", {"name": "X"})
    ask("editor", "PUT /products/unknown", {"name": "X"})
    ask("editor", "DELETE /products/999999")
    ask("editor", "DELETE /products/unknown")
    ask("editor", f"DELETE {path}", b"x")
    ask("editor", f"DELETE {path}", If_Match='"1"')
    ask("editor", "DELETE /products/bar-stool/")
    ask("editor", f"DELETE {path}")
    ask("visitor", f"GET {path}")
    ask("editor", f"PATCH {path}", {"status": "active"})


def variants(shop: Recorder) -> None:
    ask = shop.ask
    number, other = product(shop, "mug")["product_id"], product(shop, "oak-chair")["product_id"]
    path = f"/products/{number}/variants"
    body = {"sku": "MUG-XL", "options": {"size": "XL"}, "price": "9.50"}
    added = ask("editor", f"POST {path}", body)
    key = {"Idempotency_Key": "one more"}
    ask("admin", f"POST {path}/", {"name": "Giant", "stock_quantity": 4}, **key)
    ask("admin", f"POST {path}", {"name": "Giant", "stock_quantity": 4}, **key)
    ask("admin", f"POST {path}", {"name": "Giant", "stock_quantity": 5}, **key)
    for refused in (
        {"sku": "MUG-XL"},
        {"sku": ".."},
        {"price": 5},
        {"price": "-1.00"},
        {"options": {"size": ""}},
        {"options": ["size"]},
        {"options": {str(place): "x" for place in range(21)}},
        {"stock_quantity": 1.5},
        {"name": "x" * 256},
        {"barcode": "1", "position": 3},
    ):
        ask("admin", f"POST {path}", refused)
    ask("editor", f"POST {path}", {"stock_quantity": 5})
    ask("editor", "POST /products/999999/variants", {})
    one = f"{path}/{added['variant_id']}"
    ask("editor", f"PATCH {one}", {"name": "Extra large", "price": None}, If_Match='"1"')
    ask("editor", f"PATCH {one}", {"name": "Huge"}, If_Match='"1"')
    ask("editor", f"PATCH {one}/", {})
    ask("editor", f"PATCH {one}", {"sku": "MUG-S"})
    ask("editor", f"PATCH {one}", {"sku": "MUG-XXL", "options": {"size": "XXL", "color": "blue"}})
    ask("editor", f"PATCH {one}", {"stock_quantity": 5})
    ask("admin", f"PATCH {one}", {"stock_quantity": 5})
    ask("admin", f"PATCH {one}", {"variant_id": 1, "in_stock": True})
    ask("admin", f"PATCH /products/{other}/variants/{added['variant_id']}", {"name": "X"})
    ask("admin", f"PATCH {path}/999999", {"name": "X"})
    ask("editor", f"PUT {one}", {"name": "X"})
    ask("editor", f"DELETE {one}", {})
    ask("editor", f"DELETE {one}/")
    ask("editor", f"DELETE {one}")
    ask("visitor", f"GET {one}")
    ask("editor", f"GET {one}")
    ask("editor", f"GET {path}?archived=true")
    ask("visitor", f"GET {path}?archived=true")
    ask("editor", f"PATCH {one}", {"sku": "MUG-OLD"})
    ask("visitor", f"POST {one}/restore")
    ask("editor", f"POST {one}/restore/")
    ask("editor", f"POST {one}/restore")
    ask("editor", f"POST {path}/999999/restore")
    ask("editor", f"DELETE {one}")
    only = product(shop, "oak-chair")["variants"][0]["variant_id"]
    ask("editor", f"DELETE /products/{other}/variants/{only}")
    many = shop.send("admin", "POST /products", NEW | {"variants": [{}] * 100}).json()["product_id"]
    ask("editor", f"POST /products/{many}/variants", {})
