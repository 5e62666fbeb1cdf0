"""Orders that change before they leave: addresses, lines, other articles, and what has changed; and each refusal."""

from tests.recorded.recorder import Recorder
from tests.recorded.shop import basket, line

HAMBURG = {
    "shipping_address_line1": "2 Harbour",
    "shipping_city": "Hamburg",
    "shipping_postal_code": "20095",
    "shipping_country": "Germany",
}


def changes(shop: Recorder) -> None:
    ask = shop.ask
    order = ask("ben", "POST /orders", basket(line("DESK", 2), line("SALT-AND-PEPPER", 3)))
    path = f"/orders/{order['order_id']}"
    desk, salt = (f"{path}/lines/{row['order_item_id']}" for row in order["order_items"])
    ask("ben", f"PATCH {path}", HAMBURG | {"note": "Please ring twice."}, If_Match='"1"')
    ask("ben", f"PATCH {path}", {"note": "Please knock."}, If_Match='"1"')
    ask("ben", f"PATCH {path}", {"shipping_city": "Berlin"})
    ask("ann", f"PATCH {path}", HAMBURG)
    ask("stock", f"PATCH {path}", HAMBURG)
    ask("ben", f"PATCH {salt}", {"quantity": 2, "reason": "too much salt"})
    ask("ben", f"PATCH {salt}", {"quantity": 5})
    ask("ben", f"PATCH {salt}", {"quantity": 1, "message": "no salt"})
    ask("ben", f"POST {salt}/replace", {"sku": "DESK", "quantity": 1})
    ask("desk", f"POST {salt}/replace", {"sku": "DESK", "quantity": 1})
    ask("desk", f"POST {salt}/replace", {"sku": "NONE", "quantity": 1})
    ask("desk", f"POST {desk}/replace", {"sku": "MUG-S", "quantity": 1}, Idempotency_Key="replace")
    ask("desk", f"POST {desk}/replace", {"sku": "MUG-S", "quantity": 1}, Idempotency_Key="replace")
    ask("desk", f"POST {desk}/replace", {"sku": "MUG-S", "quantity": 1})
    ask("ben", f"DELETE {desk}")
    ask("ben", f"DELETE {desk}")
    ask("ben", f"GET {path}/revisions")
    ask("desk", f"GET {path}/revisions")
    ask("ann", f"GET {path}/revisions")
    ask("desk", f"PUT {path}/status", {"status": "confirmed"})
    ask("ben", f"PATCH {path}", HAMBURG | {"shipping_city": "Altona"})
    ask("desk", f"DELETE {salt}")
    ask("desk", f"PUT {path}/status", {"status": "shipped"})
    ask("desk", f"DELETE {salt}")
