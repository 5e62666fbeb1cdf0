"""How an order is paid, by hand: begun, cancelled, taken, given back; and each refusal."""

from tests.recorded.recorder import Recorder
from tests.recorded.shop import basket, line


def payments(shop: Recorder) -> None:
    ask = shop.ask
    ask("visitor", "GET /payments/providers")
    ask("visitor", "GET /payments/providers?currency=USD")
    order = ask("ben", "POST /orders", basket(line("SALT-AND-PEPPER", 3), line("MUG-S", 2)))
    path = f"/orders/{order['order_id']}"
    [salt, mug] = [row["order_item_id"] for row in order["order_items"]]
    ask("ben", f"GET {path}/payments")
    ask("stock", f"GET {path}/payments")
    ask("ben", f"POST {path}/payments", {"provider": "gold"})
    ask("ben", f"POST {path}/payments", {"provider": "manual", "return_url": "javascript:alert(1)"})
    ask("stock", f"POST {path}/payments", {"provider": "manual"})
    first = ask("ben", f"POST {path}/payments", {"provider": "manual"}, Idempotency_Key="pay")
    ask("ben", f"POST {path}/payments", {"provider": "manual"}, Idempotency_Key="pay")
    ask("ben", f"POST {path}/payments", {"provider": "manual"})
    one = f"{path}/payments/{first['payment_id']}"
    ask("ben", f"PATCH {path}/lines/{mug}", {"quantity": 1})
    ask("ben", f"POST {one}/refresh")
    ask("stock", f"POST {one}/refresh")
    ask("ben", f"POST {one}/capture", {})
    ask("ben", f"POST {one}/refunds", {})
    ask("desk", f"POST {one}/refunds", {"amount": "1.00"})
    ask("stock", f"POST {one}/cancel")
    ask("ben", f"POST {one}/cancel")
    ask("ben", f"POST {one}/cancel")
    ask("desk", f"POST {one}/capture", {})
    second = ask("ben", f"POST {path}/payments", {"provider": "manual"})
    two = f"{path}/payments/{second['payment_id']}"
    ask("desk", f"POST {two}/capture", {"amount": "99.00"})
    ask("desk", f"POST {two}/capture", {}, If_Match='"0"')
    ask("desk", f"POST {two}/capture", {}, Idempotency_Key="capture")
    ask("desk", f"POST {two}/capture", {}, Idempotency_Key="capture")
    ask("ben", f"POST {two}/cancel")
    ask("ben", f"POST {path}/payments", {"provider": "manual"})
    ask("ben", f"GET {path}")
    ask("desk", f"POST {two}/refunds", {"amount": "1.00", "lines": [{"order_item_id": mug, "quantity": 1}]})
    ask("desk", f"POST {two}/refunds", {"amount": "1.00", "restock": True})
    ask("desk", f"POST {two}/refunds", {"lines": [{"order_item_id": mug + 1000, "quantity": 1}]})
    ask("desk", f"POST {two}/refunds", {"lines": [{"order_item_id": mug, "quantity": 3}]})
    ask("desk", f"POST {two}/refunds", {"amount": "14.00"})
    lines = [{"order_item_id": mug, "quantity": 1}]
    ask("desk", f"POST {two}/refunds", {"lines": lines, "restock": True, "reason": "damaged"}, Idempotency_Key="refund")
    ask("desk", f"POST {two}/refunds", {"lines": lines, "restock": True, "reason": "damaged"}, Idempotency_Key="refund")
    ask("desk", f"POST {two}/refunds", {"amount": "0.01", "reason": "It came late."})
    ask("desk", f"GET {path}/payments")
    ask("ben", f"GET {path}/payments")
    ask("ben", f"GET {path}/history")
    ask("ben", f"GET {path}/payments/{salt}/refresh")
